"""Entities in memory: the read side."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from operator import attrgetter
from typing import Any, Final, Generic, TypeVar

from foundation.kernel.access.policy import EVERY_ROW, Restriction, admits
from foundation.kernel.conditions import given_conditions
from foundation.kernel.pagination import Page, Position
from foundation.kernel.queries import SortOrder
from foundation.kernel.views import plain
from foundation.memory.adapter import Id, InMemoryAdapter, View
from foundation.memory.store import InMemoryTable

Where = TypeVar("Where")
Sort = TypeVar("Sort", bound=SortOrder)

# How many one batch of `iterate_all` has.
_BATCH: Final = 1000


class InMemoryQueries(Generic[Id, View, Where, Sort]):
    """The committed entities of one class, sorted and filtered on demand.

    `table` returns the one that the present principal may see.
    """

    def __init__(self, adapter: InMemoryAdapter[Any, Id, View], table: Callable[[], InMemoryTable[View]]) -> None:
        self._adapter = adapter
        self._table = table

    async def get(self, entity_id: Id, within: Restriction = EVERY_ROW) -> View:
        """See `Queries.get`."""
        number: Any = plain(entity_id)
        view = self._table().rows.get(number)
        if view is None or not admits(within, view):
            raise self._adapter.not_found(entity_id)
        return view

    async def find(self, where: Where) -> View | None:
        """See `Queries.find`."""
        return min(self._admitted(where, EVERY_ROW), key=attrgetter("id"), default=None)

    async def list(
        self, where: Where, sort: Sort, limit: int, after: Position | None, within: Restriction = EVERY_ROW
    ) -> Page[View]:
        """See `Queries.list`."""
        place = attrgetter(sort.field, "id")
        views = sorted(self._admitted(where, within), key=place, reverse=sort.descending)
        if after is not None:
            last = (after.key, after.id)
            views = [view for view in views if (place(view) < last if sort.descending else place(view) > last)]
        items = tuple(views[:limit])
        return Page(items, Position(*place(items[-1])) if len(views) > limit else None)

    async def count(self, where: Where, within: Restriction = EVERY_ROW) -> int:
        """See `Queries.count`."""
        return len(self._admitted(where, within))

    async def iterate_all(self, within: Restriction = EVERY_ROW) -> AsyncIterator[Sequence[View]]:
        """See `Queries.iterate_all`."""
        rows = self._table().rows
        ids = sorted(rows)
        for start in range(0, len(ids), _BATCH):
            await asyncio.sleep(0)
            # Some may have been removed since.
            found = [rows[number] for number in ids[start : start + _BATCH] if number in rows]
            if batch := [view for view in found if admits(within, view)]:
                yield batch

    def _admitted(self, where: Where, within: Restriction) -> "Sequence[View]":
        conditions = given_conditions(where)
        return [
            view
            for view in self._table().rows.values()
            if self._adapter.admits(view, conditions) and admits(within, view)
        ]
