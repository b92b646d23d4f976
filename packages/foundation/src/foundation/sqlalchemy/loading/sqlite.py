"""Staging users on SQLite, where everybody else can write meanwhile."""

from collections.abc import AsyncIterable, Sequence

from sqlalchemy import delete, false, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.schema import CreateTable

from adapters.sqlalchemy.tables import users as users_table
from domain.users.user import NewUser
from foundation.kernel.bulk_loading import Numbered
from foundation.sqlalchemy.errors import translated
from foundation.sqlalchemy.loading.staged import staged_users
from foundation.sqlalchemy.sqlite.engine import TRANSACTION


async def stage_on_sqlite(session: AsyncSession, users: AsyncIterable[Sequence[Numbered[NewUser]]]) -> int:
    """Put the users aside as they come, and take the write lock when all are there; how many they were."""
    # A transaction that has locked already goes on as it is.
    options = {} if session.in_transaction() else {TRANSACTION: "DEFERRED"}
    with translated():
        connection = await session.connection(execution_options=options)
        await connection.execute(CreateTable(staged_users))
        count = 0
        async for batch in users:
            rows = [{"line": user.line, "email": user.value.email, "name": user.value.name} for user in batch]
            await connection.execute(insert(staged_users), rows)
            count += len(batch)
        # A transaction that reads the database first cannot write once somebody else has written. This writes nothing,
        # but takes the lock.
        await connection.execute(delete(users_table).where(false()))
        return count
