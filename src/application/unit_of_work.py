"""The transaction of this service: the repositories of its entities."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

from application.users.ports import UserLoader, UserRepository
from foundation.kernel import unit_of_work


class UnitOfWork(unit_of_work.UnitOfWork, Protocol):
    """All the changes of one use-case call, made together or not at all."""

    @property
    def users(self) -> UserRepository:
        """The users, within this unit of work."""
        ...

    @property
    def user_loader(self) -> UserLoader:
        """Adds users in bulk, within this unit of work."""
        ...


UnitOfWorkFactory: TypeAlias = Callable[[], UnitOfWork]
