"""The connections of one process, lent to one task at a time."""

import asyncio
import math
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from psycopg import AsyncConnection
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.util import greenlet_spawn

from foundation.kernel.deadline import seconds_left
from foundation.kernel.errors import DeadlineExceeded, StorageOverloaded
from foundation.sqlalchemy.limits import MAX_LIFETIME
from foundation.sqlalchemy.postgresql.connection import Opener, PipelineConnection
from foundation.sqlalchemy.postgresql.watchdog import Watchdog


@dataclass(slots=True, eq=False)
class PooledConnection:
    """A connection: SQLAlchemy's own object for it, the driver's, and its pipeline.

    `fresh` says that it has not been used before, so that its state is that of the server now.
    """

    connection: PoolProxiedConnection
    driver: AsyncConnection[Any]
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
    `ConnectionLost`. A use that outlasts its deadline is ended by `watchdog`, and no other connection that is open then
    is used again: whatever holds up one is likely to hold up the others.

    At most `queue` tasks wait for a connection, for `timeout` each. Another one is refused at once, while it is still
    worth the client's time to ask somewhere else. `opened` makes the pipeline of a new connection.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        size: int,
        *,
        queue: int,
        timeout: timedelta,
        watchdog: Watchdog,
        opened: Opener = PipelineConnection.opened,
    ) -> None:
        self._engine = engine
        self._opened = opened
        self._gate = asyncio.Semaphore(size)
        self._queue = queue
        self._waiting = 0
        self._timeout = timeout.total_seconds()
        self._watchdog = watchdog
        watchdog.on_expired = self.invalidate_idle
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
            StorageOverloaded: none came free in time, or too many tasks are waiting for one.
            DeadlineExceeded: time is up.
            psycopg.Error: none can be opened.
        """
        if self._gate.locked():
            await self._wait_for_turn()
        else:
            await self._gate.acquire()
        try:
            pooled = await self._idle_or_new()
        except BaseException:
            self._gate.release()
            raise
        self._in_use.add(pooled)
        self._watchdog.watch(pooled.driver)
        return pooled

    async def _wait_for_turn(self) -> None:
        if self._waiting >= self._queue:
            raise StorageOverloaded
        self._waiting += 1
        try:
            async with asyncio.timeout(min(self._timeout, seconds_left())):
                await self._gate.acquire()
        except TimeoutError:
            raise StorageOverloaded from None
        finally:
            self._waiting -= 1

    def extend(self, pooled: PooledConnection, seconds: float) -> None:
        """Let it be used for this long, which is longer than usual."""
        self._watchdog.extend(pooled.driver, seconds)

    async def release(self, pooled: PooledConnection) -> None:
        """Return it to the pool, or close it when it is not usable."""
        self._in_use.discard(pooled)
        self._watchdog.forget(pooled.driver)
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
        if seconds_left() <= 0:
            raise DeadlineExceeded
        while self._idle:
            pooled = self._idle.pop()
            oldest = max(self._valid_since, time.monotonic() - MAX_LIFETIME.total_seconds())
            if pooled.pipeline.usable and pooled.opened_at > oldest:
                return pooled
            await _close(pooled)
        connection = await greenlet_spawn(self._engine.sync_engine.raw_connection)
        try:
            driver: Any = connection.driver_connection
            return PooledConnection(connection, driver, await self._opened(driver))
        except BaseException:
            await greenlet_spawn(connection.close)
            raise


async def _close(pooled: PooledConnection) -> None:
    try:
        pooled.pipeline.detach()
    finally:
        # psycopg closes without waiting for anything, so that nothing can come in between.
        await greenlet_spawn(pooled.connection.close)
