"""The base of entities."""

from typing import Generic, TypeVar

Identity = TypeVar("Identity")


class Entity(Generic[Identity]):
    """Something with an identity that outlives its values: two entities are one when type and id are the same.

    The storage assigns `id` when the entity is added to its repository. Until then the entity equals only itself.
    """

    id: Identity

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        mine = getattr(self, "id", None)
        return type(self) is type(other) and mine is not None and mine == getattr(other, "id", None)

    def __hash__(self) -> int:
        # Constant per type, because an entity may be put into a set before the storage gives it an id.
        return hash(type(self))
