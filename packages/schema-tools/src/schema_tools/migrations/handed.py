"""The connection that the code of a project is handed in the place of one that it opens."""

import asyncio
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import MissingGreenlet
from sqlalchemy.util import await_only


class Handed(Connection):
    """A connection in the place of one that `env.py` opens. When that is closed, the connection stays open."""

    def __init__(self, connection: Connection) -> None:
        # What one of them does the other has done: a transaction, options, the dialect.
        self.__dict__ = connection.__dict__

    def close(self) -> None:
        """End the transaction as closing does."""
        if self.in_transaction():
            self.rollback()

    def execute(self, *args: Any, **kw: Any) -> Any:
        """Execute a statement, also for an asynchronous connection."""
        return _for_asynchronous(super().execute(*args, **kw))

    def exec_driver_sql(self, *args: Any, **kw: Any) -> Any:
        """As `execute`."""
        return _for_asynchronous(super().exec_driver_sql(*args, **kw))


def _for_asynchronous(result: Any) -> Any:
    """The result of a statement, with what SQLAlchemy demands of one that an asynchronous connection executed."""
    if awaited() and getattr(result, "cursor", None) is not None:
        result.cursor = _Cursor(result.cursor)
    return result


def awaited() -> bool:
    """Whether an asynchronous connection calls this. SQLAlchemy demands that it awaits something, which is done."""
    try:
        await_only(asyncio.sleep(0))
    except MissingGreenlet:
        return False
    return True


class _Cursor:
    """A cursor that SQLAlchemy tells how an asynchronous connection is done with it."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    async def _async_soft_close(self) -> None:
        """Its rows are still to be read."""
