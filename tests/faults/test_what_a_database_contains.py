"""What other programs may have done to the database: never a 500, and always a sentence that an operator can act on."""

from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import IntegrityError

from adapters.sqlalchemy.tables import metadata
from e2e.answers import create, problem
from e2e.processes import ServerProcess, eventually, run_cli
from entrypoints.cli.schema_project import schema_project
from foundation.kernel.errors import StorageUnavailable
from foundation.sqlalchemy.errors import NO_CONSTRAINTS
from plain_sql import connected
from postgres_fixtures import POSTGRES_NAMES
from running_servers import Storages
from schema_tools.migrations import runner
from schema_tools.testing.postgres_servers import PostgresServers

USERS = "/api/v1/users"


@pytest.mark.parametrize("postgres", POSTGRES_NAMES[-1:])
def test_ids_that_are_taken_are_the_operators_business(storages: Storages, postgres: str, tmp_path: Path) -> None:
    rows = (
        "INSERT INTO users (id, email, name) OVERRIDING SYSTEM VALUE "
        "SELECT n, 'user' || n || '@example.com', 'User' FROM generate_series(1, 60) n"
    )
    with storages.migrated(postgres) as url, ServerProcess(tmp_path, DATABASE_URL=url) as server:
        with connected(url) as connection:
            connection.exec_driver_sql(rows)
        with server.client() as http:
            answer = http.post(USERS, json={"email": "ada@example.com", "name": "Ada"}, timeout=30)
            problem(answer, 503, "storage-unavailable")
            eventually("the log says why", lambda: "id-taken" in server.log)

            audited = run_cli("db", "audit", cwd=tmp_path, DATABASE_URL=url)
            [fix] = [line.strip() for line in audited.stdout.splitlines() if "setval" in line]
            assert audited.returncode == 1
            with connected(url) as connection:
                connection.exec_driver_sql(fix)
            assert create(http)["id"] == 61
            assert run_cli("db", "audit", cwd=tmp_path, DATABASE_URL=url).returncode == 0


SETTINGS = {
    "datestyle": "'SQL, DMY'",
    "intervalstyle": "sql_standard",
    "bytea_output": "escape",
    "client_encoding": "latin1",
    "timezone": "'Asia/Kolkata'",
    "extra_float_digits": "-15",
}


@pytest.mark.parametrize("postgres", POSTGRES_NAMES[-1:])
def test_what_a_database_sets_for_its_sessions_changes_nothing(
    storages: Storages, postgres: str, tmp_path: Path
) -> None:
    with storages.migrated(postgres) as url:
        name = url.rpartition("/")[2].partition("?")[0]
        with connected(url) as connection:
            for setting, value in SETTINGS.items():
                connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET {setting} = {value}')
        with ServerProcess(tmp_path, DATABASE_URL=url) as server, server.client() as http:
            user = {"email": "ada@example.com", "name": "Ada \u2615"}
            key = {"Idempotency-Key": "settings"}
            first, again = (http.post(USERS, json=user, headers=key) for _ in range(2))
            assert (first.status_code, again.status_code) == (201, 201)
            assert first.json() == again.json() == http.get(f"{USERS}/1").json() == http.get(USERS).json()["items"][0]
            assert first.json()["name"] == user["name"]
            assert user["name"] in http.get(f"{USERS}/export").text
        for command in ("history", "drift", "audit"):
            done = run_cli("db", command, cwd=tmp_path, DATABASE_URL=url)
            assert (done.returncode, "Traceback" in done.stderr) == (0, False), done


@pytest.mark.parametrize("postgres", POSTGRES_NAMES[-1:])
def test_privileges_that_are_missing_are_named(storages: Storages, postgres: str, tmp_path: Path) -> None:
    with storages.migrated(postgres) as url:
        visitor = f"visitor_{uuid4().hex}"
        tables = ", ".join(sorted(metadata.tables))
        password = uuid4().hex
        address = make_url(url).set(username=visitor, password=password)
        with connected(url) as connection:
            connection.exec_driver_sql(f"CREATE ROLE {visitor} LOGIN PASSWORD '{password}'")
            connection.exec_driver_sql(f"GRANT SELECT, INSERT, UPDATE ON {tables} TO {visitor}")
        try:
            own = address.render_as_string(hide_password=False)
            with ServerProcess(tmp_path, ready="/livez", DATABASE_URL=own) as server, server.client() as http:
                said = problem(http.get("/readyz"), 503, "storage-unavailable")["detail"]
                assert f"DELETE on {tables}" in said
                id_ = create(http)["id"]
                problem(http.delete(f"{USERS}/{id_}"), 503, "storage-unavailable")
                with connected(url) as connection:
                    connection.exec_driver_sql(f"GRANT DELETE ON {tables} TO {visitor}")
                eventually("the next one is named", lambda: "alembic_version" in http.get("/readyz").text)
                with connected(url) as connection:
                    connection.exec_driver_sql(f"GRANT SELECT ON alembic_version TO {visitor}")
                eventually("the service is ready", lambda: http.get("/readyz").status_code == 200)
                with connected(url) as connection:
                    connection.exec_driver_sql("REVOKE USAGE ON SCHEMA public FROM PUBLIC")
                eventually("the schema is named", lambda: "may use no schema" in http.get("/readyz").text)
        finally:
            with connected(url) as connection:
                connection.exec_driver_sql(f"DROP OWNED BY {visitor}")
                connection.exec_driver_sql(f"DROP ROLE {visitor}")


@pytest.mark.parametrize("postgres", POSTGRES_NAMES[-1:])
@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        ('REVOKE CONNECT ON DATABASE "{database}" FROM PUBLIC', "lacks the privilege CONNECT"),
        ("ALTER ROLE {role} NOLOGIN", "may not log in"),
        ("ALTER ROLE {role} CONNECTION LIMIT 0", "see its CONNECTION LIMIT"),
        ('ALTER DATABASE "{database}" CONNECTION LIMIT 0', "see its CONNECTION LIMIT"),
        ('ALTER DATABASE "{database}" ALLOW_CONNECTIONS false', "see ALLOW_CONNECTIONS"),
    ],
    ids=["CONNECT", "LOGIN", "limit of the role", "limit of the database", "ALLOW_CONNECTIONS"],
)
def test_why_a_server_refuses_a_connection_is_told(
    postgres_servers: PostgresServers, postgres: str, refusal: str, told: str
) -> None:
    server = postgres_servers.server(postgres)
    role, database, password = f"visitor_{uuid4().hex}", f"closed_{uuid4().hex}", uuid4().hex
    own = server.admin.set(drivername="postgresql", username=role, password=password, database=database)
    admin = server.admin.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'")
        connection.execute(f'CREATE DATABASE "{database}"')
        connection.execute(refusal.format(role=role, database=database))
        try:
            with pytest.raises(StorageUnavailable, match=told), NO_CONSTRAINTS.translated:
                psycopg.connect(own.render_as_string(hide_password=False))
        finally:
            connection.execute(f'DROP DATABASE "{database}"')
            connection.execute(f"DROP ROLE {role}")


@pytest.mark.parametrize("postgres", POSTGRES_NAMES[-1:])
def test_a_sequence_that_is_used_up_is_the_operators_business(
    storages: Storages, postgres: str, tmp_path: Path
) -> None:
    with storages.migrated(postgres) as url, ServerProcess(tmp_path, DATABASE_URL=url) as server:
        with connected(url) as connection:
            connection.exec_driver_sql("ALTER SEQUENCE users_id_seq RESTART 2147483647")
        with server.client() as http:
            create(http)
            answer = http.post(USERS, json={"email": "next@example.com", "name": "Next"})
            problem(answer, 503, "storage-unavailable")
            eventually("the log says why", lambda: "used up" in server.log)


@pytest.mark.parametrize("postgres", POSTGRES_NAMES[-1:])
def test_a_database_that_takes_no_writes_is_not_ready(storages: Storages, postgres: str, tmp_path: Path) -> None:
    with storages.migrated(postgres) as url:
        name = url.rpartition("/")[2].partition("?")[0]
        with connected(url) as connection:
            connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        with ServerProcess(tmp_path, ready="/livez", DATABASE_URL=url) as server, server.client() as http:
            assert "takes no writes" in problem(http.get("/readyz"), 503, "storage-unavailable")["detail"]
            assert http.get(USERS).status_code == 200


@pytest.mark.parametrize("postgres", POSTGRES_NAMES)
def test_words_are_not_folded_as_a_locale_folds_them(
    postgres_servers: PostgresServers, postgres: str, tmp_path: Path
) -> None:
    server = postgres_servers.server(postgres)
    name = f"turkish_{uuid4().hex}"
    admin = server.admin.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(admin, autocommit=True) as connection:
        try:
            connection.execute(
                f"CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'tr' LOCALE 'C.UTF-8'"
            )
        except psycopg.errors.FeatureNotSupported:
            pytest.skip("this build of PostgreSQL has no ICU")
    try:
        url = server.url(name).render_as_string(hide_password=False)
        assert run_cli("db", "upgrade", cwd=tmp_path, DATABASE_URL=url).returncode == 0
        drifted = run_cli("db", "drift", cwd=tmp_path, DATABASE_URL=url)
        assert (drifted.returncode, "Traceback" in drifted.stderr) == (0, False), drifted
    finally:
        server.drop_database(name)


UNREADABLE = ("infinity", "-infinity", "10000-01-01 00:00:00+00", "0001-01-01 00:00:00+00 BC")


@pytest.mark.parametrize("postgres", POSTGRES_NAMES)
def test_times_that_cannot_be_read_are_refused(storages: Storages, postgres: str, tmp_path: Path) -> None:
    row = "INSERT INTO users (email, name, created_at) VALUES ('old@example.com', 'Old', %s)"
    with storages.unmigrated(postgres) as url:
        assert run_cli("db", "upgrade", "--to", "560d0ec2e30a", cwd=tmp_path, DATABASE_URL=url).returncode == 0
        with connected(url) as connection:
            connection.exec_driver_sql(row, (UNREADABLE[0],))
        with ServerProcess(tmp_path, ready="/livez", DATABASE_URL=url) as server, server.client() as http:
            for path in (f"{USERS}/1", USERS, f"{USERS}/export"):
                problem(http.get(path), 503, "storage-unavailable")
            eventually("the log says why", lambda: "unreadable-value" in server.log)
        listed = run_cli("users", "list", cwd=tmp_path, DATABASE_URL=url)
        assert (listed.returncode, listed.stderr.count("\n")) == (2, 1)
        assert "cannot be read" in listed.stderr

        upgraded = run_cli("db", "upgrade", cwd=tmp_path, DATABASE_URL=url)
        assert upgraded.returncode == 2
        assert 'constraint "ck_users_timestamps" of relation "users" is violated' in upgraded.stderr
        assert "ck_users_timestamps" in run_cli("db", "audit", cwd=tmp_path, DATABASE_URL=url).stdout
        with connected(url) as connection:
            connection.exec_driver_sql("UPDATE users SET created_at = now()")
        assert run_cli("db", "upgrade", cwd=tmp_path, DATABASE_URL=url).returncode == 0
        for time in UNREADABLE:
            with pytest.raises(IntegrityError, match="ck_users_timestamps"), connected(url) as connection:
                connection.exec_driver_sql(row.replace("old", "new"), (time,))


def test_a_text_that_is_not_utf_8_is_not_a_defect(storages: Storages, tmp_path: Path) -> None:
    with storages.migrated("sqlite") as url:
        with connected(url) as connection:
            connection.exec_driver_sql("INSERT INTO users (email, name) VALUES ('a@example.com', CAST(x'ff' AS TEXT))")
        with ServerProcess(tmp_path, DATABASE_URL=url) as server, server.client() as http:
            problem(http.get(f"{USERS}/1"), 503, "storage-unavailable")
            eventually("the log says why", lambda: "unreadable-value" in server.log)


@pytest.mark.parametrize("postgres", POSTGRES_NAMES[-1:])
def test_an_encoding_that_cannot_hold_every_name_is_refused(
    postgres_servers: PostgresServers, postgres: str, tmp_path: Path
) -> None:
    server = postgres_servers.server(postgres)
    name = f"latin_{uuid4().hex}"
    admin = server.admin.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    try:
        url = server.url(name).render_as_string(hide_password=False)
        upgraded = run_cli("db", "upgrade", cwd=tmp_path, DATABASE_URL=url)
        audited = run_cli("db", "audit", cwd=tmp_path, DATABASE_URL=url)
        assert (upgraded.returncode, "the database has the encoding LATIN1" in upgraded.stderr) == (2, True)
        assert (audited.returncode, "database-encoding" in audited.stdout) == (1, True)
        runner.upgrade(replace(schema_project(), encoding=None), url)  # as an earlier release did
        with ServerProcess(tmp_path, ready="/livez", DATABASE_URL=url) as service, service.client() as http:
            assert "encoding LATIN1" in problem(http.get("/readyz"), 503, "storage-unavailable")["detail"]
    finally:
        server.drop_database(name)


def test_an_upgrade_stops_at_a_row_on_sqlite_that_could_not_be_read(storages: Storages, tmp_path: Path) -> None:
    with storages.unmigrated("sqlite") as url:
        assert run_cli("db", "upgrade", "--to", "560d0ec2e30a", cwd=tmp_path, DATABASE_URL=url).returncode == 0
        with connected(url) as connection:
            connection.exec_driver_sql("INSERT INTO users (email, name) VALUES (x'41', 'Old')")
        upgraded = run_cli("db", "upgrade", cwd=tmp_path, DATABASE_URL=url)
        assert (upgraded.returncode, "users has no BLOBs" in upgraded.stderr) == (2, True), upgraded
        with connected(url) as connection:
            connection.exec_driver_sql("UPDATE users SET email = 'a@example.com'")
        assert run_cli("db", "upgrade", cwd=tmp_path, DATABASE_URL=url).returncode == 0
