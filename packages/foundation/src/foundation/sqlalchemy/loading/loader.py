"""Rows, in bulk: staged, marked where a unique value is taken, and the others added."""

from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import DropTable

from foundation.kernel.bulk_loading import Loaded, Numbered
from foundation.kernel.errors import AlreadyTaken
from foundation.sqlalchemy.adapter import SqlAlchemyAdapter
from foundation.sqlalchemy.constraints import ForeignKeyViolated
from foundation.sqlalchemy.errors import DatabaseErrors, Translation
from foundation.sqlalchemy.loading.postgresql import stage_on_postgresql
from foundation.sqlalchemy.loading.sqlite import stage_on_sqlite
from foundation.sqlalchemy.loading.statements import LoadStatements, load_statements
from foundation.sqlalchemy.restrictions import restricting
from foundation.sqlalchemy.sqlite.transaction import foreign_keys, is_foreign_key_violation, name_of
from foundation.sqlalchemy.tenancy import of_tenant
from foundation.sqlalchemy.transaction import Transaction

Item = TypeVar("Item")

# Seconds by which our own limit is later than that of the server, which can say what it ended.
_LATER: Final = 2.0
_SAVEPOINT: Final = text("SAVEPOINT adding")
_ROLLBACK: Final = text("ROLLBACK TO SAVEPOINT adding")
_RELEASE: Final = text("RELEASE SAVEPOINT adding")


async def load_rows(
    adapter: SqlAlchemyAdapter[Any, Any, Any],
    transaction: Transaction,
    errors: DatabaseErrors,
    batches: AsyncIterable[Sequence[Numbered[Any]]],
    *,
    at: datetime,
    reported: int,
    bulk_timeout: timedelta,
) -> Loaded:
    """See `BulkLoader.load`."""
    source = _without_empty(batches)
    first = await anext(source, None)
    if first is None:
        return Loaded(0, 0, ())
    statements = load_statements(adapter, first[0].value._fields)
    example = adapter.new(first[0].value, at=at)
    constants = {f"_{name}": getattr(example, name) for name in statements.constants}
    tenant = restricting(of_tenant(adapter.table))
    whole = _chained(first, source)
    limit = bulk_timeout.total_seconds() + _LATER
    with errors.translated:
        connection = await transaction.connection(deferred=True)
        transaction.extend(limit)
        if transaction.dialect == "postgresql":
            staged = await stage_on_postgresql(connection, statements, whole, bulk_timeout)
        else:
            staged = await stage_on_sqlite(connection, statements, whole)
        transaction.extend(limit)
        loading = _Loading(connection, statements, errors.translated, constants, tenant)
        return await loading.add_staged(staged, reported)


class _Loading:
    """One load, whose rows are staged."""

    def __init__(
        self,
        connection: AsyncConnection,
        statements: LoadStatements,
        translated: Translation,
        constants: Mapping[str, Any],
        tenant: Mapping[str, Any],
    ) -> None:
        self._connection = connection
        self._statements = statements
        self._translated = translated
        self._constants = constants
        self._tenant = tenant

    async def add_staged(self, staged: int, reported: int) -> Loaded:
        """Add the rows whose unique values are free."""
        connection, statements = self._connection, self._statements
        marked = await self._mark_owned()
        for mark in statements.mark_repeated:
            marked += (await connection.execute(mark)).rowcount
        added = await self._add_unless_overtaken()
        if added is None:
            marked += await self._mark_owned()
            added = await self._add(statements.add_the_rest)
        if added + marked < staged:
            await connection.execute(statements.mark_overtaken)
        taken = statements.taken_lines
        lines = (await connection.scalars(taken, {"reported": reported})).all() if added < staged else ()
        await connection.execute(DropTable(statements.staged))
        return Loaded(added, staged - added, tuple(lines))

    async def _mark_owned(self) -> int:
        marked = 0
        for mark in self._statements.mark_owned:
            marked += (await self._connection.execute(mark, self._tenant)).rowcount
        return marked

    async def _add_unless_overtaken(self) -> int | None:
        """How many were added; None when none was, since a value was taken after the marking."""
        await self._connection.execute(_SAVEPOINT)
        try:
            with self._translated:
                added = await self._add(self._statements.add)
        except AlreadyTaken:
            await self._connection.execute(_ROLLBACK)
            added = None
        # `xmin` is that of the transaction only outside of it.
        await self._connection.execute(_RELEASE)
        return added

    async def _add(self, statement: Insert) -> int:
        try:
            return (await self._connection.execute(statement, {**self._constants, **self._tenant})).rowcount
        except IntegrityError as error:
            if not is_foreign_key_violation(error):
                raise
            raise ForeignKeyViolated(await self._violated_foreign_key()) from error

    async def _violated_foreign_key(self) -> str:
        statements = self._statements
        for one in foreign_keys(statements.table):
            if one.parent.key in statements.fields:
                dangling = statements.dangling(one.parent, one.column)
                if await self._connection.scalar(dangling, restricting(of_tenant(one.column.table))):
                    return name_of(one)
        return ""


async def _without_empty(batches: AsyncIterable[Sequence[Item]]) -> AsyncIterator[Sequence[Item]]:
    async for batch in batches:
        if batch:
            yield batch


async def _chained(first: Item, rest: AsyncIterator[Item]) -> AsyncIterator[Item]:
    yield first
    async for item in rest:
        yield item
