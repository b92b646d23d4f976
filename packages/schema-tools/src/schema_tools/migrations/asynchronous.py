"""What a revision runs with `op.run_async`, on the connection of a rehearsal, which is not asynchronous."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Final

from alembic.operations import Operations
from sqlalchemy import Connection, Engine
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.util import await_only

from schema_tools.migrations.handed import Handed

_METHOD: Final = "run_async"


@contextmanager
def asynchronous_functions() -> Iterator[None]:
    """Meanwhile, `op.run_async` works on any connection, which calls it."""
    own = getattr(Operations, _METHOD, None)
    if own is None:  # before Alembic 1.11
        yield
        return

    @wraps(own)
    def run_async(self: Operations, function: Callable[..., Awaitable[Any]], *args: Any, **kw: Any) -> Any:
        connection = self.get_bind()
        if connection.dialect.is_async:
            return own(self, function, *args, **kw)
        return _to_its_end(function(_as_asynchronous(connection), *args, **kw))

    setattr(Operations, _METHOD, run_async)
    try:
        yield
    finally:
        setattr(Operations, _METHOD, own)


class _Engine(AsyncEngine):
    """The engine of such a connection, which is not asynchronous either."""

    def __init__(self, engine: Engine) -> None:
        self.sync_engine = engine


def _as_asynchronous(connection: Connection) -> AsyncConnection:
    return AsyncConnection(_Engine(connection.engine), Handed(connection))


def _to_its_end(work: Awaitable[Any]) -> Any:
    """The result of what is awaited, in the event loop that runs, or in one of its own."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(_awaited(work))
    return await_only(work)


async def _awaited(work: Awaitable[Any]) -> Any:
    return await work
