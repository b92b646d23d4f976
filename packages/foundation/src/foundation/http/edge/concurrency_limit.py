"""Bounds how much is done at the same time."""

from collections.abc import Iterator
from contextlib import contextmanager

from foundation.kernel.errors import StorageOverloaded


class ConcurrencyLimit:
    """Has `most` slots. When all are taken, it does not wait for one: the client may try again."""

    def __init__(self, most: int) -> None:
        self._free = most

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Take a slot for as long as the block lasts.

        Raises:
            StorageOverloaded: all slots are taken.
        """
        if not self._free:
            raise StorageOverloaded
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1
