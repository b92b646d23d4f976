"""Idempotency keys, as rows."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert as insert_into_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_into_sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from adapters.sqlalchemy.tables import idempotency_keys
from foundation.kernel.errors import IdempotencyKeyInUse, WriteConflict
from foundation.kernel.idempotency_keys import IdempotencyKey, RecordedAnswer
from foundation.sqlalchemy.errors import translated

_ROWS: Final = idempotency_keys.c
_PRIMARY_KEY: Final = tuple(idempotency_keys.primary_key)

_VALID_ANSWER: Final = select(_ROWS.fingerprint, _ROWS.answer, _ROWS.created_at, _ROWS.expires_at).where(
    _ROWS.principal == bindparam("principal"),
    _ROWS.operation == bindparam("operation"),
    _ROWS.key == bindparam("key"),
    _ROWS.expires_at > bindparam("at"),
)


class SqlAlchemyIdempotencyKeys:
    """The keys of the session that `session` yields."""

    def __init__(self, session: Callable[[], Awaitable[AsyncSession]]) -> None:
        self._session = session

    async def claim(self, key: IdempotencyKey, at: datetime) -> RecordedAnswer | None:
        """See `IdempotencyKeys.claim`.

        PostgreSQL has a lock that ends with the transaction (manual, 13.3.5). The answer is read by a statement of its
        own, because the lock may have come free after the snapshot of the statement that took it. SQLite has locked
        the database when the work began.
        """
        with translated():
            session = await self._session()
            if _is_postgresql(session) and not await session.scalar(
                select(func.pg_try_advisory_xact_lock(_lock_of(key)))
            ):
                raise IdempotencyKeyInUse
            found = await session.execute(_VALID_ANSWER, {**_named(key), "at": at})
            row = found.one_or_none()
        return RecordedAnswer(*row) if row is not None else None

    async def record(self, key: IdempotencyKey, answer: RecordedAnswer) -> None:
        """See `IdempotencyKeys.record`.

        Raises:
            WriteConflict: there is an answer that has not expired; somebody gave it without a claim.
        """
        with translated():
            session = await self._session()
        insert = insert_into_postgresql if _is_postgresql(session) else insert_into_sqlite
        statement = insert(idempotency_keys).values(
            **_named(key),
            fingerprint=answer.fingerprint,
            answer=answer.content,
            created_at=answer.created_at,
            expires_at=answer.expires_at,
        )
        new = statement.excluded
        statement = statement.on_conflict_do_update(
            index_elements=_PRIMARY_KEY,
            set_={column.name: new[column.name] for column in _ROWS if not column.primary_key},
            where=_ROWS.expires_at <= new.created_at,
        )
        with translated():
            written = await session.execute(statement.returning(_ROWS.expires_at))
            if written.one_or_none() is None:
                raise WriteConflict

    async def forget_expired(self, at: datetime, most: int) -> int:
        """See `IdempotencyKeys.forget_expired`. On PostgreSQL, rows that others are at are left to the next call."""
        expired = (
            select(*_PRIMARY_KEY)
            .where(_ROWS.expires_at <= at)
            .order_by(_ROWS.expires_at)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        statement = delete(idempotency_keys).where(tuple_(*_PRIMARY_KEY).in_(expired)).returning(_ROWS.expires_at)
        with translated():
            session = await self._session()
            return len((await session.execute(statement)).all())


def _is_postgresql(session: AsyncSession) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def _named(key: IdempotencyKey) -> dict[str, str]:
    return {"principal": key.principal, "operation": key.operation, "key": key.value}


def _lock_of(key: IdempotencyKey) -> int:
    """The 64 bits that PostgreSQL locks for the key. Two keys that share them would only wait for each other."""
    text = json.dumps([key.principal, key.operation, key.value])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), signed=True)
