"""What a contract must be told about an entity."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from foundation.kernel.errors import AlreadyTaken, NotFound
from foundation.kernel.idempotency import Outcome
from foundation.kernel.idempotency_keys import IdempotencyKey
from foundation.kernel.queries import SortOrder

EntityT = TypeVar("EntityT")
NewT = TypeVar("NewT")
ViewT = TypeVar("ViewT", bound=NamedTuple)


class ServiceOnStorage(Protocol):
    """A service on one storage, empty but for what the entity refers to."""

    def unit_of_work(self) -> Any:
        """A new unit of work."""
        ...


@dataclass(frozen=True, kw_only=True)
class EntityExamples(Generic[EntityT, NewT, ViewT]):
    """An entity, by examples of it.

    Attributes:
        name: Of its repository in the unit of work, such as "invoices".
        id: Its id, from the plain value.
        new: What describes the new entity with this number, from 0 on. Values that must be unique differ by the number.
        make: The entity that is described so, created at this time.
        view: The view of an entity.
        change: Changes a value that need not be unique, to one that depends on the number, at this time.
        not_found: The error for an entity that is not there.
        taken: The error for a unique value that is taken; None for an entity without one.
        queries: The read side of a service.
        everything: The filter without conditions.
        filters: Filters, each with the test that admits a view.
        orders: Every order of its lists.
        create: Carries the use case out that creates one, under a key or without; None where it takes no keys.
        prepare: Stores what every example refers to, such as the owner of all of them.
        loads_in_bulk: Whether its repository has `load`.
    """

    name: str
    id: Callable[[int], Any]
    new: Callable[[int], NewT]
    make: Callable[[NewT, datetime], EntityT]
    view: Callable[[EntityT], ViewT]
    change: Callable[[EntityT, int, datetime], None]
    not_found: type[NotFound]
    taken: type[AlreadyTaken] | None
    queries: Callable[[Any], Any]
    everything: Any
    filters: Sequence[tuple[Any, Callable[[Any], bool]]]
    orders: Sequence[SortOrder]
    create: Callable[[Any, NewT, IdempotencyKey | None], Awaitable[Outcome[ViewT]]] | None = None
    prepare: Callable[[Any], Awaitable[None]] = field(default=lambda _service: _nothing())
    loads_in_bulk: bool = False


async def _nothing() -> None:
    pass
