"""Users, as read models."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any, Final

from sqlalchemy import ColumnElement, Integer, Select, String, bindparam, func, select, tuple_, type_coerce

from adapters.sqlalchemy.tables import users
from application.users.ports import UserFilter, UserSort, UserView
from domain.users.errors import UserNotFound
from domain.users.user_id import UserId
from foundation.kernel.pagination import Page, Position
from foundation.sqlalchemy.errors import translated
from foundation.sqlalchemy.reading import Reader

# Readers want plain values: no value object is made for a row that is only shown. In the order of `UserView`.
_VIEW: Final = select(
    type_coerce(users.c.id, Integer).label("id"),
    type_coerce(users.c.email, String).label("email"),
    type_coerce(users.c.name, String).label("name"),
    users.c.created_at,
    users.c.updated_at,
)
# How many users one read of all of them brings.
_AT_A_TIME: Final = 1000
# `UserView._make`, in half the time.
_MAKE: Final[Callable[[Sequence[Any]], UserView]] = partial(tuple.__new__, UserView)
_BY_ID: Final = _VIEW.where(users.c.id == bindparam("id"))


class SqlAlchemyUserQueries:
    """Reads what is committed, without a transaction: one statement a call.

    Statements are made once for each shape that a wish can have, so that they can be compiled and prepared.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def get(self, user_id: UserId) -> UserView:
        """See `UserQueries.get`."""
        with translated():
            found = await self._reader.rows(_BY_ID, {"id": user_id}, _MAKE)
        if not found:
            raise UserNotFound(user_id)
        return found[0]

    async def list(self, where: UserFilter, sort: UserSort, limit: int, after: Position | None) -> Page[UserView]:
        """See `UserQueries.list`; asks for one row more than the page holds, to know whether there is a next one."""
        parameters = _given(where) | {"limit": limit + 1}
        statement = _page(tuple(_given(where)), sort, continued=after is not None)
        if after is not None:
            parameters |= {"after_key": after.key, "after_id": UserId(after.id)}
        with translated():
            found = await self._reader.rows(statement, parameters, _MAKE)
        if len(found) <= limit:
            return Page(tuple(found), None)
        last = found[limit - 1]
        return Page(tuple(found[:limit]), Position(getattr(last, sort.field), last.id))

    async def count(self, where: UserFilter) -> int:
        """See `UserQueries.count`."""
        given = _given(where)
        with translated():
            [number] = await self._reader.rows(_count(tuple(given)), given, _number)
        return number

    async def iterate_all(self) -> AsyncIterator[Sequence[UserView]]:
        """See `Queries.iterate_all`."""
        parameters: dict[str, Any] = {"limit": _AT_A_TIME}
        while True:
            statement = _page((), UserSort.ID, continued="after_id" in parameters)
            with translated():
                found = await self._reader.rows(statement, parameters, _MAKE)
            if found:
                yield found
            if len(found) < _AT_A_TIME:
                return
            parameters["after_id"] = UserId(found[-1].id)


def _number(row: Sequence[Any]) -> int:
    return int(row[0])


_CONDITIONS: Final[Mapping[str, ColumnElement[bool]]] = {
    "email": users.c.email == bindparam("email"),
    "created_after": users.c.created_at > bindparam("created_after"),
    "created_before": users.c.created_at < bindparam("created_before"),
}


def _given(where: UserFilter) -> dict[str, Any]:
    """The conditions of the filter, by name, and the values to compare with."""
    values = {"email": where.email, "created_after": where.created_after, "created_before": where.created_before}
    return {name: value for name, value in values.items() if value is not None}


@cache
def _count(conditions: tuple[str, ...]) -> Select[int]:
    return select(func.count()).select_from(users).where(*(_CONDITIONS[name] for name in conditions))


@cache
def _page(conditions: tuple[str, ...], sort: UserSort, *, continued: bool) -> Select[Any]:
    # One row-wise comparison, which an index on the same columns answers by a single range scan.
    key = [users.c.id] if users.c[sort.field] is users.c.id else [users.c[sort.field], users.c.id]
    statement = _VIEW.where(*(_CONDITIONS[name] for name in conditions))
    if continued:
        names = ["after_key", "after_id"][-len(key) :]
        place = tuple_(*key)
        previous = tuple_(*(bindparam(name, type_=column.type) for name, column in zip(names, key, strict=True)))
        statement = statement.where(place < previous if sort.descending else place > previous)
    ordered = statement.order_by(*(column.desc() if sort.descending else column for column in key))
    return ordered.limit(bindparam("limit", type_=Integer))
