"""Memory is always there."""


class InMemoryReadiness:
    """Says that the storage can serve, as memory can."""

    async def check(self) -> None:
        """See `StorageReadiness.check`."""
