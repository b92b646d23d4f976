"""Statements on SQLite: by themselves, or in a transaction."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, CursorResult, ForeignKey, Table, exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.dml import Delete, UpdateBase

from foundation.kernel.deadline import extend_deadline
from foundation.kernel.errors import WriteConflict
from foundation.sqlalchemy.constraints import ForeignKeyViolated
from foundation.sqlalchemy.mapped import KEY
from foundation.sqlalchemy.restrictions import restricted, restricting
from foundation.sqlalchemy.sqlite.engine import TRANSACTION
from foundation.sqlalchemy.tenancy import TENANT_ID, of_tenant
from foundation.sqlalchemy.transaction import Change, Make, ReturnsRows, Row


class SqliteTransaction:
    """One transaction on SQLite. See `foundation.sqlalchemy.transaction.Transaction`."""

    dialect: Final = "sqlite"

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._connection: AsyncConnection | None = None
        self._sources: list[Callable[[], list[Change]]] = []
        self._last_source: Callable[[], list[Change]] = list

    def write_from(self, source: Callable[[], list[Change]]) -> None:
        """See `Transaction.write_from`."""
        self._sources.append(source)

    def write_last(self, source: Callable[[], list[Change]]) -> None:
        """See `Transaction.write_last`."""
        self._last_source = source

    async def flush(self) -> None:
        """See `Transaction.flush`."""
        for source in self._sources:
            for change in source():
                if not await self.changed(change):
                    raise WriteConflict

    async def rows(self, statement: ReturnsRows, parameters: Mapping[str, Any], make: Make[Row]) -> list[Row]:
        """See `Transaction.rows`."""
        connection = await self._connected()
        return [make(row) for row in await connection.execute(statement, parameters)]

    async def added(self, statement: UpdateBase, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        """See `Transaction.added`. SQLite promises no order for the ids of one INSERT, so each row has its own."""
        connection = await self._connected()
        return [(await execute(connection, Change(statement, one))).scalar_one() for one in rows]

    async def changed(self, change: Change) -> int:
        """See `Transaction.changed`."""
        return (await execute(await self._connected(), change)).rowcount

    async def connection(self, *, deferred: bool = False) -> AsyncConnection:
        """See `Transaction.connection`."""
        connection = await self._connected(deferred=deferred)
        await self.flush()
        return connection

    def extend(self, seconds: float) -> None:
        """See `Transaction.extend`."""
        extend_deadline(seconds)

    async def commit(self) -> None:
        """See `Transaction.commit`."""
        await self.flush()
        for change in self._last_source():
            await self.changed(change)
        if self._connection is not None:
            await self._connection.commit()

    async def close(self) -> None:
        """See `Transaction.close`; the connection is returned even when the task is being cancelled."""
        if self._connection is not None:
            await self._connection.__aexit__(None, None, None)

    async def _connected(self, *, deferred: bool = False) -> AsyncConnection:
        if self._connection is None:
            self._connection = await self._engine.connect().start()
        if not self._connection.in_transaction():
            kind = "DEFERRED" if deferred else "IMMEDIATE"
            await self._connection.execution_options(**{TRANSACTION: kind})
        return self._connection


async def execute(connection: AsyncConnection, change: Change) -> CursorResult[Any]:
    """Execute a statement about one row.

    Raises:
        ForeignKeyViolated: it violates a foreign key.
    """
    try:
        return await connection.execute(change.statement, change.parameters)
    except IntegrityError as error:
        if not is_foreign_key_violation(error):
            raise
        raise ForeignKeyViolated(await _violated_foreign_key(connection, change)) from error


def is_foreign_key_violation(error: IntegrityError) -> bool:
    """Whether SQLite says so. It does not say which foreign key: the rows are looked up to find out."""
    return str(error.orig) == "FOREIGN KEY constraint failed"


async def _violated_foreign_key(connection: AsyncConnection, change: Change) -> str:
    table = change.statement.table
    assert isinstance(table, Table)  # noqa: S101 -- for the type
    checks: list[tuple[ForeignKey, ColumnElement[bool]]]
    if isinstance(change.statement, Delete):
        key = change.parameters[KEY]
        others = (one for other in table.metadata.tables.values() for one in foreign_keys(other))
        checks = [(one, exists().where(one.parent == key)) for one in others if one.column.table is table]
    else:
        values = ((one, change.parameters[one.parent.key]) for one in foreign_keys(table))
        checks = [(one, ~_is_there(one, value)) for one, value in values if value is not None]
    for foreign_key, violated in checks:
        if await connection.scalar(select(violated), restricting(of_tenant(foreign_key.column.table))):
            return name_of(foreign_key)
    return ""


def _is_there(one: ForeignKey, value: object) -> ColumnElement[bool]:
    referred = one.column.table
    return exists().where(one.column == value, *restricted(referred, of_tenant(referred)))


def foreign_keys(table: Table) -> list[ForeignKey]:
    """The foreign keys of the table, by name, each of which is one column, beside the tenant where that is part."""
    return sorted((one for one in table.foreign_keys if one.parent.key != TENANT_ID), key=name_of)


def name_of(foreign_key: ForeignKey) -> str:
    """The name of its constraint."""
    return str(foreign_key.constraint.name) if foreign_key.constraint is not None else ""
