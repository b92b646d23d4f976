"""A transaction, as repositories use it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningDelete, ReturningInsert, UpdateBase

Row = TypeVar("Row")
Make = Callable[[Sequence[Any]], Row]
ReturnsRows: TypeAlias = Select[Any] | ReturningInsert[Any] | ReturningDelete[Any]


class Change(NamedTuple):
    """A statement that must change one row, and its parameters."""

    statement: UpdateBase
    parameters: Mapping[str, Any]


class Transaction(Protocol):
    """One transaction. It takes a connection with its first statement, and returns it when it is closed.

    Statements are made once per process, with a parameter wherever calls differ.
    """

    @property
    def dialect(self) -> str:
        """The name of SQLAlchemy's dialect."""
        ...

    def write_from(self, source: Callable[[], list[Change]]) -> None:
        """Let `source` yield the changes that are to be written."""
        ...

    def write_last(self, source: Callable[[], list[Change]]) -> None:
        """Let `source` yield rows to be added after all changes, together with the commit."""
        ...

    async def flush(self) -> None:
        """Write the changes so far.

        Raises:
            WriteConflict: a change did not find its row, because another writer came first.
        """
        ...

    async def rows(self, statement: ReturnsRows, parameters: Mapping[str, Any], make: Make[Row]) -> list[Row]:
        """The rows that a statement returns, each made by `make` of its values."""
        ...

    async def added(self, statement: UpdateBase, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Run an INSERT for each of the `rows`, in their order; the one value that each returns."""
        ...

    async def changed(self, change: Change) -> int:
        """How many rows the statement changed."""
        ...

    async def connection(self, *, deferred: bool = False) -> AsyncConnection:
        """A connection of SQLAlchemy in this transaction. Ask for it each time: other statements may come in between.

        The changes so far are written first. With `deferred`, a transaction that begins here takes the write lock of
        SQLite only when it writes.
        """
        ...

    def extend(self, seconds: float) -> None:
        """Let the rest of the transaction take this long, which is longer than usual."""
        ...

    async def commit(self) -> None:
        """Write the changes and commit; raises as `flush`."""
        ...

    async def close(self) -> None:
        """Undo what was not committed, and return the connection."""
        ...


class Reader(Protocol):
    """Sees what is committed, a statement at a time."""

    async def rows(self, statement: Select[Any], parameters: Mapping[str, Any], make: Make[Row]) -> list[Row]:
        """The rows of a statement that is made once per process, each made by `make` of its values."""
        ...
