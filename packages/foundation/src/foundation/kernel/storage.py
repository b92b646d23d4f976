"""A storage, as the service opens it."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from foundation.kernel.shared_rate_limit import SharedBuckets


class StorageReadiness(Protocol):
    """Asks the storage whether it can serve this release."""

    async def check(self) -> None:
        """Return when it can.

        Raises:
            StorageUnavailable: it cannot be reached.
            MigrationsPending: its schema is older than this release needs.
        """
        ...


class Storage(Protocol):
    """Everything that works on one storage."""

    def unit_of_work(self) -> Any:
        """A new unit of work, with a repository for each registered entity, under its name."""
        ...

    def queries(self, name: str) -> Any:
        """The read side of the entity registered as `name`."""
        ...

    def shared_buckets(self) -> SharedBuckets:
        """The token buckets that all workers share."""
        ...

    def readiness(self, revisions: Callable[[], Sequence[str]]) -> StorageReadiness:
        """Whether it can serve the release that knows these `revisions` of the schema."""
        ...

    async def dispose(self) -> None:
        """Close every connection."""
        ...
