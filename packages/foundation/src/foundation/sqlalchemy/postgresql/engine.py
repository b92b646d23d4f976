"""How the service connects to PostgreSQL."""

import asyncio
import math
from functools import partial
from typing import Any, Final

from psycopg import AsyncConnection, ProgrammingError
from psycopg.conninfo import make_conninfo, timeout_from_conninfo
from psycopg.errors import ConnectionTimeout
from sqlalchemy import URL, ExceptionContext, event
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from foundation.kernel.deadline import seconds_left
from foundation.kernel.errors import StorageMisconfigured
from foundation.sqlalchemy.limits import Limits, milliseconds, pool_options
from foundation.sqlalchemy.postgresql.watchdog import Watchdog

# What the texts that are sent and received depend on, whatever the role or the database sets.
SESSION: Final = {"timezone": "UTC", "datestyle": "ISO", "intervalstyle": "postgres", "bytea_output": "hex"}
# read_only_sql_transaction: PostgreSQL manual, appendix A.
_READ_ONLY: Final = "25006"
# The pool above it resets its connections itself.
_UNPOOLED: Final[dict[str, Any]] = {"poolclass": NullPool, "pool_reset_on_return": None, "hide_parameters": True}
# PostgreSQL manual, 34.1.2.
_SSL_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


def open_postgresql(
    url: URL, limits: Limits, watchdog: Watchdog, *, kept: int = 0, pooler: bool = False
) -> AsyncEngine:
    """An engine for the server at `url`, which pools `kept` connections; 0 leaves pooling to the caller.

    Its connections open no transaction by themselves. The `watchdog` watches each while it is opened, and those that
    the engine pools while they are in use.

    With a `pooler` in between, what a session would be set to is left to each transaction. The connections that the
    engine pools begin one with their first statement, and set it then; on others the caller does.

    Raises:
        StorageMisconfigured: no connection could be made as the URL says.
    """
    _check_parameters(url, pooler=pooler)
    # Parameters of libpq, PostgreSQL manual 34.1.2; times in seconds but for tcp_user_timeout. The URL's own win.
    arguments: dict[str, Any] = {
        "application_name": "fastapi-service",
        "client_encoding": "utf8",
        "connect_timeout": 2,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
    }
    arguments = {name: value for name, value in arguments.items() if name not in url.query}
    if pooler:
        arguments["prepare_threshold"] = None  # psycopg prepares nothing
    else:
        own = " ".join(f"-c {name}={value}" for name, value in session_settings(limits).items())
        arguments["options"] = f"{own} {url.query.get('options', '')}".strip()
    arguments["async_creator_fn"] = partial(_connect, watchdog)
    try:
        pool = pool_options(limits, kept) if kept else _UNPOOLED
        isolation = {} if pooler and kept else {"isolation_level": "AUTOCOMMIT"}
        engine = create_async_engine(url, use_native_hstore=False, connect_args=arguments, **isolation, **pool)
    except ArgumentError:
        raise StorageMisconfigured("DATABASE_URL names its hosts and ports in a way that cannot be read.") from None
    event.listen(engine.sync_engine, "handle_error", _forget_standbys)
    if pooler and kept:
        setting = local_settings(limits)
        event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql(setting))
    if kept:
        event.listen(engine.sync_engine, "checkout", lambda one, *_: watchdog.watch(one.driver_connection))
        event.listen(engine.sync_engine, "checkin", lambda one, _: _forget(watchdog, one))
    return engine


def session_settings(limits: Limits) -> dict[str, str]:
    """What PostgreSQL is told about each session, or through a pooler about each transaction."""
    return {
        "statement_timeout": str(milliseconds(limits.statement_timeout)),
        "lock_timeout": str(milliseconds(limits.lock_timeout)),
        "idle_in_transaction_session_timeout": str(milliseconds(limits.idle_timeout)),
        **SESSION,
    }


def local_settings(limits: Limits) -> str:
    """The statement that sets it to the end of the transaction (PostgreSQL manual, 9.28.1)."""
    calls = [f"set_config('{name}', '{value}', true)" for name, value in session_settings(limits).items()]
    return f"SELECT {', '.join(calls)}"


def _check_parameters(url: URL, *, pooler: bool) -> None:
    """Raise `StorageMisconfigured` for parameters that no connection could be made with."""
    try:
        make_conninfo(**dict.fromkeys(url.query, ""))
        timeout_from_conninfo({"connect_timeout": str(url.query.get("connect_timeout", "2"))})
    except ProgrammingError:
        raise StorageMisconfigured("DATABASE_URL has a parameter after the ? that PostgreSQL does not know.") from None
    if pooler and "options" in url.query:
        raise StorageMisconfigured(
            "DATABASE_URL has options after the ?, which a pooler does not pass on: with DATABASE_POOLER=transaction"
            " set them for the role instead (ALTER ROLE ... SET)."
        )
    if url.port is not None and not 0 < url.port < 2**16:
        raise StorageMisconfigured("The port in DATABASE_URL must be from 1 to 65535.")
    if url.query.get("sslmode", "prefer") not in _SSL_MODES:
        raise StorageMisconfigured(f"The sslmode in DATABASE_URL must be one of {', '.join(_SSL_MODES)}.")


def _forget_standbys(context: ExceptionContext) -> None:
    # A pooled connection to a primary that became a standby answers every write like this, and would for ever.
    if getattr(context.original_exception, "sqlstate", None) == _READ_ONLY:
        context.is_disconnect = True


def _forget(watchdog: Watchdog, connection: Any) -> None:
    if connection is not None:  # it was closed already
        watchdog.forget(connection.driver_connection)


async def _connect(watchdog: Watchdog, **parameters: Any) -> AsyncConnection[Any]:
    """Open a connection of the pool; a caller that is cancelled meanwhile waits until it is open, and closes it.

    An opening that is cut short leaves its socket to the garbage collector: the server would count a connection that
    the pool no longer does. `connect_timeout` limits how long that can take, for each host. At the deadline the caller
    goes, and what is opened later is closed.
    """
    opening = asyncio.create_task(AsyncConnection.connect(**parameters))
    cancelled = None
    while not opening.done() and (left := seconds_left()) > 0:
        try:
            await asyncio.wait([opening], timeout=None if left == math.inf else left)
        except asyncio.CancelledError as error:
            cancelled = error
    if not opening.done():
        opening.add_done_callback(_close_unwanted)
        raise cancelled or ConnectionTimeout("connection timeout expired")
    if cancelled is None:
        watchdog.watch(opening.result())  # SQLAlchemy asks the first one what server this is
        return opening.result()
    if opening.exception() is None:
        await opening.result().close()
    raise cancelled


def _close_unwanted(opening: asyncio.Task[AsyncConnection[Any]]) -> None:
    if opening.exception() is None:
        opening.result().pgconn.finish()
