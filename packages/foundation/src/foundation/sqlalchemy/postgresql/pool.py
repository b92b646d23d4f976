"""The connections of one process, lent to one task at a time."""

import asyncio
import math
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.util import greenlet_spawn

from foundation.kernel.errors import StorageOverloaded
from foundation.sqlalchemy.limits import MAX_LIFETIME
from foundation.sqlalchemy.postgresql.connection import PipelineConnection


@dataclass(slots=True, eq=False)
class PooledConnection:
    """A connection: SQLAlchemy's own object for it, and its pipeline.

    `fresh` says that it has not been used before, so that its state is that of the server now.
    """

    connection: PoolProxiedConnection
    pipeline: PipelineConnection
    fresh: bool = True
    opened_at: float = field(default_factory=time.monotonic)


class ConnectionPool:
    """At most `size` connections, which `engine` opens and closes. Tasks are served in the order in which they come.

    SQLAlchemy's own pool wakes the task that waits longest, but lets a task that arrives at that moment take the
    connection; the one that was woken then goes to the end of the queue. Under load, the slowest of a hundred answers
    took three to four times as long.

    The connection used last is lent next, so that those opened for a peak fall idle. There is no ping before use: the
    pool notices when a connection ends, and statements lost in between are sent again on another connection; see
    `ConnectionLost`.
    """

    def __init__(self, engine: AsyncEngine, size: int, timeout: timedelta) -> None:
        self._engine = engine
        self._gate = asyncio.Semaphore(size)
        self._timeout = timeout.total_seconds()
        self._idle: list[PooledConnection] = []
        self._in_use: set[PooledConnection] = set()
        self._valid_since = -math.inf
        self._closed = False

    @property
    def engine(self) -> AsyncEngine:
        """What opens the connections."""
        return self._engine

    @property
    def in_use(self) -> int:
        """How many are in use."""
        return len(self._in_use)

    @property
    def idle(self) -> int:
        """How many are open and not in use."""
        return len(self._idle)

    async def acquire(self) -> PooledConnection:
        """A connection that works as far as is known; `release` must follow.

        Raises:
            StorageOverloaded: none came free in time.
            psycopg.Error: none can be opened.
        """
        if self._gate.locked():
            try:
                async with asyncio.timeout(self._timeout):
                    await self._gate.acquire()
            except TimeoutError:
                raise StorageOverloaded from None
        else:
            await self._gate.acquire()
        try:
            pooled = await self._idle_or_new()
        except BaseException:
            self._gate.release()
            raise
        self._in_use.add(pooled)
        return pooled

    async def release(self, pooled: PooledConnection) -> None:
        """Return it to the pool, or close it when it is not usable."""
        self._in_use.discard(pooled)
        try:
            if pooled.pipeline.usable and not pooled.pipeline.in_transaction and not self._closed:
                pooled.fresh = False
                self._idle.append(pooled)
            else:
                await _close(pooled)
        finally:
            self._gate.release()

    def invalidate_idle(self) -> None:
        """Use no connection again that is open now: the network lost one, and the others may time out as slowly."""
        self._valid_since = time.monotonic()

    async def close(self) -> None:
        """Close every connection, now or when it is given back."""
        self._closed = True
        while self._idle:
            await _close(self._idle.pop())

    async def _idle_or_new(self) -> PooledConnection:
        while self._idle:
            pooled = self._idle.pop()
            oldest = max(self._valid_since, time.monotonic() - MAX_LIFETIME.total_seconds())
            if pooled.pipeline.usable and pooled.opened_at > oldest:
                return pooled
            await _close(pooled)
        connection = await greenlet_spawn(self._engine.sync_engine.raw_connection)
        try:
            driver: Any = connection.driver_connection
            return PooledConnection(connection, await PipelineConnection.opened(driver))
        except BaseException:
            await greenlet_spawn(connection.close)
            raise


async def _close(pooled: PooledConnection) -> None:
    try:
        pooled.pipeline.detach()
    finally:
        # psycopg closes without waiting for anything, so that nothing can come in between.
        await greenlet_spawn(pooled.connection.close)
