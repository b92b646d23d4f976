"""Whose turn it is to write: SQLite has one writer at a time."""

import asyncio
from collections.abc import Callable

from foundation.kernel.deadline import seconds_left
from foundation.kernel.errors import DeadlineExceeded


class Turns:
    """Gives the writers of one process their turns, in the order in which they come.

    SQLite would let each of them try again and again, with pauses that grow: the slowest of eight took thirty times as
    long as most. Writers of other processes are still waited for so. `timeout` is how many seconds a turn is waited
    for.
    """

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._lock = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def take(self) -> Callable[[], None]:
        """Wait for a turn, and return what ends it.

        Raises:
            DeadlineExceeded: it did not come in time.
        """
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._lock = loop, asyncio.Lock()
        lock = self._lock
        if lock.locked():
            try:
                async with asyncio.timeout(min(self._timeout, seconds_left())):
                    await lock.acquire()
            except TimeoutError:
                raise DeadlineExceeded from None
        else:
            await lock.acquire()
        return lock.release
