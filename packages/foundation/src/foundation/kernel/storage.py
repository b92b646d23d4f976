"""A storage, as the service opens it."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from foundation.kernel.readiness import StorageReadiness


class Storage(Protocol):
    """Everything that works on one storage."""

    def unit_of_work(self) -> Any:
        """A new unit of work, with a repository for each registered entity, under its name."""
        ...

    def queries(self, name: str) -> Any:
        """The read side of the entity registered as `name`."""
        ...

    def readiness(self, revisions: Callable[[], Sequence[str]]) -> StorageReadiness:
        """Whether it can serve the release that knows these `revisions` of the schema."""
        ...

    async def dispose(self) -> None:
        """Close every connection."""
        ...
