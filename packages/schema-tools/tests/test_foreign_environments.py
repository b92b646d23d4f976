"""An `env.py` or a revision that would work on another database is refused, and that database keeps its row."""

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import (
    URL,
    BigInteger,
    Column,
    Integer,
    MetaData,
    NullPool,
    Table,
    Text,
    create_engine,
    inspect,
    make_url,
    text,
)

from rehearsals import on_postgresql
from schema_tools.catalog.drift import drift
from schema_tools.database_urls import migration_url
from schema_tools.errors import DataWouldBeLost, SchemaToolsError
from schema_tools.foreign_connections import ForeignConnection, only
from schema_tools.lint.revisions import judge_revisions
from schema_tools.migrations import runner
from schema_tools.migrations.history import history
from schema_tools.migrations.lock_file import write_lock
from schema_tools.migrations.scripts import alembic_config, script_directory
from schema_tools.migrations.survey import survey
from schema_tools.postgres.databases import RunningPostgres
from schema_tools.project import SchemaProject
from schema_tools.rehearsal.plan import plan
from schema_tools.rehearsal.verify import verify
from schema_tools.testing.plain_sql import connected
from schema_tools.testing.postgres_servers import POSTGRES_NAMES, PostgresServers
from schema_tools.writing.revise import migrate
from scratch_project import ScratchProject
from tool_commands import tools

NOTES = MetaData()
Table(
    "notes", NOTES, Column("id", Integer, primary_key=True, autoincrement=False), Column("body", Text, nullable=False)
)

PREAMBLE = """\
import asyncio, sqlite3, threading
import application, psycopg
from alembic import context
from sqlalchemy import create_engine, engine_from_config, pool, text
from sqlalchemy.ext.asyncio import async_engine_from_config

URL = {url!r}
ASYNC_URL = {asynchronous!r}
CONNINFO = {conninfo!r}
OURS = context.config.attributes.get("connection")


def migrate(connection):
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()


def destroy(connection):
    connection.execute("DELETE FROM notes")
    connection.commit()
    migrate(OURS)


"""

# These open connections by SQLAlchemy: a rehearsal hands them its own.
CONNECTING = {
    "alembic init": """
with engine_from_config({"sqlalchemy.url": URL}, prefix="sqlalchemy.", poolclass=pool.NullPool).connect() as own: #!
    migrate(own)
""",
    "alembic init --template async": """
async def run():
    engine = async_engine_from_config({"sqlalchemy.url": ASYNC_URL}, poolclass=pool.NullPool)
    async with engine.connect() as own: #!
        await own.run_sync(migrate)
    await engine.dispose()

asyncio.run(run())
""",
    "an asynchronous engine that executes statements": """
async def run():
    engine = async_engine_from_config({"sqlalchemy.url": ASYNC_URL}, poolclass=pool.NullPool)
    async with engine.begin() as own: #!
        assert (await own.execute(text("SELECT 1"))).scalars().all() == [1]
        await own.exec_driver_sql("SELECT 1")
        await own.run_sync(migrate)

asyncio.run(run())
""",
    "an engine with a pool": """
with create_engine(URL).begin() as own: #!
    migrate(own)
""",
    "an engine with a creator": """
engine = create_engine(URL, creator=lambda: CONNECT) #!
with engine.connect() as own:
    migrate(own)
""",
    "an engine that has a connection already": """
with application.engine.connect() as own: #!
    migrate(own)
""",
    "a thread": """
def elsewhere():
    with create_engine(URL).begin() as own: #!
        migrate(own)

thread = threading.Thread(target=elsewhere)
thread.start()
thread.join()
""",
    "an attempt that is given up": """
try:
    own = create_engine(URL).connect() #!
except BaseException:
    own = OURS
migrate(own)
""",
    "attempts without end": """
own = None
while own is None:
    try:
        own = create_engine(URL).connect() #!
    except Exception:
        pass
migrate(own)
""",
}

# These reach a database in other ways, and are refused.
REACHING = {
    "a connection that is open already": """
application.connection.rollback()
migrate(application.connection)
""",
    "a statement on a connection that is open already": """
application.connection.rollback()
application.connection.exec_driver_sql("DELETE FROM notes") #!
application.connection.commit()
migrate(OURS)
""",
    "the driver's connection of such an engine": """
own = application.engine.raw_connection() #!
own.cursor().execute("DELETE FROM notes")
own.commit()
migrate(OURS)
""",
    "the driver": """
destroy(CONNECT) #!
""",
    "the driver, imported long before": """
destroy(application.connect()) #!
""",
    "another connection to the right database": """
with OURS.engine.connect() as own:
    migrate(own)
""",
    "no run at all": "",
}

PROGRAMS = {
    "a program": "__import__('subprocess').run(['/usr/bin/psql', CONNINFO, '-c', 'DELETE FROM notes'])",
    "a shell": "__import__('os').system('true; psql -c \"DELETE FROM notes\" ' + CONNINFO)",
}
OWN_CONNECTIONS = {
    "an engine": "sa.create_engine(URL).connect()",
    "the driver": "CONNECT",
    "the driver, imported long before": "application.connect()",
}

Live = SimpleNamespace
Operation = Callable[[SchemaProject, RunningPostgres, str], object]

OPERATIONS: dict[str, Operation] = {
    "verify": lambda project, server, _url: verify(project, server),
    "plan": lambda project, server, _url: plan(project, None, server=server),
    "migrate": lambda project, server, _url: migrate(project, "drop notes", server),
    "upgrade": lambda project, _server, url: runner.upgrade(project, url),
}


@pytest.fixture(params=["postgresql", "sqlite"])
def live(
    request: pytest.FixtureRequest, postgres_servers: PostgresServers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Live]:
    """A database that somebody uses, with a row; it must have it at the end."""
    if request.param == "sqlite":
        yield from _live(f"sqlite:///{tmp_path}/live.db", monkeypatch)
        return
    with postgres_servers.empty_database(POSTGRES_NAMES[-1]) as url:
        yield from _live(url, monkeypatch)


def _live(plain: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Live]:
    url = migration_url(plain)
    with connected(url) as connection:
        connection.execute(text("CREATE TABLE notes (id integer PRIMARY KEY, body text NOT NULL)"))
        connection.execute(text("INSERT INTO notes VALUES (1, 'precious')"))
    sqlite = url.get_backend_name() == "sqlite"
    engine = create_engine(url)
    engine.connect().close()
    opened = create_engine(url, poolclass=NullPool).connect()
    connect = sqlite3.connect if sqlite else psycopg.connect
    conninfo = str(url.database) if sqlite else str_of(url.set(drivername="postgresql"))
    application = SimpleNamespace(engine=engine, connection=opened, connect=lambda: connect(conninfo))
    monkeypatch.setitem(sys.modules, "application", application)
    written = "sqlite3.connect(CONNINFO)" if sqlite else "psycopg.connect(CONNINFO)"
    yield Live(url=str_of(url), conninfo=conninfo, sqlite=sqlite, connect=written)
    opened.close()
    engine.dispose()
    with connected(url) as connection:
        assert connection.execute(text("SELECT body FROM notes")).scalars().all() == ["precious"]


def str_of(url: URL) -> str:
    """A URL as it is written, with its password."""
    return url.render_as_string(hide_password=False)


@pytest.fixture
def server(postgres_servers: PostgresServers) -> RunningPostgres:
    return postgres_servers.server(POSTGRES_NAMES[-1])


@pytest.fixture
def target(postgres_servers: PostgresServers) -> Iterator[str]:
    """The empty database that an upgrade is asked for."""
    with postgres_servers.empty_database(POSTGRES_NAMES[-1]) as url:
        yield url


@pytest.fixture
def scratch(tmp_path: Path, server: RunningPostgres) -> ScratchProject:
    """A project whose one revision makes the table, and whose downgrade drops it."""
    scratch = ScratchProject.made(tmp_path / "project", server)
    scratch.revision(
        "first",
        "op.execute('CREATE TABLE IF NOT EXISTS notes (id integer PRIMARY KEY, body text NOT NULL)')",
        "op.execute('DROP TABLE notes')",
    )
    return scratch


def with_environment(scratch: ScratchProject, live: Live, code: str) -> str:
    """Write an `env.py`, and give the place that is marked in it, as a message names it."""
    url = make_url(live.url)
    asynchronous = url.set(drivername="sqlite+aiosqlite") if live.sqlite else url
    preamble = PREAMBLE.format(url=live.url, conninfo=live.conninfo, asynchronous=str_of(asynchronous))
    lines = preamble + code.replace("CONNECT", live.connect)
    (scratch.directory / "alembic" / "env.py").write_text(lines)
    marked = [number for number, line in enumerate(lines.splitlines(), start=1) if line.endswith("#!")]
    return f"alembic/env.py:{marked[0]}" if marked else "alembic/env.py"


@pytest.mark.parametrize("way", CONNECTING)
def test_an_environment_that_connects_by_itself_is_rehearsed_on_the_throwaway_database(
    way: str, scratch: ScratchProject, live: Live, server: RunningPostgres
) -> None:
    with_environment(scratch, live, CONNECTING[way])
    project = on_postgresql(scratch, NOTES)

    report = verify(project, server)

    assert ([one.stopped for one in report.revisions], report.findings) == ([False], [])
    assert [one.failure for one in plan(project, None, server=server).revisions] == [""]
    assert migrate(on_postgresql(scratch, MetaData()), "drop notes", server).is_file()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("way", CONNECTING)
def test_an_environment_that_connects_by_itself_upgrades_no_database(
    way: str, scratch: ScratchProject, live: Live, target: str
) -> None:
    place = with_environment(scratch, live, CONNECTING[way])

    with pytest.raises(ForeignConnection, match=f"^{place} was stopped before it (opened|used)"):
        runner.upgrade(on_postgresql(scratch, NOTES), target)

    with connected(target) as connection:
        assert inspect(connection).get_table_names() == []


@pytest.mark.parametrize("live", ["postgresql"], indirect=True)
def test_what_an_environment_sets_on_its_connection_ends_with_it(
    scratch: ScratchProject, live: Live, server: RunningPostgres
) -> None:
    code = (
        'with create_engine(URL).connect().execution_options(isolation_level="AUTOCOMMIT") as own:\n    migrate(own)\n'
    )
    with_environment(scratch, live, code)

    report = verify(on_postgresql(scratch, NOTES), server)

    assert ([one.stopped for one in report.revisions], report.findings) == ([False], [])


def test_an_environment_that_commits_nothing_is_said_to(
    scratch: ScratchProject, live: Live, server: RunningPostgres
) -> None:
    code = "with create_engine(URL).connect() as own:\n    own.exec_driver_sql('SELECT 1')\n    {}\n    migrate(own)\n"
    with_environment(scratch, live, code.format("pass"))

    (found,) = verify(on_postgresql(scratch, NOTES), server).findings

    assert found.rule == "upgrade-fails"
    assert "call connection.commit() before context.configure" in found.message
    with pytest.raises(SchemaToolsError, match="what the migrations did was rolled back: env"):
        migrate(on_postgresql(scratch, MetaData()), "drop notes", server)
    with_environment(scratch, live, code.format("own.commit()"))
    assert verify(on_postgresql(scratch, NOTES), server).findings == []


def test_an_environment_that_has_no_connection_is_said_to(
    scratch: ScratchProject, live: Live, server: RunningPostgres
) -> None:
    with_environment(scratch, live, "context.configure(url=URL)\nwith context.begin_transaction():\n    pass\n")

    with pytest.raises(SchemaToolsError, match=r"^env\.py calls context\.configure without a connection"):
        verify(on_postgresql(scratch, NOTES), server)


@pytest.mark.parametrize("live", ["postgresql"], indirect=True)
@pytest.mark.parametrize("environment", ["alembic init", "alembic init --template async"])
def test_what_a_revision_runs_asynchronously_is_run_on_the_throwaway_database(
    environment: str, scratch: ScratchProject, live: Live, server: RunningPostgres
) -> None:
    with_environment(scratch, live, CONNECTING[environment])
    change = "async def change(connection, what):\n    await connection.execute(sa.text(f'ALTER TABLE notes {what}'))\n"
    upgrade, downgrade = "op.run_async(change, what='ADD more text')", "op.run_async(change, 'DROP more')"
    with_revision(scratch, live, upgrade=upgrade, downgrade=downgrade, module=change)

    report = verify(on_postgresql(scratch, NOTES), server)

    assert [one.findings for one in report.revisions] == [(), ()]
    assert [one.place for one in report.findings] == ["column notes.more"]


@pytest.mark.parametrize("end", ["__import__('os')._exit(0)", "__import__('sys').exit(0)"])
def test_a_revision_that_ends_the_program_does_not_end_it_as_if_all_was_well(
    end: str, scratch: ScratchProject, live: Live, server: RunningPostgres
) -> None:
    place = with_revision(scratch, live, upgrade=end)

    (found,) = verify(on_postgresql(scratch, NOTES), server).findings

    assert found.rule == "upgrade-fails"
    assert f"{place} ended the program, with sys.exit or the like: raise an error" in found.message


SEARCH_PATHS = {
    "a statement": ("", "SET search_path TO app, public"),
    "a statement that leaves public out": ("", "set search_path = 'app'"),
    "the URL": ("?options=-csearch_path%3Dapp,public", "SELECT 1"),
}


@pytest.mark.parametrize("live", ["postgresql"], indirect=True)
@pytest.mark.parametrize("way", SEARCH_PATHS)
def test_tables_are_compared_where_the_search_path_of_env_py_has_them(
    way: str, scratch: ScratchProject, live: Live, server: RunningPostgres, target: str
) -> None:
    options, statement = SEARCH_PATHS[way]
    prepare = f"own.exec_driver_sql('CREATE SCHEMA IF NOT EXISTS app')\n    own.exec_driver_sql({statement!r})"
    code = (
        f"with create_engine(URL + {options!r}).connect() as own:\n    {prepare}\n    own.commit()\n    migrate(own)\n"
    )
    with_environment(scratch, live, code)
    project = on_postgresql(scratch, NOTES)
    project = replace(project, environment=survey(alembic_config(project), script_directory(project)))

    assert verify(project, server).findings == []
    with connected(target) as connection:
        connection.execute(text("CREATE SCHEMA app"))
        connection.execute(text("CREATE TABLE app.notes (id integer PRIMARY KEY, body text NOT NULL)"))
        connection.execute(text("CREATE TABLE app.alembic_version (version_num varchar(32) PRIMARY KEY)"))
        connection.execute(text("INSERT INTO app.alembic_version VALUES ('first')"))
        connection.execute(text("CREATE TABLE public.others (id integer)"))
    assert drift(project, target) == []
    assert [one.applied for one in history(project, target)] == [True]
    with connected(target) as connection:
        connection.execute(text("ALTER TABLE app.notes ADD surplus text"))
    assert [one.object for one in drift(project, target)] == ["column notes.surplus"]


WIDER = MetaData()
Table(
    "notes",
    WIDER,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False, server_default="none"),
)
COMPARING = {
    "": ["column notes.body", "column notes.id"],
    "compare_type=False": ["column notes.body"],
    "compare_type=lambda _context, found, mapped, *_types: mapped.name != 'id'": ["column notes.body"],
    "compare_type=lambda *_: None": ["column notes.body", "column notes.id"],
    "compare_server_default=False": ["column notes.id"],
}


@pytest.mark.parametrize("live", ["postgresql"], indirect=True)
@pytest.mark.parametrize("options", COMPARING)
def test_what_env_py_does_not_compare_is_no_difference(
    options: str, scratch: ScratchProject, live: Live, server: RunningPostgres, target: str
) -> None:
    run = "with context.begin_transaction():\n    context.run_migrations()\n"
    with_environment(scratch, live, f"context.configure(connection=OURS, {options})\n{run}")
    project = on_postgresql(scratch, WIDER)
    project = replace(project, environment=survey(alembic_config(project), script_directory(project)))

    findings = verify(project, server).findings

    assert [one.place for one in findings] == COMPARING[options]
    with connected(target) as connection:
        connection.execute(text("CREATE TABLE notes (id integer PRIMARY KEY, body text NOT NULL)"))
    assert [one.object for one in drift(project, target)] == ["migrations", *COMPARING[options]]


def test_an_environment_of_several_databases_is_refused(
    scratch: ScratchProject, live: Live, server: RunningPostgres
) -> None:
    with_environment(scratch, live, "migrate(OURS)\nwith create_engine(URL).connect() as own:\n    migrate(own)\n")

    with pytest.raises(SchemaToolsError, match=r"^env\.py runs migrations more than once, as for several databases"):
        verify(on_postgresql(scratch, NOTES), server)


@pytest.mark.parametrize("way", REACHING)
def test_an_environment_that_would_work_elsewhere_is_refused_before_anything_runs(
    way: str, scratch: ScratchProject, live: Live, server: RunningPostgres, target: str
) -> None:
    place = with_environment(scratch, live, REACHING[way])

    for operation in OPERATIONS.values():
        with pytest.raises(ForeignConnection) as refused:
            operation(on_postgresql(scratch, NOTES), server, target)

        sentence = str(refused.value)
        assert sentence.startswith(place)
        assert 'context.config.attributes["connection"]' in sentence
        assert "schema_tools.environment.run(metadata, url)" in sentence
    with connected(target) as connection:
        assert inspect(connection).get_table_names() == []


def test_a_database_is_taken_down_by_no_environment_that_would_take_down_another(
    scratch: ScratchProject, live: Live, target: str
) -> None:
    project = on_postgresql(scratch, NOTES)
    runner.upgrade(project, target)
    place = with_environment(scratch, live, CONNECTING["alembic init"])

    with pytest.raises(ForeignConnection, match=place):
        runner.downgrade(project, target)

    with connected(target) as connection:
        assert "notes" in inspect(connection).get_table_names()


# Drivers that SQLAlchemy is not asked about, in env.py and in a revision.
OTHER_DRIVERS = {
    "psycopg2": "psycopg2.connect(CONNINFO)",
    "asyncpg": "asyncio.run(asyncpg.connect(CONNINFO))",
    "psycopg, asynchronously": "asyncio.run(psycopg.AsyncConnection.connect(CONNINFO))",
    "an engine of psycopg2": "create_engine(URL.replace('psycopg', 'psycopg2')).raw_connection()",
    "an engine of asyncpg": ("asyncio.run(create_async_engine(URL.replace('psycopg', 'asyncpg')).raw_connection())"),
}
IMPORTS = """\
import asyncio, asyncpg, psycopg, psycopg2
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine
"""


@pytest.mark.parametrize("live", ["postgresql"], indirect=True)
@pytest.mark.parametrize("way", OTHER_DRIVERS)
def test_other_drivers_are_stopped_before_they_connect(
    way: str, scratch: ScratchProject, live: Live, server: RunningPostgres
) -> None:
    with_revision(scratch, live, upgrade=OTHER_DRIVERS[way], module=IMPORTS)
    report = verify(on_postgresql(scratch), server)
    assert [one.rule for one in report.findings] == ["upgrade-fails"]
    assert "was stopped before it opened a connection of its own" in report.findings[0].message

    place = with_environment(scratch, live, f"{IMPORTS}{OTHER_DRIVERS[way]} #!\nmigrate(OURS)\n")
    with pytest.raises(ForeignConnection, match=f"^{place} was stopped before it opened a connection of its own"):
        verify(on_postgresql(scratch), server)


@pytest.mark.parametrize("way", PROGRAMS)
def test_a_revision_that_starts_a_program_of_postgresql_is_stopped_before_it_does(
    way: str, scratch: ScratchProject, live: Live, server: RunningPostgres
) -> None:
    place = with_revision(scratch, live, upgrade=PROGRAMS[way])

    (found,) = verify(on_postgresql(scratch, NOTES), server).findings

    assert (found.rule, found.place) == ("upgrade-fails", place)
    assert f"{place} was stopped before it started psql" in found.message


# Statements by which the server reaches another database.
DELETING = "dblink_exec('{CONNINFO}', 'DELETE FROM notes')"
SERVER_REACHING = {
    "dblink": f"SELECT {DELETING}",
    "a block": f"DO $$ BEGIN PERFORM {DELETING}; END $$",
    "COPY ... PROGRAM": "COPY notes TO PROGRAM 'psql -c ''DELETE FROM notes'' {CONNINFO}'",
    "CREATE SUBSCRIPTION": "CREATE SUBSCRIPTION s CONNECTION '{CONNINFO}' PUBLICATION p",
}


@pytest.mark.parametrize("live", ["postgresql"], indirect=True)
@pytest.mark.parametrize("way", SERVER_REACHING)
def test_a_statement_by_which_the_server_reaches_beyond_its_database_is_stopped(
    way: str, scratch: ScratchProject, live: Live, server: RunningPostgres
) -> None:
    execute = f"op.execute('CREATE EXTENSION dblink'); op.execute(f{SERVER_REACHING[way]!r})"
    place = with_revision(scratch, live, upgrade=execute)

    (found,) = verify(on_postgresql(scratch, NOTES), server).findings

    named = "dblink_exec" if "dblink" in SERVER_REACHING[way] else way
    assert (found.rule, found.place) == ("upgrade-fails", place)
    assert f"{place} was stopped before it executed {named}, which may lead to another database: leave" in found.message


def test_what_only_names_such_a_statement_is_executed(
    scratch: ScratchProject, live: Live, server: RunningPostgres
) -> None:
    said = "COMMENT ON TABLE notes IS 'filled by dblink(), not by COPY notes FROM PROGRAM'"
    code = "CREATE FUNCTION refresh() RETURNS text LANGUAGE sql AS $$ SELECT dblink_exec('', '') $$"
    made = f'op.execute("SET LOCAL check_function_bodies = off"); op.execute("{code}")'
    down = "op.execute('DROP FUNCTION refresh'); op.execute('COMMENT ON TABLE notes IS NULL')"
    with_revision(scratch, live, upgrade=f'op.execute("{said}"); {made}', downgrade=down)

    report = verify(on_postgresql(scratch, NOTES), server)

    assert [one.findings for one in report.revisions] == [(), ()]


FOREIGN_TABLE = """\
def foreign():
    to = psycopg.conninfo.conninfo_to_dict(CONNINFO)
    options = f"host '{to['host']}', port '{to['port']}', dbname '{to['dbname']}'"
    login = f"user '{to['user']}', password '{to.get('password', '')}'"
    op.execute("CREATE EXTENSION postgres_fdw")
    op.execute(f"CREATE SERVER live FOREIGN DATA WRAPPER postgres_fdw OPTIONS ({options})")
    op.execute(f"CREATE USER MAPPING FOR CURRENT_USER SERVER live OPTIONS ({login})")
    op.execute("CREATE FOREIGN TABLE live_notes (id integer, body text) SERVER live OPTIONS (table_name 'notes')")
"""


@pytest.mark.parametrize("live", ["postgresql"], indirect=True)
def test_a_foreign_server_leads_nowhere(scratch: ScratchProject, live: Live, server: RunningPostgres) -> None:
    down = "op.execute('DROP EXTENSION postgres_fdw CASCADE')"
    with_revision(scratch, live, upgrade="foreign()", downgrade=down, module=FOREIGN_TABLE)
    write_lock(scratch.project(MetaData()), again=["second"])
    scratch.revision("third", "op.execute('DELETE FROM live_notes')", "pass")

    second, third = verify(on_postgresql(scratch, NOTES), server).revisions[1:]

    assert second.findings == ()
    assert 'could not connect to server "live"' in third.findings[0].message


MAPPING = """\
from sqlalchemy import Column, Integer, MetaData, Table, create_engine, event, text

metadata = MetaData()
Table("notes", metadata, Column("id", Integer, primary_key=True))


def destroy():
    with create_engine(URL).begin() as own:
        own.execute(text("DELETE FROM notes"))


CONNECTING
"""
# They connect where no env.py and no revision is at work: when they are imported, or when their tables are made.
CONNECTING_TABLES = {
    "when it is imported": "destroy()",
    "in an event of its tables": """
@event.listens_for(metadata, "after_create")
def seed(*_, **__):
    destroy()
""",
}


@pytest.mark.parametrize("command", ["verify", "check", "lint", "docs-check", "report", "drift"])
@pytest.mark.parametrize("way", CONNECTING_TABLES)
def test_a_mapping_that_connects_by_itself_is_stopped_before_it_does(
    way: str, command: str, scratch: ScratchProject, live: Live, target: str
) -> None:
    with_environment(scratch, live, "migrate(OURS)")
    code = MAPPING.replace("URL", repr(live.url)).replace("CONNECTING", CONNECTING_TABLES[way])
    (scratch.directory / "tables.py").write_text(code)
    options = {"report": ["--output", "schema.html"], "drift": ["--database", target]}

    done = tools(command, "--metadata", "tables:metadata", *options.get(command, []), cwd=scratch.directory)

    said = " ".join((done.stdout + done.stderr).split())
    if way == "when it is imported":
        assert done.returncode == 2
        assert said.startswith("schema_tools: tables.py:8 was stopped before it opened a connection of its own")
        assert said.endswith("connect in a function, and not when the module is imported")
    elif command in {"verify", "check", "drift"}:
        assert "tables.py:8 was stopped before it opened a connection of its own" in said
        assert "in a DDL event, use the connection that the event is given" in said


@pytest.mark.parametrize("status", [0, 1])
def test_a_mapping_that_ends_the_program_does_not_end_it_as_if_all_was_well(
    status: int, scratch: ScratchProject
) -> None:
    (scratch.directory / "tables.py").write_text(f"import sys\n\nsys.exit({status})\n")

    done = tools("lint", "--metadata", "tables:metadata", cwd=scratch.directory)

    said = "schema_tools: tables.py:3 ended the program, with sys.exit or the like: raise an error\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)


def test_what_a_mapping_prints_is_in_no_document(scratch: ScratchProject) -> None:
    (scratch.directory / "tables.py").write_text(
        "import sqlalchemy\n\nprint('hello')\nmetadata = sqlalchemy.MetaData()\n"
    )

    done = tools("lint", "--metadata", "tables:metadata", "--format", "json", cwd=scratch.directory)

    assert isinstance(json.loads(done.stdout)["findings"], list)
    assert "hello" in done.stderr


def test_a_thread_that_is_stopped_prints_no_traceback() -> None:
    code = """
import threading
from schema_tools.foreign_connections import ForeignConnection, only
try:
    with only(None):
        import psycopg
        thread = threading.Thread(target=lambda: psycopg.connect("host=127.0.0.1 port=1"))
        thread.start()
        thread.join()
except ForeignConnection:
    print("stopped")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("stopped\n", "")


def test_what_a_project_leaves_running_is_stopped_as_well(live: Live) -> None:
    code = f"""
import threading
from schema_tools.foreign_connections import only
begin = threading.Event()
with only(None):
    import atexit
    from sqlalchemy import create_engine, text

    def destroy():
        with create_engine({live.url!r}).begin() as own:
            own.execute(text("DELETE FROM notes"))

    def later():
        begin.wait()
        destroy()

    thread = threading.Thread(target=later)
    thread.start()
    atexit.register(destroy)
begin.set()
thread.join()
print("alive")
"""  # noqa: S608
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("alive\n", "")


@pytest.mark.parametrize("way", OWN_CONNECTIONS)
def test_what_env_py_leaves_out_is_decided_without_a_connection(
    way: str, scratch: ScratchProject, live: Live, server: RunningPostgres
) -> None:
    decide = f"def include_object(*_):\n    import sqlalchemy as sa\n    return {OWN_CONNECTIONS[way]}\n"
    code = f"{decide}context.configure(connection=OURS, target_metadata=None, include_object=include_object)\n"
    with_environment(scratch, live, f"{code}with context.begin_transaction():\n    context.run_migrations()\n")
    project = on_postgresql(scratch, NOTES)
    environment = survey(alembic_config(project), script_directory(project))
    project = replace(project, environment=environment)

    for operation in ("verify", "migrate"):
        with pytest.raises(SchemaToolsError, match="was stopped before it opened a connection of its own"):
            OPERATIONS[operation](project, server, "")


@pytest.mark.parametrize("way", OWN_CONNECTIONS)
def test_a_revision_that_connects_by_itself_is_stopped_before_it_does(
    way: str, scratch: ScratchProject, live: Live, server: RunningPostgres, target: str
) -> None:
    place = with_revision(scratch, live, upgrade=OWN_CONNECTIONS[way])
    project = on_postgresql(scratch, MetaData())

    report = verify(project, server)
    sentences = [report.findings[0].message.removeprefix("the upgrade fails: "), plan_failure(project, server)]
    for name in ("migrate", "upgrade"):
        with pytest.raises(SchemaToolsError) as refused:
            OPERATIONS[name](project, server, target)
        sentences.append(str(refused.value))

    assert (report.findings[0].rule, report.findings[0].place) == ("upgrade-fails", place)
    assert all(one.startswith(f"{place} was stopped before it opened a connection of its own") for one in sentences)
    assert all("op.get_bind()" in one for one in sentences)
    # Upgraded last: the revision before it is in place, and this one is not.
    assert sentences[-1].endswith("left the schema as it was")
    assert [one.applied for one in history(project, target)] == [True, False]


def plan_failure(project: SchemaProject, server: RunningPostgres) -> str:
    """Why the last revision fails, without its place."""
    return plan(project, None, server=server).revisions[-1].failure.partition(": ")[2]


@pytest.mark.parametrize("way", OWN_CONNECTIONS)
def test_a_revision_that_connects_by_itself_is_linted_without_a_connection(
    way: str, scratch: ScratchProject, live: Live
) -> None:
    place = with_revision(scratch, live, upgrade=OWN_CONNECTIONS[way])

    found = judge_revisions(on_postgresql(scratch, MetaData()), ["second"])

    assert [(one.rule, one.place) for one in found] == [("dynamic-sql", place)]


@pytest.mark.parametrize("way", OWN_CONNECTIONS)
def test_what_a_downgrade_would_lose_is_looked_up_without_a_connection(
    way: str, scratch: ScratchProject, live: Live, target: str
) -> None:
    project = on_postgresql(scratch, MetaData())
    with_revision(scratch, live, downgrade=OWN_CONNECTIONS[way])
    runner.upgrade(project, target)
    with connected(target) as connection:
        connection.execute(text("INSERT INTO notes VALUES (1, 'of the target')"))

    with pytest.raises(DataWouldBeLost, match="would lose what revision second drops, which cannot"):
        runner.downgrade(project, target, consent=lambda _: False)


@pytest.mark.parametrize("way", OWN_CONNECTIONS)
def test_a_revision_that_connects_when_it_is_read_is_stopped(way: str, scratch: ScratchProject, live: Live) -> None:
    with_revision(scratch, live, module=OWN_CONNECTIONS[way])

    with pytest.raises(ForeignConnection, match=r"^alembic/versions/second\.py:\d+ was stopped"):
        history(on_postgresql(scratch, NOTES))


def with_revision(
    scratch: ScratchProject, live: Live, *, upgrade: str = "pass", downgrade: str = "pass", module: str = ""
) -> str:
    """Write a second revision, and give the place of the line in its `upgrade`."""
    scratch.revision("second", upgrade, downgrade)
    file = scratch.directory / "alembic" / "versions" / "second.py"
    imports = "import application, psycopg, sqlite3\nimport sqlalchemy as sa\n"
    preamble = f"{imports}\nURL = {live.url!r}\nCONNINFO = {live.conninfo!r}\n{module}\n"
    lines = (preamble + file.read_text()).replace("CONNECT", live.connect)
    file.write_text(lines)
    if not module:
        write_lock(scratch.project(MetaData()), again=["second"])
    line = lines.splitlines().index("def upgrade():") + 2
    return f"alembic/versions/second.py:{line}"


@pytest.mark.parametrize("arguments", [["verify"], ["plan", "--all"], ["migrate", "-m", "drop notes"], ["upgrade"]])
def test_a_refusal_is_one_sentence_and_status_2(
    arguments: list[str], scratch: ScratchProject, live: Live, target: str
) -> None:
    place = with_environment(scratch, live, REACHING["the driver"])
    (scratch.directory / "tables.py").write_text("from sqlalchemy import MetaData\n\nmetadata = MetaData()\n")

    done = tools(*arguments, "--metadata", "tables:metadata", "--database", target, cwd=scratch.directory)

    assert (done.returncode, done.stdout) == (2, "")
    first, last = done.stderr.splitlines()
    assert first.endswith("; compared is what --metadata names, without the options of env.py")
    assert last.startswith(f"schema_tools: {place} was stopped before it opened a connection of its own")


def test_an_environment_as_alembic_recommends_it_is_rehearsed_and_not_run_on_a_live_database(
    scratch: ScratchProject, live: Live, server: RunningPostgres, target: str
) -> None:
    with_environment(scratch, live, "if OURS is None:\n    OURS = create_engine(URL).connect()\nmigrate(OURS)\n")
    project = on_postgresql(scratch, NOTES)

    assert not verify(project, server).findings
    with pytest.raises(SchemaToolsError, match=r"must call schema_tools\.environment\.run"):
        runner.upgrade(project, target)
    with connected(target) as connection:
        assert inspect(connection).get_table_names() == []


def test_a_revision_may_connect_to_the_database_that_is_migrated(scratch: ScratchProject, target: str) -> None:
    scratch.revision("second", "op.get_bind().engine.connect().close()")

    assert len(runner.upgrade(on_postgresql(scratch), target)) == 2


def test_the_bare_alembic_command_connects_as_env_py_says(scratch: ScratchProject, live: Live) -> None:
    with_environment(scratch, live, CONNECTING["alembic init"])
    with only(None):
        """Whatever was watched before."""

    command.upgrade(Config(scratch.directory / "alembic.ini"), "head")

    with connected(live.url) as connection:
        assert "alembic_version" in inspect(connection).get_table_names()


def test_a_driver_that_is_imported_late_is_stopped_as_well() -> None:
    code = """
from schema_tools.foreign_connections import ForeignConnection, only
import sys
assert "psycopg" not in sys.modules
try:
    with only(None):
        from psycopg import connect
        connect("host=127.0.0.1 port=1")
except ForeignConnection:
    print("stopped")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "stopped\n"


def test_other_threads_of_the_process_connect_as_they_like(live: Live) -> None:
    found: list[str] = []
    begin, done = threading.Event(), threading.Event()

    def other() -> None:
        begin.wait()
        with connected(live.url) as connection:
            found.extend(connection.execute(text("SELECT body FROM notes")).scalars())
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with only(None):
        begin.set()
        assert done.wait(10)
    thread.join()

    assert found == ["precious"]
