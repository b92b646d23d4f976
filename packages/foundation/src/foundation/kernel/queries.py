"""How entities are found: the read side."""

from collections.abc import AsyncIterator, Sequence
from enum import StrEnum
from typing import Protocol, TypeVar

from foundation.kernel.access.policy import EVERY_ROW, Restriction
from foundation.kernel.pagination import Page, Position

IdT = TypeVar("IdT", contravariant=True)
ViewT = TypeVar("ViewT", covariant=True)
WhereT = TypeVar("WhereT", contravariant=True)
ReadT = TypeVar("ReadT")
SortT = TypeVar("SortT", contravariant=True, bound="SortOrder")


class SortOrder(StrEnum):
    """The base of the orders of a list: each is the name of a field of the view, with a minus sign for descending.

    The id breaks ties, in the same direction.
    """

    @property
    def field(self) -> str:
        """The field of the view that the list is sorted by."""
        return self.value.removeprefix("-")

    @property
    def descending(self) -> bool:
        """Whether the largest value comes first."""
        return self.value.startswith("-")


class Queries(Protocol[IdT, ViewT, WhereT, SortT]):
    """Read models of one class of entities: what is committed, without a transaction.

    With a restriction, `within`, the rows that it does not admit are as if they were not there.
    """

    async def get(self, entity_id: IdT, within: Restriction = EVERY_ROW) -> ViewT:
        """One of them.

        Raises:
            NotFound: there is none.
        """
        ...

    async def find(self, where: WhereT) -> ViewT | None:
        """The first by id that `where` admits, as every writer has left it: it is never read on a replica."""
        ...

    async def list(
        self, where: WhereT, sort: SortT, limit: int, after: Position | None, within: Restriction = EVERY_ROW
    ) -> Page[ViewT]:
        """The first `limit` that `where` admits, in the order of `sort`, behind the position `after`."""
        ...

    async def count(self, where: WhereT, within: Restriction = EVERY_ROW) -> int:
        """How many `where` admits. It reads each of them."""
        ...

    def iterate_all(self, within: Restriction = EVERY_ROW) -> AsyncIterator[Sequence[ViewT]]:
        """All of them by id, in batches. Between two reads no connection is held and no transaction is open.

        One that exists throughout is returned exactly once. One that is added, changed or removed meanwhile may be
        returned or not, and as it was before or after the change.
        """
        ...


async def read_ahead(batches: AsyncIterator[Sequence[ReadT]]) -> AsyncIterator[Sequence[ReadT]]:
    """The same batches. The first has been read when this returns, so an unreachable storage is known before an answer.

    Raises:
        StorageUnavailable, StorageOverloaded, DeadlineExceeded: the first batch cannot be read.
    """
    first = await anext(batches, None)

    async def whole() -> AsyncIterator[Sequence[ReadT]]:
        if first:
            yield first
        async for batch in batches:
            yield batch

    return whole()
