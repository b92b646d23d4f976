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
from foundation.sqlalchemy.limits import LONGEST_LIFE
from foundation.sqlalchemy.postgresql.connection import Wire


@dataclass(slots=True, eq=False)
class Lease:
    """A connection that is lent: SQLAlchemy's own object for it, and its wire.

    `fresh` says that nobody had it before, so that what it says is what the server says now.
    """

    connection: PoolProxiedConnection
    wire: Wire
    fresh: bool = True
    opened_at: float = field(default_factory=time.monotonic)


class Leases:
    """At most `size` connections, which `engine` opens and closes. Who comes first is served first.

    SQLAlchemy's own pool wakes whoever waits longest and lets whoever comes at that moment take the connection; who was
    woken then goes to the end of the queue. Under load, the slowest of a hundred answers took three to four times as
    long.

    The connection used last is lent next, so that those a peak opened fall idle. It is not asked first whether it is
    alive: an end of the connection is noticed when it arrives, and what is lost in between is sent again on another
    one; see `ConnectionLost`.
    """

    def __init__(self, engine: AsyncEngine, size: int, patience: timedelta) -> None:
        self._engine = engine
        self._gate = asyncio.Semaphore(size)
        self._patience = patience.total_seconds()
        self._idle: list[Lease] = []
        self._lent: set[Lease] = set()
        self._trusted_since = -math.inf
        self._closed = False

    @property
    def engine(self) -> AsyncEngine:
        """What opens the connections."""
        return self._engine

    @property
    def lent(self) -> int:
        """How many are in use."""
        return len(self._lent)

    @property
    def idle(self) -> int:
        """How many are open and wait to be used."""
        return len(self._idle)

    async def take(self) -> Lease:
        """A connection that works as far as is known; `give_back` must follow.

        Raises:
            StorageOverloaded: none came free in time.
            psycopg.Error: none can be opened.
        """
        if self._gate.locked():
            try:
                async with asyncio.timeout(self._patience):
                    await self._gate.acquire()
            except TimeoutError:
                raise StorageOverloaded from None
        else:
            await self._gate.acquire()
        try:
            lease = await self._idle_or_new()
        except BaseException:
            self._gate.release()
            raise
        self._lent.add(lease)
        return lease

    async def give_back(self, lease: Lease) -> None:
        """Let the next one have it, if it is of use to anybody."""
        self._lent.discard(lease)
        try:
            if lease.wire.usable and not lease.wire.in_transaction and not self._closed:
                lease.fresh = False
                self._idle.append(lease)
            else:
                await _close(lease)
        finally:
            self._gate.release()

    def distrust(self) -> None:
        """Lend none again that is open now: the network lost one, and each of the others might take as long to tell."""
        self._trusted_since = time.monotonic()

    async def close(self) -> None:
        """Close every connection, now or when it is given back."""
        self._closed = True
        while self._idle:
            await _close(self._idle.pop())

    async def _idle_or_new(self) -> Lease:
        while self._idle:
            lease = self._idle.pop()
            oldest = max(self._trusted_since, time.monotonic() - LONGEST_LIFE.total_seconds())
            if lease.wire.usable and lease.opened_at > oldest:
                return lease
            await _close(lease)
        connection = await greenlet_spawn(self._engine.sync_engine.raw_connection)
        try:
            driver: Any = connection.driver_connection
            return Lease(connection, await Wire.opened(driver))
        except BaseException:
            await greenlet_spawn(connection.close)
            raise


async def _close(lease: Lease) -> None:
    try:
        lease.wire.detach()
    finally:
        # psycopg closes without waiting for anything, so that nothing can come in between.
        await greenlet_spawn(lease.connection.close)
