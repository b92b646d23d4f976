"""The transaction, as use cases see it."""

from types import TracebackType
from typing import Protocol, Self

from foundation.kernel.idempotency_keys import IdempotencyKeys


class UnitOfWork(Protocol):
    """All the changes of one use-case call, made together or not at all.

    Entering it opens it; leaving it without `commit` undoes everything. A service adds a repository for each of its
    entities.
    """

    @property
    def idempotency_keys(self) -> IdempotencyKeys:
        """The answers to earlier calls, within this unit of work."""
        ...

    async def __aenter__(self) -> Self:
        """Open it."""
        ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close it; what was not committed is undone."""
        ...

    async def commit(self) -> None:
        """Make every change durable.

        Raises:
            AlreadyTaken: a changed value that must be unique belongs to another entity.
            WriteConflict: another writer came first; nothing was written.
            CommitOutcomeUnknown: the connection broke before the storage confirmed.
            StorageUnavailable, StorageOverloaded, DeadlineExceeded: as their names say; nothing was written.
        """
        ...
