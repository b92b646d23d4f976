"""Whether the storage can serve."""

from typing import Protocol


class StorageReadiness(Protocol):
    """Asks the storage whether it can serve this release."""

    async def check(self) -> None:
        """Return when it can.

        Raises:
            StorageUnavailable: it cannot be reached.
            MigrationsPending: its schema is older than this release needs.
        """
        ...
