"""The tools alone beside databases with another locale, encoding or settings than usual, or servers that hang."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import Connection, make_url, text

from schema_tools.migrations import connection as connections
from schema_tools.migrations.concurrent_builds import folded
from schema_tools.migrations.connection import live_engine, migration_connection
from schema_tools.postgres.databases import RunningPostgres
from schema_tools.testing.in_process import Done
from schema_tools.testing.plain_sql import connected
from schema_tools.testing.postgres_servers import POSTGRES_NAMES, PostgresServers
from tool_commands import tools

COMMENT = "\u0131 and İ \\ 'x'"
FILES = {
    "alembic.ini": "[alembic]\nscript_location = %(here)s/alembic\nprepend_sys_path = .\n",
    "alembic/env.py": "from tables import metadata\nfrom schema_tools.environment import run\n\nrun(metadata, str)\n",
    "tables.py": r'''
from sqlalchemy import *

metadata = MetaData()
works = Table(
    "İşler", metadata,
    Column("\u0131d", BigInteger, Identity(), primary_key=True),
    Column("BİLGİ", String(50), nullable=False, comment="\u0131 and İ \\ 'x'"),
    Column("since", Date, server_default=text("'2024-02-01'")),
    Column("span", Interval, server_default=text("'1 day 02:00:00'")),
    Column("raw", LargeBinary, server_default=text(r"'\x00ff'")),
    Column("rate", Double, server_default=text("0.1")),
    CheckConstraint(r""" "BİLGİ" ~ '^\S+$' """, name="ck_BİLGİ"),
)
people = Table(
    "kisi", metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("is_id", ForeignKey("İşler.\u0131d"), index=True),
    Column("TITLE", Text),
    Index("ix_kisi_title", text('lower("TITLE")')),
)
''',
    "alembic/versions/0001.py": """
from alembic import op
from tables import metadata

revision = "0001"
down_revision = None


def upgrade():
    metadata.create_all(op.get_bind())
    op.execute("CREATE MATERIALIZED VIEW isi AS SELECT id FROM kisi")


def downgrade():
    op.execute("DROP MATERIALIZED VIEW isi")
    metadata.drop_all(op.get_bind())
""",
    "alembic/versions/0002.py": """
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    op.execute('INSERT INTO "İşler" ("BİLGİ") VALUES (\\'I\\u0131\\')')


def downgrade():
    op.execute('DELETE FROM "İşler"')
""",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that knows these tools by its `env.py` alone, with names of Turkish letters."""
    directory = tmp_path_factory.mktemp("odd")
    for name, content in FILES.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(content, "utf-8")
    assert tools("lock", cwd=directory).returncode == 0
    return directory


@pytest.fixture
def newest(postgres_servers: PostgresServers) -> RunningPostgres:
    return postgres_servers.server(POSTGRES_NAMES[-1])


@contextmanager
def made(server: RunningPostgres, *settings: str, options: str = "") -> Iterator[str]:
    """The URL of a new database, which was created with these options and set so."""
    name = f"odd_{uuid4().hex}"
    admin = server.admin.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 {options}")
        for setting in settings:
            connection.execute(f"ALTER DATABASE {name} SET {setting}")
    try:
        yield server.url(name).render_as_string(hide_password=False)
    finally:
        server.drop_database(name)


def told(done: Done) -> tuple[int, int]:
    """The exit status, and how many lines were written on standard error."""
    assert "Traceback" not in done.stderr
    assert "defect" not in done.stderr
    return done.returncode, done.stderr.count("\n")


def all_works(project: Path, url: str) -> None:
    """Run each command that works on a live database, which is healthy, and leave it as it was."""
    live = ("--database", url)
    for command in (["upgrade"], ["history"], ["drift"], ["audit"], ["plan"]):
        done = tools(*command, *live, cwd=project)
        assert (told(done)[0], done.stdout != "") == (0, True), done
    from_live = tools("verify", "--from", "0002", "--from-schema", url, cwd=project)
    assert told(from_live)[0] == 0, from_live
    assert tools("roles", *live, "--application", "İi", cwd=project).returncode == 0
    refused = tools("downgrade", "--to", "base", *live, cwd=project)
    assert (refused.returncode, '"İşler": 1 row' in refused.stderr) == (1, True), refused
    with connected(url) as connection:
        comment = "SELECT col_description('\"İşler\"'::regclass, 2)"
        assert connection.execute(text(comment)).scalar_one() == COMMENT
        assert connection.execute(text('SELECT length(raw), "BİLGİ" FROM "İşler"')).one() == (2, "I\u0131")
    done = tools("downgrade", "--to", "base", "--yes", *live, cwd=project)
    assert told(done) == (0, 0), done


@pytest.mark.parametrize("postgres", POSTGRES_NAMES)
def test_no_locale_of_a_server_changes_what_is_found(
    project: Path, postgres_servers: PostgresServers, postgres: str
) -> None:
    server = postgres_servers.server(postgres)
    try:
        with made(server, options="LOCALE_PROVIDER icu ICU_LOCALE 'tr' LOCALE 'C.UTF-8'") as url:
            all_works(project, url)
            assert tools("upgrade", "--database", url, cwd=project).returncode == 0
            role = f"owner_{uuid4().hex}"
            with connected(url) as connection:
                for statement in (
                    f"CREATE ROLE {role}", f"ALTER MATERIALIZED VIEW isi OWNER TO {role}",
                    'ALTER TABLE kisi ALTER COLUMN "TITLE" SET (n_distinct_inherited = 1, n_distinct = 1)',
                ):  # fmt: skip
                    connection.execute(text(statement))
            application = f"postgresql://{role}@127.0.0.1/any"
            done = tools("audit", "--database", url, "--application-database", application, cwd=project)
            assert "ALTER MATERIALIZED VIEW isi OWNER TO" in done.stdout
            done = tools("drift", "--database", url, cwd=project)
            assert "n_distinct=1, n_distinct_inherited=1" in done.stdout
            with connected(url) as connection:
                connection.execute(text(f"DROP OWNED BY {role}"))
                connection.execute(text(f"DROP ROLE {role}"))
    except psycopg.errors.FeatureNotSupported:
        pytest.skip("this build of PostgreSQL has no ICU")


SETTINGS = (
    "datestyle = 'SQL, DMY'", "intervalstyle = sql_standard", "bytea_output = escape", "timezone = 'Asia/Kolkata'",
    "client_encoding = latin1", "standard_conforming_strings = off", "quote_all_identifiers = on", "row_security = off",
    "extra_float_digits = -15", "default_transaction_isolation = serializable", "default_transaction_deferrable = on",
    "statement_timeout = '10ms'", "lock_timeout = '5ms'", "idle_session_timeout = '200ms'",
    "idle_in_transaction_session_timeout = '200ms'",
)  # fmt: skip


def test_what_a_database_sets_for_its_sessions_changes_nothing(project: Path, newest: RunningPostgres) -> None:
    late = ("transaction_timeout = '200ms'",) if newest.major >= 17 else ()
    with made(newest, *SETTINGS, *late) as url:
        all_works(project, url)


def setting(connection: Connection, name: str) -> str:
    return str(connection.execute(text(f"SHOW {name}")).scalar_one())


def test_a_session_states_what_it_depends_on_also_where_its_url_says_otherwise(newest: RunningPostgres) -> None:
    with made(newest, *SETTINGS) as url:
        options = "-c datestyle=German -c statement_timeout=7s"
        with live_engine(make_url(url).update_query_dict({"options": options})).connect() as connection:
            assert setting(connection, "datestyle") == "ISO, DMY"
            assert (setting(connection, "lock_timeout"), setting(connection, "statement_timeout")) == ("5s", "7s")
        with migration_connection(make_url(url)) as connection:
            assert (setting(connection, "lock_timeout"), setting(connection, "statement_timeout")) == ("5s", "15min")
            assert setting(connection, "default_transaction_isolation") == "read committed"
            assert (setting(connection, "idle_session_timeout"), setting(connection, "extra_float_digits")) == (
                "0",
                "1",
            )


def test_an_encoding_that_lacks_a_letter_is_told(project: Path, newest: RunningPostgres) -> None:
    with made(newest, options="ENCODING 'LATIN1' LOCALE 'C'") as url:
        live = ("--database", url)
        upgraded = tools("upgrade", *live, cwd=project)
        assert (upgraded.returncode, "ENCODING 'UTF8'" in upgraded.stderr) == (2, True), upgraded
        audited = tools("audit", *live, cwd=project)
        assert (audited.returncode, "database-encoding" in audited.stdout) == (1, True), audited
        assert told(tools("history", *live, cwd=project)) == (0, 0)
        drifted = tools("drift", *live, cwd=project)
        assert (told(drifted)[0], 'table "İşler"' in drifted.stdout) == (1, True), drifted


def test_texts_that_are_not_valid_are_told(project: Path, newest: RunningPostgres) -> None:
    with made(newest, options="ENCODING 'SQL_ASCII' LOCALE 'C'") as url:
        live = ("--database", url)
        upgraded = tools("upgrade", *live, cwd=project)
        assert told(upgraded) == (0, 0), upgraded
        assert tools("drift", *live, cwd=project).returncode == 0
        assert "its encoding is SQL_ASCII" in tools("audit", *live, cwd=project).stdout
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, client_encoding="SQL_ASCII") as connection:
            connection.execute(b"COMMENT ON TABLE kisi IS 'M\xfcller'")
        drifted = tools("drift", *live, cwd=project)
        assert (told(drifted), "not valid in UTF-8: correct it" in drifted.stderr) == ((2, 1), True), drifted


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("default_transaction_read_only = on", "default_transaction_read_only is on for the role or the database"),
        ("search_path = ''", "the search_path of the role or the database must name a schema that exists"),
    ],
    ids=["read-only", "no schema"],
)
def test_a_database_in_which_nothing_can_be_made_is_told(
    project: Path, newest: RunningPostgres, setting: str, sentence: str
) -> None:
    with made(newest, setting) as url:
        upgraded = tools("upgrade", "--database", url, cwd=project)
        assert (told(upgraded), sentence in upgraded.stderr) == ((2, 1), True), upgraded
        for command, status in (("history", 0), ("audit", 0), ("drift", 2)):
            assert told(tools(command, "--database", url, cwd=project))[0] == status


def test_rows_that_are_hidden_are_not_judged(project: Path, newest: RunningPostgres) -> None:
    role, password = f"clerk_{uuid4().hex}", uuid4().hex
    with made(newest, "row_security = off") as url:
        with connected(url) as connection:
            for statement in (
                "CREATE TABLE notes (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY)",
                "ALTER TABLE notes ENABLE ROW LEVEL SECURITY",
                f"CREATE ROLE {role} LOGIN PASSWORD '{password}'",
                f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}",
                f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
            ):
                connection.execute(text(statement))
        try:
            own = make_url(url).set(username=role, password=password).render_as_string(hide_password=False)
            done = tools("audit", "--database", own, cwd=project)
            assert told(done)[0] == 0, done
            assert "notes.id: row-level security hides rows of notes from this role" in done.stderr
        finally:
            with connected(url) as connection:
                connection.execute(text(f"DROP OWNED BY {role}"))
                connection.execute(text(f"DROP ROLE {role}"))


def test_a_lock_is_waited_for_no_longer_than_stated(
    project: Path, newest: RunningPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_READING", connections._READING.replace("5s", "200ms"))
    with made(newest) as url:
        assert tools("upgrade", "--database", url, cwd=project).returncode == 0
        with connected(url) as holder:
            holder.execute(text("LOCK TABLE alembic_version, kisi"))
            for command in (["history"], ["drift"], ["plan"], ["verify", "--from", "0002", "--from-schema", url]):
                began = time.monotonic()
                live = () if "--from-schema" in command else ("--database", url)
                done = tools(*command, *live, cwd=project)
                assert (told(done), "lock timeout" in done.stderr) == ((2, 1), True), done
                assert time.monotonic() - began < 5


def test_a_server_that_accepts_and_says_nothing_is_given_up(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "CONNECT_SECONDS", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://clerk@127.0.0.1:{silent.getsockname()[1]}/shop"
        for command in ("audit", "upgrade"):
            began = time.monotonic()
            done = tools(command, "--database", url, cwd=project)
            assert (told(done), "timeout" in done.stderr) == ((2, 1), True), done
            assert time.monotonic() - began < 4


def test_only_letters_of_ascii_are_folded_in_a_name() -> None:
    assert [folded(one) for one in ("IDIŞ_Öİ", '"IDIŞ ""Ö"""', "isi")] == ["idiŞ_Öİ", 'IDIŞ "Ö"', "isi"]
