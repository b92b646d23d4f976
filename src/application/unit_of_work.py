"""The transaction of this service: a repository for each of its entities."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeAlias

from foundation.kernel import unit_of_work

if TYPE_CHECKING:  # the use cases of an entity import this module, and its package lists them
    from application.users.ports import UserRepository


class UnitOfWork(unit_of_work.UnitOfWork, Protocol):
    """All the changes of one use-case call, made together or not at all.

    The adapters of an entity are found by the name that it has here: see `adapters.load_adapters`.
    """

    users: "UserRepository"


UnitOfWorkFactory: TypeAlias = Callable[[], UnitOfWork]
