"""Lets in only so many at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from foundation.kernel.errors import StorageOverloaded


class Admission:
    """Lets `most` in at the same time; whoever comes then is turned away at once and may come again."""

    def __init__(self, most: int) -> None:
        self._free = most

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Be one of them, for as long as the block lasts.

        Raises:
            StorageOverloaded: there are as many already.
        """
        if not self._free:
            raise StorageOverloaded
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1
