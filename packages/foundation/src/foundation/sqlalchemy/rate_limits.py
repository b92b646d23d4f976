"""Token buckets that all workers share, as rows."""

import hashlib
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import BigInteger, FunctionElement, Table, bindparam, case, delete, func, select
from sqlalchemy.dialects.postgresql import insert as insert_into_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_into_sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import ReturningDelete, ReturningInsert

from foundation.kernel.rate_limit import RateLimit
from foundation.kernel.shared_rate_limit import Granted
from foundation.sqlalchemy.errors import NO_CONSTRAINTS, DatabaseErrors
from foundation.sqlalchemy.transaction import Transaction

_MICROSECONDS: Final = 1_000_000


class utc_microseconds(FunctionElement[int]):  # noqa: N801 -- reads as the SQL function it is
    """The database's own clock, in microseconds since 1970: the same during a statement."""

    type = BigInteger()
    inherit_cache = True


@compiles(utc_microseconds, "postgresql")
def _microseconds_on_postgresql(_element: utc_microseconds, _compiler: SQLCompiler, **_kw: object) -> str:
    return f"CAST(extract(epoch FROM statement_timestamp()) * {_MICROSECONDS} AS BIGINT)"


@compiles(utc_microseconds, "sqlite")
def _microseconds_on_sqlite(_element: utc_microseconds, _compiler: SQLCompiler, **_kw: object) -> str:
    # Its clock has milliseconds, as a number of days that is 2440587.5 in 1970.
    return "CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER) * 1000"


class SqlAlchemyRateLimits:
    """The rows of `table`, each changed in a transaction of its own that `begin` makes. See `SharedBuckets`.

    The time is that of the database, the one clock that workers on several machines share. By their own clocks, one
    that is ahead would move the buckets on, and the others would refuse clients for as long.

    No key is stored, but its SHA-256. That keeps addresses and subjects out of sight and out of backups. It does not
    keep them from a search through all addresses, so rows are removed as soon as their buckets are full.
    """

    def __init__(self, table: Table, begin: Callable[[], Transaction], errors: DatabaseErrors = NO_CONSTRAINTS) -> None:
        self._table = table
        self._begin = begin
        self._errors = errors

    async def grant(self, key: str, limit: RateLimit, fewest: int, most: int) -> Granted:
        """See `SharedBuckets.grant`. One statement, so that concurrent ones of the same key wait for each other."""
        transaction = self._begin()
        parameters = {
            "key": hashlib.sha256(key.encode()).hexdigest(),
            "requests": limit.requests,
            "time": limit.seconds * _MICROSECONDS,
            "fewest": fewest,
            "most": most,
            "price": most * limit.seconds * _MICROSECONDS // limit.requests,
        }
        [granted] = await self._committed(_grant(self._table, transaction.dialect), parameters, transaction)
        return granted

    async def forget_full(self, most: int) -> int:
        """See `SharedBuckets.forget_full`. On PostgreSQL, rows that others lock are left to the next call."""
        return len(await self._committed(_forget(self._table), {"most": most}, self._begin()))

    async def _committed(
        self,
        statement: ReturningInsert[Any] | ReturningDelete[Any],
        parameters: dict[str, Any],
        transaction: Transaction,
    ) -> list[Granted]:
        try:
            with self._errors.translated:
                rows = await transaction.rows(statement, parameters, _granted)
            with self._errors.committing:
                await transaction.commit()
        finally:
            with self._errors.translated:
                await transaction.close()
        return rows


def _granted(row: Sequence[Any]) -> Granted:
    tokens, full_in = row
    return Granted(tokens, max(full_in, 0) / _MICROSECONDS)


@cache
def _grant(table: Table, dialect: str) -> ReturningInsert[Any]:
    """Takes tokens: `most` of a bucket that has no row and so is full, and otherwise as many as there are.

    All times are whole microseconds. A token is worth `time / requests` of them, rounded down when it is paid for:
    rounded up, a full bucket would lack its last token. `price` is that of `most` tokens.
    """
    postgresql = dialect == "postgresql"
    insert: Any = (insert_into_postgresql if postgresql else insert_into_sqlite)(table)
    least, greatest = (func.least, func.greatest) if postgresql else (func.min, func.max)
    requests, time, fewest, most, price = (
        bindparam(name, type_=BigInteger) for name in ("requests", "time", "fewest", "most", "price")
    )
    insert = insert.values(key_hash=bindparam("key"), full_at=utc_microseconds() + price, granted=most)
    # The clock is read once: another time in the same statement, it could be read after waiting for the row.
    now = insert.excluded.full_at - price
    # A bucket lacks no more than all of its tokens: the limit may have been lowered, or the clock set back.
    lacking = least(greatest(table.c.full_at - now, 0), time)
    there = (time - lacking) * requests // time
    granted = case((there >= fewest, least(there, most)), else_=0)
    insert = insert.on_conflict_do_update(
        index_elements=[table.c.key_hash],
        set_={"full_at": now + lacking + granted * time // requests, "granted": granted},
    )
    returning: ReturningInsert[Any] = insert.returning(table.c.granted, table.c.full_at - utc_microseconds())
    return returning


@cache
def _forget(table: Table) -> ReturningDelete[Any]:
    key, full_at = table.c.key_hash, table.c.full_at
    full = (
        select(key)
        .where(full_at <= utc_microseconds())
        .order_by(full_at)
        .limit(bindparam("most", type_=BigInteger))
        .with_for_update(skip_locked=True)
    )
    return delete(table).where(key.in_(full)).returning(table.c.granted, full_at)
