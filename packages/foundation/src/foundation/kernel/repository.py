"""How entities are stored: the write side."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from foundation.kernel.access.policy import EVERY_ROW, Restriction

EntityT = TypeVar("EntityT")
IdT = TypeVar("IdT", contravariant=True)


class Repository(Protocol[EntityT, IdT]):
    """The entities of one class, as the write side sees them. Lives as long as its unit of work.

    Within one unit of work an entity is one object, however often it is asked for.
    """

    async def add(self, entity: EntityT) -> None:
        """Store a new entity and give it its id, one that no entity of its class had before.

        Raises:
            AlreadyTaken: a value that must be unique belongs to another entity.
        """
        ...

    async def add_all(self, entities: Sequence[EntityT]) -> None:
        """Store new entities and give them their ids, in their order. One round trip serves them all where it can.

        Raises:
            AlreadyTaken: some of the values that must be unique are taken, by earlier ones of `entities` or by others.
                It names the position of each; none of the entities is stored.
        """
        ...

    async def get(self, entity_id: IdT, within: Restriction = EVERY_ROW) -> EntityT:
        """The entity, to be changed. The storage may make other writers wait until the unit of work ends.

        Changes to the entity are stored by the commit.

        Raises:
            NotFound: there is none, or `within` does not admit it.
        """
        ...

    async def remove(self, entity: EntityT) -> None:
        """Delete the entity, from the commit on."""
        ...
