"""The transaction of this service: a repository for each of its entities."""

from collections.abc import Callable
from inspect import get_annotations
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from foundation.kernel import unit_of_work
from foundation.kernel.access.scopes import scopes_of

if TYPE_CHECKING:  # the use cases of an entity import this module, and its package lists them
    from application.users.ports import UserRepository
    from foundation.kernel.access.api_keys.ports import ApiKeyRepository
    from foundation.kernel.access.revocations.ports import RevocationRepository


class UnitOfWork(unit_of_work.UnitOfWork, Protocol):
    """All the changes of one use-case call, made together or not at all.

    The adapters of an entity are found by the name that it has here: see `adapters.load_adapters`.
    """

    api_keys: "ApiKeyRepository"
    revocations: "RevocationRepository"
    users: "UserRepository"


ENTITIES: Final = tuple(get_annotations(UnitOfWork))
"""The names of the entities."""

SCOPES: Final = frozenset(scope for name in ENTITIES for scope in scopes_of(name))
"""What credentials of this service may allow."""

UnitOfWorkFactory: TypeAlias = Callable[[], UnitOfWork]
