"""How far the write-ahead log of a primary is written, and that of a standby replayed (PostgreSQL manual, 9.28.3)."""

import asyncio
import math
from contextvars import Context
from typing import Any, Final, NamedTuple

from psycopg import Error
from sqlalchemy import BigInteger, Boolean, Numeric, Select, Text, literal_column, select
from sqlalchemy.exc import SQLAlchemyError

from foundation.kernel.deadline import begin_deadline, seconds_left
from foundation.kernel.errors import ApplicationError
from foundation.sqlalchemy.postgresql.pool import ConnectionPool
from foundation.sqlalchemy.postgresql.transaction import PipelineReader


def _numbers(where: str, *sql: str) -> Select[Any]:
    columns: list[Any] = [literal_column(f"CAST({one} AS bigint)", BigInteger) for one in sql]
    return select(*columns).where(literal_column(where, Boolean))


# A commit is acknowledged when it is flushed, or with synchronous_commit=off when it is inserted. No row on a standby.
_WRITTEN: Final = _numbers(
    "NOT pg_is_in_recovery()",
    """pg_wal_lsn_diff(CASE current_setting('synchronous_commit')
        WHEN 'off' THEN pg_current_wal_insert_lsn() ELSE pg_current_wal_flush_lsn() END, '0/0')""",
    "CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text)",
)
REPLAYED: Final = _numbers(
    "pg_is_in_recovery()",
    "pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')",
    "pg_wal_lsn_diff(pg_last_wal_receive_lsn(), '0/0')",
    "CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text)",
)
"""The row of `Replayed`; none on a primary."""

IDENTITY: Final = select(
    literal_column("(SELECT system_identifier FROM pg_control_system())", Numeric),
    literal_column("current_database()", Text),
)
"""What a primary and its standbys have in common, and the database of the connection."""


class Written(NamedTuple):
    """How many bytes of its log a primary has written, and the first transaction that had not ended then."""

    position: int
    xmax: int


class Replayed(NamedTuple):
    """How many bytes of the log a standby has replayed and received, and the first transaction not ended there.

    What was not received by streaming, or not replayed, is None.
    """

    position: int | None
    received: int | None
    xmin: int

    def has(self, written: Written) -> bool:
        """Whether the standby shows every transaction that had been committed on the primary.

        The log that was received may end within a record, such as one of hint bits, or of a transaction that is still
        open. That part cannot be replayed before the rest is there, and need not be: what counts is that the same
        transactions have ended on both.
        """
        if self.position is None:
            return False
        if self.position >= written.position:
            return True
        return self.received is not None and self.received >= written.position and self.xmin == written.xmax

    def is_ahead_of(self, written: Written) -> bool:
        """Whether the standby has more than the primary had."""
        return self.position is not None and self.position > written.position


class WrittenPositions:
    """How far the primary has written its log, asked by one statement at a time.

    Callers that come while it is on its way share the next one, so that the primary is asked as often however many
    they are. One connection of `pool` is enough. `patience` is how many seconds an answer may take.
    """

    def __init__(self, pool: ConnectionPool, patience: float) -> None:
        self._pool = pool
        self._reader = PipelineReader(pool)
        self._patience = patience
        self._running: asyncio.Task[Written | None] | None = None
        self._next: asyncio.Task[Written | None] | None = None

    def ask(self) -> "asyncio.Task[Written | None]":
        """The task that finds the position, not earlier than now: see `found`. It is shared; do not cancel it."""
        if self._next is None:
            # The deadline of the caller is not that of the others.
            find = self._find(self._running)
            self._next = asyncio.get_running_loop().create_task(find, context=Context())
        return self._next

    async def _find(self, before: "asyncio.Task[Written | None] | None") -> Written | None:
        if before is not None and not before.done():
            await asyncio.wait({before})
        self._running, self._next = self._next, None
        begin_deadline(self._patience)
        try:
            written = await self._reader.rows(_WRITTEN, {}, Written._make)
        except (Error, SQLAlchemyError, ApplicationError):
            return None
        return written[0] if written else None

    async def close(self) -> None:
        """Ask no more, and close the connection."""
        tasks = {task for task in (self._running, self._next) if task is not None}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._pool.close()


async def found(task: "asyncio.Task[Written | None]") -> Written | None:
    """The position that the task finds; None when it finds none, or not before the deadline."""
    if not task.done():
        left = seconds_left()
        await asyncio.wait({task}, timeout=None if left == math.inf else left)
    return task.result() if task.done() else None
