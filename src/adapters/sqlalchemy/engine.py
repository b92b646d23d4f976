"""Engines: how the service connects to PostgreSQL and to SQLite."""

import asyncio
import os
import sqlite3
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from psycopg import AsyncConnection, ProgrammingError
from psycopg.conninfo import make_conninfo, timeout_from_conninfo
from sqlalchemy import URL, Connection, ExceptionContext, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from application.errors import StorageMisconfigured

_BEGIN_IMMEDIATE: Final = "begin_immediate"
# read_only_sql_transaction: PostgreSQL manual, appendix A.
_READ_ONLY: Final = "25006"
# PostgreSQL manual, 34.1.2.
_SSL_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of the database one process may use, and for how long.

    `pool_size` connections and never more; a caller waits `pool_timeout` for one. A statement may take
    `statement_timeout`, a lock may be waited for `lock_timeout`, and an open transaction may do nothing for
    `idle_timeout`; PostgreSQL keeps these three, SQLite the lock's.
    """

    pool_size: int
    pool_timeout: timedelta
    statement_timeout: timedelta
    lock_timeout: timedelta
    idle_timeout: timedelta


class Database:
    """The engines of one database, sharing one pool.

    `reader` runs each statement on its own, without a transaction; `sessions` makes the sessions of units of work;
    `probe` has a single connection beside the pool, so that a health check does not wait behind the traffic.
    """

    def __init__(self, url: str, limits: Limits) -> None:
        parsed = _parse(url)
        open_engine = _open_sqlite if parsed.get_backend_name() == "sqlite" else _open_postgresql
        engine = open_engine(parsed, limits, limits.pool_size)
        self.probe = _reading(open_engine(parsed, limits, 1))
        self.reader = _reading(engine)
        self.sessions = async_sessionmaker(_writing(engine), class_=AsyncSession, expire_on_commit=False)

    async def dispose(self) -> None:
        """Close every connection."""
        await self.reader.dispose()
        await self.probe.dispose()


def _parse(url: str) -> URL:
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        # The original message may quote the URL, and so the password.
        raise StorageMisconfigured("DATABASE_URL is no valid database URL.") from None


def _reading(engine: AsyncEngine) -> AsyncEngine:
    if engine.dialect.name == "sqlite":
        return engine  # its connections open no transaction of their own accord
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def _writing(engine: AsyncEngine) -> AsyncEngine:
    return engine.execution_options(**{_BEGIN_IMMEDIATE: True})


def _pool(limits: Limits, size: int) -> dict[str, Any]:
    return {
        "pool_size": size,
        "max_overflow": 0,
        "pool_timeout": limits.pool_timeout.total_seconds(),
        "pool_pre_ping": True,
        # The connection used last is used next, so that those a peak opened fall idle and are recycled.
        "pool_use_lifo": True,
        "pool_recycle": timedelta(minutes=30).total_seconds(),
        "hide_parameters": True,
    }


def _milliseconds(duration: timedelta) -> int:
    return round(duration.total_seconds() * 1000)


def _open_postgresql(url: URL, limits: Limits, pool_size: int) -> AsyncEngine:
    _check_parameters(url)
    options = {
        "statement_timeout": _milliseconds(limits.statement_timeout),
        "lock_timeout": _milliseconds(limits.lock_timeout),
        "idle_in_transaction_session_timeout": _milliseconds(limits.idle_timeout),
        "timezone": "UTC",
    }
    own = " ".join(f"-c {name}={value}" for name, value in options.items())
    given = url.query.get("options", "")
    # Parameters of libpq, PostgreSQL manual 34.1.2; times in seconds but for tcp_user_timeout. The URL's own win.
    arguments: dict[str, Any] = {
        "application_name": "fastapi-service",
        "connect_timeout": 2,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
    }
    arguments = {name: value for name, value in arguments.items() if name not in url.query}
    arguments["options"] = f"{own} {given}".strip()
    arguments["async_creator_fn"] = _connect
    try:
        engine = create_async_engine(url, connect_args=arguments, **_pool(limits, pool_size))
    except ArgumentError:
        raise StorageMisconfigured("DATABASE_URL names its hosts and ports in a way that cannot be read.") from None
    event.listen(engine.sync_engine, "handle_error", _forget_standbys)
    return engine


def _check_parameters(url: URL) -> None:
    """Raise `StorageMisconfigured` for parameters that no connection could be made with."""
    try:
        make_conninfo(**dict.fromkeys(url.query, ""))
        timeout_from_conninfo({"connect_timeout": str(url.query.get("connect_timeout", "2"))})
    except ProgrammingError:
        raise StorageMisconfigured("DATABASE_URL has a parameter after the ? that PostgreSQL does not know.") from None
    if url.port is not None and not 0 < url.port < 2**16:
        raise StorageMisconfigured("The port in DATABASE_URL must be from 1 to 65535.")
    if url.query.get("sslmode", "prefer") not in _SSL_MODES:
        raise StorageMisconfigured(f"The sslmode in DATABASE_URL must be one of {', '.join(_SSL_MODES)}.")


def _forget_standbys(context: ExceptionContext) -> None:
    # A pooled connection to a primary that became a standby answers every write like this, and would for ever.
    if getattr(context.original_exception, "sqlstate", None) == _READ_ONLY:
        context.is_disconnect = True


async def _connect(**parameters: Any) -> AsyncConnection[Any]:
    """Open a connection of the pool; a caller who is cancelled meanwhile goes when it is open, and closes it.

    An opening that is cut short leaves its socket to the garbage collector: the server would count a connection that
    the pool no longer does. `connect_timeout` says how long that can take.
    """
    opening = asyncio.create_task(AsyncConnection.connect(**parameters))
    cancelled = None
    while not opening.done():
        try:
            await asyncio.wait([opening])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is None:
        return opening.result()
    if opening.exception() is None:
        await opening.result().close()
    raise cancelled


def _open_sqlite(url: URL, limits: Limits, pool_size: int) -> AsyncEngine:
    if not url.database or url.database == ":memory:":
        raise StorageMisconfigured("DATABASE_URL names no file for SQLite; memory:// is the storage without one.")
    if url.query:
        raise StorageMisconfigured("DATABASE_URL may have no parameters after a ? for SQLite.")
    directory = Path(url.database).parent
    if not directory.is_dir():
        raise StorageMisconfigured(f"The directory {directory} of DATABASE_URL does not exist; create it first.")
    if Path(url.database).is_dir():
        raise StorageMisconfigured(f"DATABASE_URL names {url.database}, which is a directory; SQLite needs a file.")
    _create_privately(Path(url.database))
    engine = create_async_engine(
        url,
        # No implicit BEGIN by the driver: transactions are begun below.
        connect_args={
            "isolation_level": None,
            "timeout": limits.lock_timeout.total_seconds(),
            "factory": _UnlockingConnection,
        },
        **_pool(limits, pool_size),
    )
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_immediately)
    return engine


class _UnlockingConnection(sqlite3.Connection):
    """Gives its locks back when it is closed, whatever is left of it.

    SQLite keeps a closed connection, and its write lock, for as long as one of its statements is unfinished
    (https://www.sqlite.org/c3ref/close.html), and the traceback of a cancelled call may keep a statement.
    """

    def close(self) -> None:
        """Undo what was not committed, then close."""
        try:
            self.rollback()
        finally:
            super().close()


def _create_privately(file: Path) -> None:
    """Let nobody else read a new database; SQLite gives the files beside it the same mode."""
    try:
        os.close(os.open(file, os.O_CREAT, 0o600))
    except OSError:
        return  # SQLite will say it, when it opens the file


def _prepare_sqlite(connection: Any, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    # FULL: an acknowledged commit survives a power failure in WAL mode, too (https://www.sqlite.org/pragma.html).
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediately(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once when another wrote in between; taking the write
    # lock at the beginning waits for it instead.
    if connection.get_execution_options().get(_BEGIN_IMMEDIATE):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
