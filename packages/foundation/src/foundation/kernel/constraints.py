"""The constraints that a storage keeps between entities, and the errors that it raises when one is violated."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from foundation.kernel.errors import AlreadyTaken, DomainError, StillReferenced


@dataclass(frozen=True, slots=True)
class Unique:
    """The errors of a value that only one entity may have.

    `taken` makes the error of one entity, of the value where it is known. `several_taken` makes the error of entities
    that are added together, of the positions of those whose values are taken; without it, the first one's error is
    raised.
    """

    taken: Callable[..., AlreadyTaken]
    several_taken: Callable[[tuple[int, ...]], AlreadyTaken] | None = None


@dataclass(frozen=True, slots=True)
class Reference:
    """The errors of an attribute that is the id of another entity.

    `missing` makes the error of an entity that refers to one which does not exist, of the id where it is known.
    `in_use` makes the error of a deletion of the entity that is referred to.
    """

    missing: Callable[..., DomainError]
    in_use: Callable[[], StillReferenced]


def taken_positions(values: Iterable[tuple[object, ...]], known: set[tuple[object, ...]]) -> list[int]:
    """The positions of the values that are `known` or equal an earlier one. All values become known.

    As in SQL, a value with None in it equals no other.
    """
    taken: list[int] = []
    for position, value in enumerate(values):
        if None in value:
            continue
        if value in known:
            taken.append(position)
        known.add(value)
    return taken


def several_taken(unique: Unique, positions: list[int], values: list[tuple[object, ...]]) -> AlreadyTaken:
    """The error of entities with these values, of which those at `positions` are taken."""
    if unique.several_taken is not None:
        return unique.several_taken(tuple(positions))
    return unique.taken(*values[positions[0]])
