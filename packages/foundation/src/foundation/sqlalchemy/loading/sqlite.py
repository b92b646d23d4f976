"""Staging rows on SQLite, where others can write meanwhile."""

from collections.abc import AsyncIterable, Sequence
from typing import Any, Final

from sqlalchemy import delete, false, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateTable

from foundation.kernel.bulk_loading import Numbered
from foundation.sqlalchemy.loading.statements import LINE, LoadStatements

# SQLAlchemy prepares the values of a row in some ten microseconds, in which no other request is served.
_ROWS_AT_A_TIME: Final = 250


async def stage_on_sqlite(
    connection: AsyncConnection, statements: LoadStatements, batches: AsyncIterable[Sequence[Numbered[Any]]]
) -> int:
    """Put the rows aside as they come, and take the write lock when all are there; how many they were."""
    await connection.execute(CreateTable(statements.staged))
    names = (LINE, *statements.fields)
    count = 0
    async for batch in batches:
        for start in range(0, len(batch), _ROWS_AT_A_TIME):
            some = batch[start : start + _ROWS_AT_A_TIME]
            rows = [dict(zip(names, (one.line, *one.value), strict=True)) for one in some]
            await connection.execute(insert(statements.staged), rows)
        count += len(batch)
    # A transaction that reads the database first cannot write once another one has written. This writes nothing, but
    # takes the lock.
    await connection.execute(delete(statements.table).where(false()))
    return count
