"""Idempotency keys, as rows."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, Table, bindparam, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert as insert_into_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_into_sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from foundation.kernel.errors import IdempotencyKeyInUse, WriteConflict
from foundation.kernel.idempotency_keys import IdempotencyKey, RecordedAnswer
from foundation.sqlalchemy.errors import DatabaseErrors


class SqlAlchemyIdempotencyKeys:
    """The rows of `table`, on the connection that `connected` returns."""

    def __init__(
        self, table: Table, connected: Callable[[], Awaitable[AsyncConnection]], errors: DatabaseErrors
    ) -> None:
        self._table = table
        self._connected = connected
        self._translated = errors.translated

    async def claim(self, key: IdempotencyKey, at: datetime) -> RecordedAnswer | None:
        """See `IdempotencyKeys.claim`.

        PostgreSQL has a lock that ends with the transaction (manual, 13.3.5). The answer is read by a statement of its
        own, because the lock may have come free after the snapshot of the statement that took it. SQLite has locked
        the database when the transaction began.
        """
        with self._translated:
            connection = await self._connected()
            if _is_postgresql(connection) and not await connection.scalar(
                select(func.pg_try_advisory_xact_lock(_lock_of(key)))
            ):
                raise IdempotencyKeyInUse
            found = await connection.execute(_valid_answer(self._table), {**_named(key), "at": at})
            row = found.one_or_none()
        return RecordedAnswer(*row) if row is not None else None

    async def record(self, key: IdempotencyKey, answer: RecordedAnswer) -> None:
        """See `IdempotencyKeys.record`.

        Raises:
            WriteConflict: there is an answer that has not expired; it was recorded without a claim.
        """
        with self._translated:
            connection = await self._connected()
        insert = insert_into_postgresql if _is_postgresql(connection) else insert_into_sqlite
        statement = insert(self._table).values(
            **_named(key),
            fingerprint=answer.fingerprint,
            answer=answer.content,
            created_at=answer.created_at,
            expires_at=answer.expires_at,
        )
        rows, new = self._table.c, statement.excluded
        statement = statement.on_conflict_do_update(
            index_elements=tuple(self._table.primary_key),
            set_={column.name: new[column.name] for column in rows if not column.primary_key},
            where=rows.expires_at <= new.created_at,
        )
        with self._translated:
            written = await connection.execute(statement.returning(rows.expires_at))
            if written.one_or_none() is None:
                raise WriteConflict

    async def forget_expired(self, at: datetime, most: int) -> int:
        """See `IdempotencyKeys.forget_expired`. On PostgreSQL, rows that others lock are left to the next call."""
        key, rows = tuple(self._table.primary_key), self._table.c
        expired = (
            select(*key)
            .where(rows.expires_at <= at)
            .order_by(rows.expires_at)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        statement = delete(self._table).where(tuple_(*key).in_(expired)).returning(rows.expires_at)
        with self._translated:
            connection = await self._connected()
            return len((await connection.execute(statement)).all())


@cache
def _valid_answer(table: Table) -> Select[Any]:
    rows = table.c
    return select(rows.fingerprint, rows.answer, rows.created_at, rows.expires_at).where(
        rows.principal == bindparam("principal"),
        rows.operation == bindparam("operation"),
        rows.key == bindparam("key"),
        rows.expires_at > bindparam("at"),
    )


def _is_postgresql(connection: AsyncConnection) -> bool:
    return connection.dialect.name == "postgresql"


def _named(key: IdempotencyKey) -> dict[str, str]:
    return {"principal": key.principal, "operation": key.operation, "key": key.value}


def _lock_of(key: IdempotencyKey) -> int:
    """The 64 bits that PostgreSQL locks for the key. Two keys that share them would only wait for each other."""
    text = json.dumps([key.principal, key.operation, key.value])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), signed=True)
