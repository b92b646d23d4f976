"""Adding many entities at once."""

from collections.abc import AsyncIterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, NamedTuple, Protocol, TypeVar

NewT = TypeVar("NewT")


class Numbered(NamedTuple, Generic[NewT]):
    """What describes a new entity, and the number of the line of its source that it was read from."""

    line: int
    value: NewT


@dataclass(frozen=True, slots=True)
class Loaded:
    """The result of a load: how many entities were added, and which were not, since a unique value is taken.

    `taken` counts the latter, and `taken_lines` has the lowest of their line numbers, in order.
    """

    added: int
    taken: int
    taken_lines: tuple[int, ...]


class BulkLoader(Protocol[NewT]):
    """Adds entities in bulk, in the fastest way the storage has, with memory that does not grow with their number."""

    async def load(self, batches: AsyncIterable[Sequence[Numbered[NewT]]], at: datetime, reported: int) -> Loaded:
        """Add the entities whose unique value is free, created `at` that time, in their order. Leave out the others.

        A value is taken when an entity has it, or when an earlier line has; the line numbers ascend. Of the lines left
        out, the lowest `reported` are named. The storage is not touched before the first line is there, so that a
        source that yields none holds nothing. What `batches` raises passes through, and the unit of work can only be
        left then.

        Raises:
            WriteConflict: another writer came first; nothing was written.
        """
        ...
