"""Statements on SQLite: by themselves, or in a transaction."""

import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
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
from foundation.sqlalchemy.sqlite.connection import BoundedConnection, NotAnswered
from foundation.sqlalchemy.sqlite.statements import fixed_statement, sqlite_statement
from foundation.sqlalchemy.sqlite.turns import Turns
from foundation.sqlalchemy.tenancy import TENANT_ID, of_tenant
from foundation.sqlalchemy.transaction import Change, Make, ReturnsRows, Row

_FOREIGN_KEY: Final = "FOREIGN KEY constraint failed"


class SqliteTransaction:
    """One transaction on SQLite. See `foundation.sqlalchemy.transaction.Transaction`."""

    dialect: Final = "sqlite"

    def __init__(self, engine: AsyncEngine, turns: Turns) -> None:
        self._engine = engine
        self._turns = turns
        self._end_turn: Callable[[], None] | None = None
        self._connection: AsyncConnection | None = None
        self._driver: BoundedConnection | None = None
        self._begun = False
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
        compiled = sqlite_statement(statement)
        if compiled is None:
            connection = await self._connected()
            return [make(row) for row in await connection.execute(statement, parameters)]
        values = compiled.values(parameters)
        found: list[Row] = await self._run(lambda connection: compiled.rows(connection, values, make))
        return found

    async def added(self, statement: UpdateBase, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        """See `Transaction.added`. SQLite promises no order for the ids of one INSERT, so each row has its own."""
        compiled = fixed_statement(statement)
        added: list[Any] = []

        def add(connection: sqlite3.Connection) -> None:
            for one in rows[len(added) :]:
                added.extend(compiled.rows(connection, compiled.values(one), _only))

        try:
            await self._run(add)
        except sqlite3.IntegrityError as error:
            await self._explain(error, Change(statement, rows[len(added)]))
            raise
        return added

    async def changed(self, change: Change) -> int:
        """See `Transaction.changed`."""
        compiled = fixed_statement(change.statement)
        values = compiled.values(change.parameters)
        try:
            count: int = await self._run(lambda connection: connection.execute(compiled.sql, values).rowcount)
        except sqlite3.IntegrityError as error:
            await self._explain(error, change)
            raise
        return count

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
        if self._connection is not None and self._driver is not None:
            # First SQLAlchemy's, which knows of no transaction that is ours.
            await self._connection.commit()
            await self._bounded(self._driver.commit())
            self._begun = False
            self._finish_turn()

    async def close(self) -> None:
        """See `Transaction.close`; the connection is returned even when the task is being cancelled."""
        try:
            if self._connection is not None:
                # What was not committed is undone when the pool gets the connection back.
                await self._connection.__aexit__(None, None, None)
        finally:
            self._finish_turn()

    def _finish_turn(self) -> None:
        if self._end_turn is not None:
            self._end_turn()
            self._end_turn = None

    async def _connected(self, *, deferred: bool = False) -> AsyncConnection:
        """SQLAlchemy's connection, in a transaction of which SQLAlchemy knows nothing."""
        if self._begun and self._connection is not None:
            return self._connection
        await self._run(_nothing, deferred=deferred)
        assert self._connection is not None  # noqa: S101 -- for the type
        return self._connection

    async def _run(self, work: Callable[[sqlite3.Connection], Any], *, deferred: bool = False) -> Any:
        """Do something in the transaction, in the thread of its connection, in one hop; a new one begins with it."""
        begins = not self._begun
        if begins and not deferred and self._end_turn is None:
            # Before the connection: a crowd of writers needs one.
            self._end_turn = await self._turns.take()
        if self._connection is None:
            self._connection = await self._engine.connect().start()
            self._driver = (await self._connection.get_raw_connection()).driver_connection
        driver = self._driver
        assert driver is not None  # noqa: S101 -- for the type

        def begun(connection: sqlite3.Connection) -> Any:
            if begins:
                # A transaction that reads first and writes later fails at once when another wrote in between; taking
                # the write lock at the beginning waits for it instead.
                connection.execute(f"BEGIN {'DEFERRED' if deferred else 'IMMEDIATE'}")
                self._begun = True
            return work(connection)

        return await self._bounded(driver.run(begun))

    async def _bounded(self, call: Awaitable[Any]) -> Any:
        """Await a call; a connection whose disk does not answer is not used again."""
        try:
            return await call
        except NotAnswered:
            if self._connection is not None:
                await self._connection.invalidate()
            raise

    async def _explain(self, error: sqlite3.IntegrityError, change: Change) -> None:
        """Raise `ForeignKeyViolated` if that is what it is."""
        if str(error) == _FOREIGN_KEY:
            raise ForeignKeyViolated(await _violated_foreign_key(await self._connected(), change)) from error


def _nothing(_connection: sqlite3.Connection) -> None:
    """Only begin the transaction."""


def _only(row: Sequence[Any]) -> Any:
    return row[0]


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
    return str(error.orig) == _FOREIGN_KEY


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
