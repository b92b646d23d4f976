"""The connection that migrations run on: one migrator at a time, bounded waits, nothing half done."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sqlalchemy import URL, Connection, Engine, NullPool, Table, create_engine, event, text

from schema_tools.database_urls import shown, sqlite_file
from schema_tools.errors import SchemaToolsError
from schema_tools.libpq_environment import connecting
from schema_tools.migrations.blockers import Blocker, migrator_at_work, waits_watched
from schema_tools.migrations.concurrent_builds import mind_concurrent_builds
from schema_tools.poolers import refuse_pooler

# "schema" in ASCII. Advisory locks are numbers, of one database each:
# https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
ADVISORY_LOCK: Final = 0x736368656D61

APPLICATION_NAME: Final = "schema-tools migration"
CONNECT_SECONDS: Final = 10
# How values are worded, what a backslash in a text of SQL means, and when a name is quoted.
SESSION_OPTIONS: Final = (
    "-c datestyle=ISO -c intervalstyle=postgres -c bytea_output=hex -c extra_float_digits=1"
    " -c standard_conforming_strings=on -c quote_all_identifiers=off"
)
# Sessions wait while something else is done, such as starting a throwaway server.
_PATIENT: Final = (
    "-c idle_session_timeout=0 -c idle_in_transaction_session_timeout=0"
    " -c default_transaction_isolation=read\\ committed"
)
# A catalog and two small tables are read in moments, so waiting longer for a lock on one is of no use.
_READING: Final = "-c lock_timeout=5s -c statement_timeout=60s"
# Otherwise a network that drops everything would be waited for as long as the kernel does, which may be hours.
_NETWORK: Final = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 6,
    "tcp_user_timeout": 90_000,  # milliseconds
}
_TRANSACTION_TIMEOUT_SINCE: Final = 17_00_00
SQLITE_BUSY_SECONDS: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a run waits for others, and how often it tries.

    Attributes:
        lock_timeout_ms: For a lock. Others queue behind a statement that waits for a table's lock, so it gives up soon.
        statement_timeout_ms: For a statement.
        concurrent_lock_timeout_ms: For each transaction that a concurrent index build waits for, behind which
            no other statement queues; the build itself is not limited.
        attempts: How often a revision is tried that did not get a lock.
        pause_seconds: The first pause between two attempts; each is about twice as long as the one before.
        migrator_seconds: For another migrator that is at work.
    """

    lock_timeout_ms: int = 5_000
    statement_timeout_ms: int = 15 * 60_000
    concurrent_lock_timeout_ms: int = 15 * 60_000
    attempts: int = 5
    pause_seconds: float = 1.0
    migrator_seconds: float = 15 * 60.0


Waiting: TypeAlias = Callable[[Blocker | None], None]
"""Told of the session of another migrator, or None if it just ended."""


@contextmanager
def migration_connection(
    url: URL, patience: Patience | None = None, *, waiting: Waiting | None = None
) -> Iterator[Connection]:
    """A connection to the database at `url` (a `migration_url`) that only one migrator has at a time.

    On PostgreSQL a session-level advisory lock keeps the others waiting. A connection of its own holds it, because
    revisions may end transactions. A pooler would break that lock and the timeouts, and is refused. On SQLite the write
    lock that the migration's transaction takes when it begins does the same, and foreign keys are not enforced: SQLite
    changes a table by copying it and dropping the old one, which would delete every row that refers to it.

    Args:
        url: Where to connect.
        patience: How long statements wait.
        waiting: Called once when another migrator is running.

    Raises:
        SchemaToolsError: Another migrator ran for too long, the URL is that of a pooler, or the directory of a SQLite
            file does not exist.
        sqlalchemy.exc.DBAPIError: The database cannot be reached.
    """
    file = sqlite_file(url)
    if file is not None:
        with suppress(OSError):  # SQLite says why, when it opens it
            os.close(os.open(file, os.O_CREAT, 0o600))  # for its owner only
        with counting_goes_on(), sqlite_engine(url).connect() as connection:
            yield connection
        return
    patience = patience or Patience()
    bounds = f"-c lock_timeout={patience.lock_timeout_ms} -c statement_timeout={patience.statement_timeout_ms}"
    engine = postgresql_engine(url, application=APPLICATION_NAME, bounds=bounds)
    with engine.connect() as guard:
        guard = guard.execution_options(isolation_level="AUTOCOMMIT")  # noqa: PLW2901 -- the same connection
        _wait_for_the_others(guard, patience.migrator_seconds, waiting)
        with engine.connect() as connection:
            connection.execute(text(f"SET lock_timeout = {patience.lock_timeout_ms}"))
            connection.execute(text(f"SET statement_timeout = {patience.statement_timeout_ms}"))
            connection.commit()
            mind_concurrent_builds(
                connection,
                ordinary=(patience.lock_timeout_ms, patience.statement_timeout_ms),
                concurrent=(patience.concurrent_lock_timeout_ms, 0),
            )
            with waits_watched(guard, connection, every_seconds=patience.lock_timeout_ms / 5_000):
                yield connection


def postgresql_engine(url: URL, *, application: str = "", bounds: str = "") -> Engine:
    """An engine without a pool, whose errors never show a parameter, for PostgreSQL.

    Its sessions state what they depend on, whatever the role or the database sets: how values are worded, and how long
    statements and transactions may last. They have the name of the `application`, unless the URL gives one. Connecting
    raises `SchemaToolsError` where the URL is that of a pooler.

    Args:
        url: The database. Its own `options` count before `bounds`.
        application: A name for the sessions.
        bounds: The lock and statement timeouts, as `options` of libpq; none by default.
    """
    given = url.query.get("options", "")
    options = [_PATIENT, bounds or "-c lock_timeout=0 -c statement_timeout=0", *_several(given), SESSION_OPTIONS]
    arguments: dict[str, Any] = {"options": " ".join(filter(None, options)), "client_encoding": "utf8"}
    if application:
        arguments["fallback_application_name"] = application
    limits = {"connect_timeout": CONNECT_SECONDS, **_NETWORK}
    arguments |= {name: value for name, value in limits.items() if name not in url.query}
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=arguments)
    engine.dialect.connect = _connecting(engine.dialect.connect, url.port)  # type: ignore[method-assign]
    event.listen(engine, "connect", lambda connection, _record: _begin(connection, shown(url)))
    return engine


def _several(given: str | tuple[str, ...]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else given


def _begin(driver_connection: Any, place: str) -> None:
    refuse_pooler(driver_connection, place)
    if driver_connection.info.server_version >= _TRANSACTION_TIMEOUT_SINCE:
        # Not among the options, which an older server would refuse.
        driver_connection.execute("SET transaction_timeout = 0")
        driver_connection.commit()


def live_engine(url: URL, *, search_path: str | None = None) -> Engine:
    """An engine for reading a live database: it waits for a lock for seconds, and takes no lock of SQLite's.

    Args:
        url: The database.
        search_path: The schemas in which names are looked for on PostgreSQL, where they are not the usual ones.
    """
    if url.get_backend_name() == "sqlite":
        return create_engine(url, poolclass=NullPool)
    engine = postgresql_engine(url, bounds=_READING)
    if search_path is not None:

        @event.listens_for(engine, "connect")
        def _set_search_path(driver_connection: Any, _record: object) -> None:
            driver_connection.execute(f"SET search_path = {search_path}")
            driver_connection.commit()

    return engine


def _connecting(connect: Callable[..., Any], port: int | None) -> Callable[..., Any]:
    """What connects as a dialect does, and to a throwaway server without the variables of libpq."""

    def connected(*arguments: Any, **named: Any) -> Any:
        with connecting(port):
            return connect(*arguments, **named)

    return connected


def sqlite_engine(url: URL) -> Engine:
    """An engine without a pool for SQLite, on which DDL is part of transactions and foreign keys are off.

    A transaction takes the write lock when it begins; waiting for it ends after 30 seconds.
    """
    patience = {} if "timeout" in url.query else {"timeout": SQLITE_BUSY_SECONDS}
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args=patience)

    # The driver begins transactions by itself, but not before DDL, unless it is told to leave them alone:
    # https://docs.python.org/3/library/sqlite3.html#transaction-control
    @event.listens_for(engine, "connect")
    def _leave_transactions_to_us(dbapi_connection: object, _record: object) -> None:
        dbapi_connection.isolation_level = None  # type: ignore[attr-defined]
        dbapi_connection.execute("PRAGMA foreign_keys = OFF")  # type: ignore[attr-defined]

    @event.listens_for(engine, "begin")
    def _take_the_write_lock(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def refuse_dangling_references(connection: Connection) -> None:
    """Check every foreign key of a SQLite database, which was not done while the migration ran.

    Raises:
        SchemaToolsError: A row refers to one that is not there.
    """
    dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if dangling:
        pairs = ", ".join(sorted({f"{row[0]} -> {row[2]}" for row in dangling}))
        raise SchemaToolsError(
            f"{len(dangling)} row(s) would refer to rows that do not exist ({pairs}); nothing was changed"
        )


def _wait_for_the_others(guard: Connection, seconds: float, waiting: Waiting | None) -> None:
    """Take the advisory lock by polling.

    A statement that waits for it would hold a snapshot, and a concurrent index build in the other migrator would wait
    for that snapshot for ever.
    """
    deadline = time.monotonic() + seconds
    pause = 0.05
    while not guard.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": ADVISORY_LOCK}).scalar_one():
        if waiting is not None:
            waiting(migrator_at_work(guard, ADVISORY_LOCK))
            waiting = None
        if time.monotonic() > deadline:
            holder = migrator_at_work(guard, ADVISORY_LOCK)
            raise SchemaToolsError(
                f"another migration was still at work after {seconds:.0f} seconds"
                + (f": {holder}; wait for that to end, or end it, and run this again" if holder else "")
            )
        time.sleep(pause)
        pause = min(1.0, pause * 1.5)


COPY_PREFIX: Final = "_alembic_tmp_"


@contextmanager
def counting_goes_on() -> Iterator[None]:
    """Inside, a batch operation on an AUTOINCREMENT table of SQLite keeps its counter.

    SQLite cannot alter most of a table, so Alembic creates `_alembic_tmp_<table>`, copies the rows, drops the
    table and renames the copy. The reflected table lacks the AUTOINCREMENT keyword, and the counter in
    `sqlite_sequence` would go with the old table: the id of a deleted row would be given out again. A counter that is
    inserted there under the copy's name is renamed with it (https://www.sqlite.org/autoinc.html).
    """
    event.listen(Table, "before_create", _count_on)
    try:
        yield
    finally:
        event.remove(Table, "before_create", _count_on)


def _count_on(table: Table, connection: Connection, **_kw: object) -> None:
    if connection.dialect.name != "sqlite" or not table.name.startswith(COPY_PREFIX):
        return
    names = {"copy": table.name, "name": table.name.removeprefix(COPY_PREFIX)}
    definition = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name"
    if "AUTOINCREMENT" in (connection.execute(text(definition), names).scalar() or "").upper():
        table.dialect_options["sqlite"]["autoincrement"] = True
        counter = "INSERT INTO sqlite_sequence (name, seq) SELECT :copy, seq FROM sqlite_sequence WHERE name = :name"
        connection.execute(text(counter), names)
