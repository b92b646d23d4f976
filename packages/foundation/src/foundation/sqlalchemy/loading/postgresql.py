"""Staging rows on PostgreSQL, by COPY."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from operator import attrgetter
from typing import Any, Final, TypeAlias

from psycopg import AsyncConnection as DriverConnection
from psycopg.pq import TransactionStatus
from psycopg.sql import SQL, Identifier
from sqlalchemy import Column, Integer, Numeric, String, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateTable

from foundation.kernel.bulk_loading import Numbered
from foundation.sqlalchemy.limits import milliseconds
from foundation.sqlalchemy.loading.statements import LINE, LoadStatements
from foundation.sqlalchemy.postgresql.statements import to_database
from foundation.sqlalchemy.types import ValueObjectType

_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
# The text of their values is what COPY reads.
_READABLE: Final = (String, Integer, Numeric)

_value: Final = attrgetter("value")
_Format: TypeAlias = Callable[[Sequence[Numbered[Any]]], str]


async def stage_on_postgresql(
    connection: AsyncConnection,
    statements: LoadStatements,
    batches: AsyncIterable[Sequence[Numbered[Any]]],
    limit: timedelta,
) -> int:
    """Send the rows to the server as they come; how many they were.

    From here to the end of the transaction a statement may take `limit`: COPY is one, and lasts as long as its source.
    """
    await connection.execute(select(func.set_config("statement_timeout", str(milliseconds(limit)), true())))
    await connection.execute(CreateTable(statements.staged))
    driver: DriverConnection[Any] | None = (await connection.get_raw_connection()).driver_connection
    assert driver is not None  # noqa: S101 -- for the type: the connection is open
    copied = SQL(", ").join(map(Identifier, (LINE, *statements.fields)))
    command = SQL("COPY {} ({}) FROM STDIN").format(Identifier(statements.staged.name), copied)
    text_of = copy_format([statements.table.c[name] for name in statements.fields])
    count = 0
    async with _kept_usable(connection, driver), driver.cursor() as cursor, cursor.copy(command) as copy:
        async for batch in batches:
            await copy.write(text_of(batch))
            count += len(batch)
    return count


def copy_format(columns: Sequence[Column[Any]]) -> _Format:
    """What writes lines in the text format of COPY (PostgreSQL manual, COPY, "Text Format"), as fast as it can."""
    converted = _converted(columns)
    if not all(map(_is_readable, columns)):
        return converted
    as_they_are = _as_they_are(columns)

    def rows(batch: Sequence[Numbered[Any]]) -> str:
        found = as_they_are(batch)
        # One look at all of them tells whether any value has to be escaped, which hardly one has.
        tabs = len(columns) * len(batch)
        if found.count("\t") == tabs and found.count("\n") == len(batch) and "\\" not in found and "\r" not in found:
            return found
        return converted(batch)

    return rows


def _is_readable(column: Column[Any]) -> bool:
    """Whether COPY reads the values of the column as they are, unless they have to be escaped."""
    kind = column.type.stored if isinstance(column.type, ValueObjectType) else column.type
    return not column.nullable and to_database(kind) is None and isinstance(kind, _READABLE)


def _as_they_are(columns: Sequence[Column[Any]]) -> _Format:
    """Writes values as they are, a column at a time: a loop over the rows takes twice as long."""
    held = [isinstance(column.type, ValueObjectType) for column in columns]

    def rows(batch: Sequence[Numbered[Any]]) -> str:
        lines, records = zip(*batch, strict=True)
        fields = zip(held, zip(*records, strict=True), strict=True)
        values = [map(_value, column) if is_held else column for is_held, column in fields]
        texts = [map(str, column) for column in (lines, *values)]
        return "\n".join([*map("\t".join, zip(*texts, strict=True)), ""])

    return rows


def _converted(columns: Sequence[Column[Any]]) -> _Format:
    """Converts and escapes every value."""
    converters = [to_database(column.type) for column in columns]

    def text_of(value: Any, convert: Callable[[Any], Any] | None) -> str:
        converted = value if convert is None or value is None else convert(value)
        return "\\N" if converted is None else _escaped(converted)

    def row(one: Numbered[Any]) -> str:
        return "\t".join([str(one.line), *map(text_of, one.value, converters)])

    return lambda batch: "".join([f"{row(one)}\n" for one in batch])


def _escaped(value: object) -> str:
    return str(value).translate(_ESCAPES)


@asynccontextmanager
async def _kept_usable(connection: AsyncConnection, driver: DriverConnection[Any]) -> AsyncIterator[None]:
    """Whatever happens to the driver's connection, the pool gets back one that works, or knows that it does not."""
    try:
        yield
    except BaseException:
        if driver.info.transaction_status not in {TransactionStatus.INTRANS, TransactionStatus.INERROR}:
            await asyncio.shield(connection.invalidate())
        raise
