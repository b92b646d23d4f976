"""Entities in a relational database: the read side."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import timedelta
from functools import cache, partial
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import ColumnElement, Integer, Select, bindparam, func, select, tuple_, type_coerce

from foundation.kernel.access.policy import EVERY_ROW, Restriction
from foundation.kernel.conditions import comparison, given_conditions
from foundation.kernel.deadline import extend_deadline
from foundation.kernel.pagination import Page, Position
from foundation.kernel.queries import SortOrder
from foundation.sqlalchemy.adapter import Id, SqlAlchemyAdapter, View
from foundation.sqlalchemy.errors import DatabaseErrors
from foundation.sqlalchemy.restrictions import restricted, restricting
from foundation.sqlalchemy.tenancy import is_per_tenant, of_tenant
from foundation.sqlalchemy.transaction import Reader
from foundation.sqlalchemy.types import stored_type

Where = TypeVar("Where")
Sort = TypeVar("Sort", bound=SortOrder)

# How many one batch of `iterate_all` has.
_BATCH: Final = 1000


class SqlAlchemyQueries(Generic[Id, View, Where, Sort]):
    """Reads what is committed, without a transaction: one statement a call.

    Lists, counts and exports are read by `list_reader`, which may have another server than `reader` has.
    """

    def __init__(
        self,
        adapter: SqlAlchemyAdapter[Any, Id, View],
        reader: Reader,
        list_reader: Reader,
        errors: DatabaseErrors,
        bulk_timeout: timedelta,
    ) -> None:
        self._adapter = adapter
        self._reader = reader
        self._list_reader = list_reader
        self._bulk_timeout = bulk_timeout.total_seconds()
        self._translated = errors.translated
        self._statements = view_statements(adapter)
        self._per_tenant = is_per_tenant(adapter.table)
        # The `_make` of the named tuple, in half the time.
        self._make: Callable[[Sequence[Any]], View] = partial(tuple.__new__, adapter.view)  # type: ignore[type-var]  # a tuple

    async def get(self, entity_id: Id, within: Restriction = EVERY_ROW) -> View:
        """See `Queries.get`."""
        within = self._of_tenant(within)
        given = {"id": entity_id, **restricting(within)} if within else {"id": entity_id}
        with self._translated:
            found = await self._reader.rows(self._statements.by_id(tuple(within)), given, self._make)
        if not found:
            raise self._adapter.not_found(entity_id)
        return found[0]

    async def find(self, where: Where) -> View | None:
        """See `Queries.find`."""
        given, within = given_conditions(where), self._of_tenant(EVERY_ROW)
        statement = self._statements.page(tuple(given), tuple(within), "id", False, False)  # noqa: FBT003 -- of a cache
        given |= {"limit": 1, **restricting(within)}
        with self._translated:
            found = await self._reader.rows(statement, given, self._make)
        return found[0] if found else None

    async def list(
        self, where: Where, sort: Sort, limit: int, after: Position | None, within: Restriction = EVERY_ROW
    ) -> Page[View]:
        """See `Queries.list`; asks for one row more than the page holds, to know whether there is a next one."""
        given, within = given_conditions(where), self._of_tenant(within)
        statement = self._statements.page(tuple(given), tuple(within), sort.field, sort.descending, after is not None)
        given |= {"limit": limit + 1, **restricting(within)}
        if after is not None:
            given |= {"after_key": after.key, "after_id": after.id}
        with self._translated:
            found = await self._list_reader.rows(statement, given, self._make)
        if len(found) <= limit:
            return Page(tuple(found), None)
        last: Any = found[limit - 1]
        return Page(tuple(found[:limit]), Position(getattr(last, sort.field), last.id))

    async def count(self, where: Where, within: Restriction = EVERY_ROW) -> int:
        """See `Queries.count`."""
        given, within = given_conditions(where), self._of_tenant(within)
        statement = self._statements.count(tuple(given), tuple(within))
        with self._translated:
            [number] = await self._list_reader.rows(statement, given | restricting(within), _number)
        return number

    async def iterate_all(self, within: Restriction = EVERY_ROW) -> AsyncIterator[Sequence[View]]:
        """See `Queries.iterate_all`."""
        within = self._of_tenant(within)
        parameters: dict[str, Any] = {"limit": _BATCH, **restricting(within)}
        names = tuple(within)
        while True:
            extend_deadline(self._bulk_timeout)
            statement = self._statements.page((), names, "id", False, "after_id" in parameters)  # noqa: FBT003 -- of a cache
            with self._translated:
                found = await self._list_reader.rows(statement, parameters, self._make)
            if found:
                yield found
            if len(found) < _BATCH:
                return
            last: Any = found[-1]
            parameters["after_id"] = last.id

    def _of_tenant(self, within: Restriction) -> Restriction:
        """Those of the rows that belong to the present principal's tenant, where rows belong to tenants."""
        return {**within, **of_tenant(self._adapter.table)} if self._per_tenant else within


class ViewStatements:
    """The statements that read the views of an entity.

    Each is made once for each shape that a call can have, so that it can be compiled and prepared.
    """

    def __init__(self, adapter: SqlAlchemyAdapter[Any, Any, Any]) -> None:
        self._adapter = adapter
        self._columns = adapter.table.c
        # Readers want plain values: no value object is made for a row that is only shown.
        view = [
            type_coerce(self._columns[name], stored_type(self._columns[name])).label(name)
            for name in adapter.view._fields
        ]
        self._view = select(*view)
        self.by_id = cache(self._by_id)
        self.page = cache(self._page)
        self.count = cache(self._count)

    def _by_id(self, within: tuple[str, ...]) -> Select[Any]:
        return self._view.where(self._columns.id == bindparam("id"), *restricted(self._adapter.table, within))

    def _page(
        self,
        conditions: tuple[str, ...],
        within: tuple[str, ...],
        sorted_by: str,
        descending: bool,  # noqa: FBT001 -- of a cache
        continued: bool,  # noqa: FBT001 -- of a cache
    ) -> Select[Any]:
        # One row-wise comparison, which an index on the same columns answers by a single range scan.
        key = [self._columns.id] if sorted_by == "id" else [self._columns[sorted_by], self._columns.id]
        statement = self._view.where(*self._conditions(conditions, within))
        if continued:
            names = ["after_key", "after_id"][-len(key) :]
            place = tuple_(*key)
            previous = tuple_(
                *(bindparam(name, type_=stored_type(column)) for name, column in zip(names, key, strict=True))
            )
            statement = statement.where(place < previous if descending else place > previous)
        ordered = statement.order_by(*(column.desc() if descending else column for column in key))
        return ordered.limit(bindparam("limit", type_=Integer))

    def _count(self, conditions: tuple[str, ...], within: tuple[str, ...]) -> Select[Any]:
        return select(func.count()).select_from(self._adapter.table).where(*self._conditions(conditions, within))

    def _conditions(self, conditions: tuple[str, ...], within: tuple[str, ...]) -> Iterator[ColumnElement[bool]]:
        yield from map(self._condition, conditions)
        yield from restricted(self._adapter.table, within)

    def _condition(self, name: str) -> ColumnElement[bool]:
        if name in self._adapter.conditions:
            return self._adapter.conditions[name]
        column, compare = comparison(name, self._columns.keys())
        condition: ColumnElement[bool] = compare(self._columns[column], bindparam(name))
        return condition


@cache
def view_statements(adapter: SqlAlchemyAdapter[Any, Any, Any]) -> ViewStatements:
    """The statements of the entity, made once per process."""
    return ViewStatements(adapter)


def _number(row: Sequence[Any]) -> int:
    return int(row[0])
