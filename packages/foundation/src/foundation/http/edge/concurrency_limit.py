"""Bounds how much is done at the same time."""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from foundation.kernel.errors import StorageOverloaded

Item = TypeVar("Item")


class ConcurrencyLimit:
    """Has `most` slots. When all are taken, it does not wait for one: the client may try again."""

    def __init__(self, most: int) -> None:
        self._free = most

    @contextmanager
    def slot(self) -> Iterator[Callable[[AsyncIterable[Item]], AsyncIterator[Item]]]:
        """A slot for as long as the block lasts, which is taken when there is something to do.

        The function that it gives passes on what it iterates over, and takes the slot when the first item is there.

        Raises:
            StorageOverloaded: from that iteration, when all slots are taken.
        """
        taken = False

        async def when_needed(items: AsyncIterable[Item]) -> AsyncIterator[Item]:
            nonlocal taken
            async for item in items:
                if not taken:
                    if not self._free:
                        raise StorageOverloaded
                    self._free -= 1
                    taken = True
                yield item

        try:
            yield when_needed
        finally:
            if taken:
                self._free += 1
