"""Whose turn it is to write: SQLite has one writer at a time."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from foundation.kernel.deadline import seconds_left
from foundation.kernel.errors import DeadlineExceeded, StorageOverloaded


class Turns:
    """Gives the writers of one process their turns, in the order in which they come.

    SQLite would let each of them try again and again, with pauses that grow: the slowest of eight took thirty times as
    long as most. Writers of other processes are still waited for so. At most `queue` writers wait, for `timeout` each,
    as for a connection.
    """

    def __init__(self, timeout: timedelta, *, queue: int) -> None:
        self._timeout = timeout.total_seconds()
        self._queue = queue
        self._waiting = 0
        self._lock = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def take(self) -> Callable[[], None]:
        """Wait for a turn, and return what ends it.

        Raises:
            StorageOverloaded: it did not come in time, or too many wait.
            DeadlineExceeded: time is up.
        """
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._lock = loop, asyncio.Lock()
        lock = self._lock
        if lock.locked():
            await self._wait_for(lock)
        else:
            await lock.acquire()
        return lock.release

    async def _wait_for(self, lock: asyncio.Lock) -> None:
        if self._waiting >= self._queue:
            raise StorageOverloaded
        self._waiting += 1
        try:
            async with asyncio.timeout(min(self._timeout, seconds_left())):
                await lock.acquire()
        except TimeoutError:
            raise (DeadlineExceeded if seconds_left() <= 0 else StorageOverloaded) from None
        finally:
            self._waiting -= 1
