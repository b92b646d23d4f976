"""Bounds how much is done at the same time."""

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Final, TypeVar

from foundation.kernel.errors import StorageOverloaded

Item = TypeVar("Item")

# Seconds that a slot may wait for its client, in all, while others want it.
_PATIENCE: Final = 1.0


class ConcurrencyLimit:
    """Has `most` slots. When all are taken, it does not wait for one: the client may try again.

    A client who sends slowly, or not at all, keeps no slot from others: the one who was waited for longest loses it.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: set[_Slot] = set()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[Callable[[AsyncIterable[Item]], AsyncIterator[Item]]]:
        """A slot for as long as the block lasts, which is taken when there is something to do.

        The function that it gives passes on what it iterates over, and takes the slot when the first item is there. The
        block is cancelled if it waits for an item while another one has something to do.

        Raises:
            StorageOverloaded: from that iteration, when all slots are taken; from the block, when it lost its slot.
        """
        slot = _Slot()
        try:
            async with slot.losing:
                yield partial(self._when_needed, slot)
        except TimeoutError:
            if slot.losing.expired():
                raise StorageOverloaded from None
            raise
        finally:
            self._taken.discard(slot)

    async def _when_needed(self, slot: "_Slot", items: AsyncIterable[Item]) -> AsyncIterator[Item]:
        taken = False
        iterator = aiter(items)
        while True:
            slot.begin_to_wait()
            try:
                item = await anext(iterator)
            except StopAsyncIteration:
                return
            finally:
                slot.end_to_wait()
            if not taken:
                self._take(slot)
                taken = True
            yield item

    def _take(self, slot: "_Slot") -> None:
        if len(self._taken) >= self._most:
            slowest = max(self._taken, key=_Slot.waited)
            if slowest.waited() < _PATIENCE:
                raise StorageOverloaded
            self._taken.remove(slowest)
            slowest.losing.reschedule(asyncio.get_running_loop().time())
        slot.forget_waiting()
        self._taken.add(slot)


class _Slot:
    """Who has one, and for how long it has waited for its client since it took it."""

    def __init__(self) -> None:
        self.losing = asyncio.timeout(None)
        self._waited = 0.0
        self._since: float | None = None

    def begin_to_wait(self) -> None:
        self._since = time.monotonic()

    def end_to_wait(self) -> None:
        if self._since is not None:
            self._waited += time.monotonic() - self._since
        self._since = None

    def forget_waiting(self) -> None:
        self._waited = 0.0

    def waited(self) -> float:
        """Seconds that it has waited in all, if it waits now; otherwise it is at work, and 0."""
        return 0.0 if self._since is None else self._waited + time.monotonic() - self._since
