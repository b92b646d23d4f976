"""Staging users on PostgreSQL, by COPY."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus
from psycopg.sql import SQL, Identifier
from sqlalchemy import func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection as Connection
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.schema import CreateTable

from domain.users.user import NewUser
from foundation.kernel.bulk_loading import Numbered
from foundation.sqlalchemy.errors import translated
from foundation.sqlalchemy.limits import milliseconds
from foundation.sqlalchemy.loading.staged import staged_users

_COPY: Final = SQL("COPY {} ({}) FROM STDIN").format(
    Identifier(staged_users.name), SQL(", ").join(map(Identifier, ("line", "email", "name")))
)

_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


async def stage_on_postgresql(
    session: AsyncSession, users: AsyncIterable[Sequence[Numbered[NewUser]]], limit: timedelta
) -> int:
    """Send the users to the server as they come; how many they were.

    From here to the end of the transaction a statement may take `limit`: COPY is one, and lasts as long as its source.
    """
    with translated():
        connection = await session.connection()
        await connection.execute(select(func.set_config("statement_timeout", str(milliseconds(limit)), true())))
        await connection.execute(CreateTable(staged_users))
        driver: AsyncConnection[Any] | None = (await connection.get_raw_connection()).driver_connection
        assert driver is not None  # noqa: S101 -- for the type: the connection is open
        count = 0
        async with _kept_usable(connection, driver), driver.cursor() as cursor, cursor.copy(_COPY) as copy:
            async for batch in users:
                await copy.write(_rows(batch))
                count += len(batch)
        return count


def _rows(users: Sequence[Numbered[NewUser]]) -> str:
    """The users in the text format of COPY (PostgreSQL manual, COPY, "Text Format")."""
    rows = "".join([f"{user.line}\t{user.value.email.value}\t{user.value.name.value}\n" for user in users])
    # One look at all of them tells whether any value has to be escaped, which hardly one has.
    if rows.count("\t") == 2 * len(users) and rows.count("\n") == len(users) and "\\" not in rows and "\r" not in rows:
        return rows
    return "".join(
        [f"{user.line}\t{_escaped(user.value.email.value)}\t{_escaped(user.value.name.value)}\n" for user in users]
    )


def _escaped(value: str) -> str:
    return value.translate(_ESCAPES)


@asynccontextmanager
async def _kept_usable(connection: Connection, driver: AsyncConnection[Any]) -> AsyncIterator[None]:
    """Whatever happens to the driver's connection, the pool gets back one that works, or knows that it does not."""
    try:
        yield
    except BaseException:
        if driver.info.transaction_status not in {TransactionStatus.INTRANS, TransactionStatus.INERROR}:
            await asyncio.shield(connection.invalidate())
        raise
