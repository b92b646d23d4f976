"""The service behind a real pgbouncer in transaction mode: all works, its limits hold, and its settings do not leak."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import psycopg
import pytest

from e2e.answers import create, problem
from e2e.processes import ServerProcess, eventually
from faults.pgbouncer import PgBouncer, program
from plain_sql import connected
from postgres_fixtures import POSTGRES_NAMES
from running_servers import Storages

USERS = "/api/v1/users"
# Seconds that an answer may take beyond its limit on a slow machine.
LATE = 3.0
LIMITS = {"REQUEST_TIMEOUT": "3", "DATABASE_LOCK_TIMEOUT": "0.5", "DATABASE_STATEMENT_TIMEOUT": "1"}
# What a database may set for its sessions, which the service does not depend on.
ODD_SETTINGS = {"timezone": "'Asia/Kolkata'", "datestyle": "'SQL, DMY'", "bytea_output": "escape"}
LEAKABLE = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", *ODD_SETTINGS)


@dataclass(frozen=True)
class Pooled:
    """A service, the pooler before its database, and the URL of the database itself."""

    server: ServerProcess
    pooler: PgBouncer
    database: str

    @property
    def through(self) -> str:
        """What another client of the same pooler connects to."""
        return plain(self.pooler.url)


def plain(url: str) -> str:
    """The URL as psycopg takes it."""
    return url.replace("+psycopg", "")


@pytest.fixture(scope="module", params=["prepared", "unprepared"])
def pooled(
    request: pytest.FixtureRequest, storages: Storages, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pooled]:
    """With prepared statements through one that keeps them, and without through one that does not."""
    keeps = request.param == "prepared"
    chosen = program(keeps_statements=keeps)
    with storages.migrated(POSTGRES_NAMES[-1]) as url:
        name = url.rpartition("/")[2].partition("?")[0]
        with connected(url) as connection:
            for setting, value in ODD_SETTINGS.items():
                connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET {setting} = {value}')
        settings = {"DATABASE_POOLER": "transaction", "DATABASE_PREPARED_STATEMENTS": str(keeps).lower()} | LIMITS
        with (
            PgBouncer(chosen, url) as pooler,
            ServerProcess(tmp_path_factory.mktemp("pooled"), DATABASE_URL=pooler.url, **settings) as server,
        ):
            yield Pooled(server, pooler, url)


@pytest.fixture
def http(pooled: Pooled) -> Iterator[httpx2.Client]:
    """A client of the service, which is ready and has no users."""
    with connected(pooled.database) as connection:
        connection.exec_driver_sql("TRUNCATE users, idempotency_keys RESTART IDENTITY")
    with pooled.server.client() as client:
        eventually("the service is ready", lambda: client.get("/readyz").status_code == 200)
        yield client


def timed(call: Any) -> tuple[httpx2.Response, float]:
    """The answer, and how many seconds it took."""
    began = time.monotonic()
    return call(), time.monotonic() - began


@contextmanager
def locked(url: str, table: str = "users") -> Iterator[None]:
    """Inside, nothing else can use the table."""
    with psycopg.connect(plain(url)) as holder:
        holder.execute(f"LOCK TABLE {table}")
        yield


def test_all_of_it_works(http: httpx2.Client) -> None:
    ada = {"email": "ada@example.com", "name": "Ada \u2615"}
    first, again = (http.post(USERS, json=ada, headers={"Idempotency-Key": "pooled"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json() == http.get(f"{USERS}/1").json()
    assert first.json()["created_at"].endswith("Z")
    problem(http.post(USERS, json=ada), 409, "email-already-taken")

    patched = http.patch(f"{USERS}/1", json={"name": "Countess"}, headers={"If-Match": first.headers["ETag"]})
    assert (patched.status_code, patched.json()["name"]) == (200, "Countess")
    assert patched.json()["created_at"] == first.json()["created_at"]

    batch = {"items": [{"email": f"user{n}@example.com", "name": f"User {n}"} for n in range(20)]}
    assert http.post(f"{USERS}/batch", json=batch, headers={"Idempotency-Key": "batch"}).status_code == 201

    lines = "".join(f"line{n}@example.com,Line {n}\n" for n in range(3000))
    file = f"email,name\n{lines}ada@example.com,Ada\n"
    imported = http.post(f"{USERS}/import?on_conflict=skip", content=file, headers={"Content-Type": "text/csv"})
    assert (imported.status_code, imported.json()["imported"], imported.json()["skipped"]) == (200, 3000, 1)

    exported = http.get(f"{USERS}/export?fields=email", headers={"Accept": "text/csv"})
    assert (exported.status_code, len(exported.text.splitlines())) == (200, 1 + 1 + 20 + 3000)

    page = http.get(USERS, params={"sort": "-created_at", "limit": 100}, headers={"Prefer": "count=exact"}).json()
    assert (len(page["items"]), page["total"]) == (100, 3021)
    assert http.get(USERS, params={"cursor": page["next_cursor"], "sort": "-created_at"}).status_code == 200
    assert http.delete(f"{USERS}/1").status_code == 204
    assert http.get("/readyz").status_code == 200


def test_many_clients_share_the_two_sessions_of_the_pooler(http: httpx2.Client) -> None:
    """More transactions at once than the pooler has sessions, so that each meets what the others prepared."""
    met: list[int] = []

    def work(number: int) -> None:
        for turn in range(10):
            email = f"user{number}-{turn}@example.com"
            answer = http.post(USERS, json={"email": email, "name": "User"}, headers={"Idempotency-Key": email})
            met.append(answer.status_code)
            met.append(http.get(f"{USERS}/{answer.json()['id']}").status_code)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (met.count(201), met.count(200)) == (80, 80)


def test_a_locked_table_is_waited_for_as_long_as_a_lock_may_be(pooled: Pooled, http: httpx2.Client) -> None:
    create(http)
    with locked(pooled.database):
        for call in (
            lambda: http.get(f"{USERS}/1"),
            lambda: http.post(USERS, json={"email": "bob@example.com", "name": "Bob"}),
            lambda: http.patch(f"{USERS}/1", json={"name": "Countess"}),
        ):
            answer, seconds = timed(call)
            problem(answer, 504, "deadline-exceeded")
            assert seconds < 0.5 + LATE / 2  # the statement's limit is a second
    assert http.get(f"{USERS}/1").status_code == 200


def test_an_import_is_not_held_to_the_limit_of_a_statement(http: httpx2.Client) -> None:
    def slowly() -> Iterator[bytes]:
        yield b"email,name\n"
        for number in range(4):
            time.sleep(0.5)
            yield f"slow{number}@example.com,Slow\n".encode()

    answer = http.post(f"{USERS}/import", content=slowly(), headers={"Content-Type": "text/csv"})
    assert (answer.status_code, answer.json()["imported"]) == (200, 4)


def test_the_settings_of_the_service_do_not_reach_other_clients_of_the_pooler(
    pooled: Pooled, http: httpx2.Client
) -> None:
    shown = ", ".join(f"current_setting('{name}')" for name in LEAKABLE)
    with psycopg.connect(plain(pooled.database), autocommit=True) as direct:
        expected = direct.execute(f"SELECT {shown}").fetchone()
    create(http)
    http.post(USERS, json={"email": "x@example.com", "name": "X"}, headers={"Idempotency-Key": "x"})
    http.post(f"{USERS}/import", content="email,name\ny@example.com,Y\n", headers={"Content-Type": "text/csv"})
    with locked(pooled.database):
        http.post(USERS, json={"email": "z@example.com", "name": "Z"})
    http.get("/readyz")
    # Two sessions, both of which one transaction each holds for a moment.
    with psycopg.connect(pooled.through) as one, psycopg.connect(pooled.through) as other:
        found = [client.execute(f"SELECT pg_backend_pid(), {shown}").fetchone() for client in (one, other)]
    assert found[0] is not None
    assert found[1] is not None
    assert found[0][0] != found[1][0]
    assert [row[1:] for row in found if row is not None] == [expected, expected]


def test_what_other_clients_set_does_not_change_the_limits_of_the_service(pooled: Pooled, http: httpx2.Client) -> None:
    create(http)
    with psycopg.connect(pooled.through) as one, psycopg.connect(pooled.through) as other:
        for client in (one, other):
            client.execute("SET lock_timeout = 0; SET statement_timeout = 0; SET bytea_output = 'hex'")
            client.commit()
    with locked(pooled.database):
        answer, seconds = timed(lambda: http.get(f"{USERS}/1"))
        problem(answer, 504, "deadline-exceeded")
        assert seconds < 0.5 + LATE / 2
    with psycopg.connect(pooled.through) as one, psycopg.connect(pooled.through) as other:
        for client in (one, other):
            client.execute("RESET ALL")
            client.commit()


def test_a_pooler_that_restarts_is_used_again_at_once(pooled: Pooled, http: httpx2.Client) -> None:
    create(http)
    pooled.pooler.stop()
    try:
        answer, seconds = timed(lambda: http.get(f"{USERS}/1"))
        problem(answer, 503, "storage-unavailable")
        assert seconds < LATE
        eventually("readiness says why", lambda: "No database server answers" in http.get("/readyz").text)
    finally:
        pooled.pooler.start()
    assert http.get(f"{USERS}/1").status_code == 200
    create(http, "bob@example.com")


def test_a_pooler_that_is_frozen_is_waited_for_as_long_as_a_request_may_take(
    pooled: Pooled, http: httpx2.Client
) -> None:
    create(http)
    with pooled.pooler.frozen():
        answer, seconds = timed(lambda: http.get(f"{USERS}/1"))
        problem(answer, 504, "deadline-exceeded")
        assert 2 < seconds < 3 + LATE
        assert http.get("/livez").status_code == 200
        answer, seconds = timed(lambda: http.get("/readyz"))
        assert (answer.status_code, seconds < 2 + LATE) == (503, True)
    began = time.monotonic()
    eventually("the service reads again", lambda: http.get(f"{USERS}/1").status_code == 200)
    assert time.monotonic() - began < 1 + LATE


def test_a_migration_that_changes_a_column_costs_no_request(pooled: Pooled, http: httpx2.Client) -> None:
    """The pooler keeps the statements that were prepared before, longer than a connection to it lasts."""
    create(http)
    try:
        for kind in ("text", "varchar(300)", "text"):
            for _ in range(4):
                assert http.get(f"{USERS}/1").status_code == 200
            with connected(pooled.database) as connection:
                connection.exec_driver_sql(f"ALTER TABLE users ALTER COLUMN name TYPE {kind}")
            eventually("it is read again", lambda: http.get(f"{USERS}/1").status_code == 200)
        assert [http.get(f"{USERS}/1").status_code for _ in range(10)] == [200] * 10
    finally:
        with connected(pooled.database) as connection:
            connection.exec_driver_sql("ALTER TABLE users ALTER COLUMN name TYPE varchar(200)")


def test_a_client_that_goes_leaves_nothing_behind(pooled: Pooled, http: httpx2.Client) -> None:
    create(http)
    with locked(pooled.database), pytest.raises(httpx2.ReadTimeout):
        http.get(f"{USERS}/1", timeout=0.1)
    eventually("it reads again", lambda: http.get(f"{USERS}/1").status_code == 200)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with connected(pooled.database) as connection:
        assert connection.exec_driver_sql(waiting).scalar_one() == 0


def test_a_statement_that_could_not_be_prepared_is_prepared_later(pooled: Pooled, http: httpx2.Client) -> None:
    """The pooler has its name already, and ends connections on which it is prepared again."""
    create(http)
    with connected(pooled.database) as connection:
        connection.exec_driver_sql("ALTER TABLE users RENAME TO elsewhere")
    new = {"email": "bob@example.com", "name": "Bob"}
    calls: list[Any] = [lambda: http.get(f"{USERS}?limit=7"), lambda: http.post(USERS, json=new)]
    try:
        for call in calls * 3:
            problem(call(), 503, "storage-unavailable")
    finally:
        with connected(pooled.database) as connection:
            connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO users")
    assert [call().status_code for call in calls] == [200, 201]
    assert "migrations-pending (42P01)" in pooled.server.log
    assert "already prepared" not in pooled.pooler.log


def test_what_is_prepared_are_statements_with_values(
    request: pytest.FixtureRequest, pooled: Pooled, http: httpx2.Client
) -> None:
    """And where the pooler keeps nothing, nothing is."""
    create(http)
    assert http.patch(f"{USERS}/1", json={"name": "Countess"}).status_code == 200
    http.post(USERS, json={"email": "x@example.com", "name": "X"}, headers={"Idempotency-Key": "prepared"})
    query = "SELECT statement FROM pg_prepared_statements"
    with psycopg.connect(pooled.through) as one, psycopg.connect(pooled.through) as other:
        found = {row[0].split()[0] for client in (one, other) for row in client.execute(query)}
    assert found == ({"SELECT", "INSERT", "UPDATE"} if "unprepared" not in request.node.name else set())
