"""The transaction, as use cases see it."""

from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self, TypeAlias

from application.ports.idempotency import IdempotencyKeys
from application.ports.users import UserLoader, UserRepository


class UnitOfWork(Protocol):
    """All the changes of one use-case call, made together or not at all.

    Entering it opens it; leaving it without `commit` undoes everything.
    """

    @property
    def users(self) -> UserRepository:
        """The users, within this unit of work."""
        ...

    @property
    def user_loader(self) -> UserLoader:
        """Adds users in bulk, within this unit of work."""
        ...

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
            EmailAlreadyTaken: a changed address belongs to another user.
            WriteConflict: another writer came first; nothing was written.
            CommitOutcomeUnknown: the connection broke before the storage confirmed.
            StorageUnavailable, StorageOverloaded, DeadlineExceeded: as their names say; nothing was written.
        """
        ...


UnitOfWorkFactory: TypeAlias = Callable[[], UnitOfWork]
