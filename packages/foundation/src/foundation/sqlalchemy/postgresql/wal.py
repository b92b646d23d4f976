"""How far the write-ahead log of a primary is written, and that of a standby replayed (PostgreSQL manual, 9.28.3)."""

import asyncio
from collections.abc import Sequence
from contextvars import Context
from typing import Any, Final

from psycopg import Error
from sqlalchemy import BigInteger, Numeric, Text, literal_column, select
from sqlalchemy.exc import SQLAlchemyError

from foundation.kernel.deadline import begin_deadline, seconds_left
from foundation.kernel.errors import ApplicationError
from foundation.sqlalchemy.postgresql.pool import ConnectionPool
from foundation.sqlalchemy.postgresql.transaction import PipelineReader

# A commit is acknowledged when it is flushed, or with synchronous_commit=off when it is inserted. Null on a standby.
_WRITTEN: Final = select(
    literal_column(
        """CASE WHEN NOT pg_is_in_recovery() THEN CAST(pg_wal_lsn_diff(
               CASE current_setting('synchronous_commit') WHEN 'off' THEN pg_current_wal_insert_lsn()
               ELSE pg_current_wal_flush_lsn() END, '0/0') AS bigint) END""",
        BigInteger,
    )
)
REPLAYED: Final = select(
    literal_column(
        "CASE WHEN pg_is_in_recovery() THEN CAST(pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0') AS bigint) END",
        BigInteger,
    )
)
"""How many bytes of the log a standby has replayed; null on a primary."""

IDENTITY: Final = select(
    literal_column("(SELECT system_identifier FROM pg_control_system())", Numeric),
    literal_column("current_database()", Text),
)
"""What a primary and its standbys have in common, and the database of the connection."""


class WrittenPositions:
    """How many bytes of its log the primary has written, asked by one statement at a time.

    Callers that come while it is on its way share the next one, so that the primary is asked as often however many
    they are. One connection of `pool` is enough. `patience` is how many seconds an answer may take.
    """

    def __init__(self, pool: ConnectionPool, patience: float) -> None:
        self._pool = pool
        self._reader = PipelineReader(pool)
        self._patience = patience
        self._running: asyncio.Task[int | None] | None = None
        self._next: asyncio.Task[int | None] | None = None

    def ask(self) -> "asyncio.Task[int | None]":
        """The task that finds the position, not earlier than now: see `found`. It is shared; do not cancel it."""
        if self._next is None:
            # The deadline of the caller is not that of the others.
            find = self._find(self._running)
            self._next = asyncio.get_running_loop().create_task(find, context=Context())
        return self._next

    async def _find(self, before: "asyncio.Task[int | None] | None") -> int | None:
        if before is not None and not before.done():
            await asyncio.wait({before})
        self._running, self._next = self._next, None
        begin_deadline(self._patience)
        try:
            [position] = await self._reader.rows(_WRITTEN, {}, _only)
        except (Error, SQLAlchemyError, ApplicationError):
            return None
        return int(position) if position is not None else None

    async def close(self) -> None:
        """Ask no more, and close the connection."""
        tasks = {task for task in (self._running, self._next) if task is not None}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._pool.close()


async def found(task: "asyncio.Task[int | None]") -> int | None:
    """The position that the task finds; None when it finds none, or not before the deadline."""
    if not task.done():
        await asyncio.wait({task}, timeout=seconds_left())
    return task.result() if task.done() else None


def _only(row: Sequence[Any]) -> Any:
    return row[0]
