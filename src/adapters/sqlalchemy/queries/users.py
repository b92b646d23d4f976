"""Users, as read models."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Final, TypeAlias

from sqlalchemy import ColumnElement, Integer, Select, String, bindparam, func, select, tuple_, type_coerce
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.sqlalchemy.errors import translated
from adapters.sqlalchemy.tables import users
from application.pagination import Page, Position
from application.ports.users import UserFilter, UserSort, UserView
from domain.users.errors import UserNotFound
from domain.users.user_id import UserId

# Readers want plain values: no value object is made for a row that is only shown. In the order of `UserView`.
_VIEW: Final = select(
    type_coerce(users.c.id, Integer).label("id"),
    type_coerce(users.c.email, String).label("email"),
    type_coerce(users.c.name, String).label("name"),
    users.c.created_at,
    users.c.updated_at,
)
_Users: TypeAlias = Select[int, str, str, datetime, datetime]
# How many users one read of everybody brings.
_AT_A_TIME: Final = 1000
_BY_ID: Final = _VIEW.where(users.c.id == bindparam("user_id"))


class SqlAlchemyUserQueries:
    """Reads what is committed, on connections without a transaction: one statement a call."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def get(self, user_id: UserId) -> UserView:
        """See `UserQueries.get`."""
        with translated():
            async with self._engine.connect() as connection:
                row = (await connection.execute(_BY_ID, {"user_id": user_id})).one_or_none()
        if row is None:
            raise UserNotFound(user_id)
        return UserView(*row)

    async def list(self, where: UserFilter, sort: UserSort, limit: int, after: Position | None) -> Page[UserView]:
        """See `UserQueries.list`; asks for one row more than the page holds, to know whether there is a next one."""
        statement = _sorted(_VIEW.where(*_conditions(where)), sort, after).limit(limit + 1)
        with translated():
            async with self._engine.connect() as connection:
                rows = (await connection.execute(statement)).all()
        items = tuple(UserView(*row) for row in rows[:limit])
        more = len(rows) > limit
        return Page(items, Position(getattr(items[-1], sort.field), items[-1].id) if more else None)

    async def count(self, where: UserFilter) -> int:
        """See `UserQueries.count`."""
        statement = select(func.count()).select_from(users).where(*_conditions(where))
        with translated():
            async with self._engine.connect() as connection:
                return (await connection.execute(statement)).scalar_one()

    async def everybody(self) -> AsyncIterator[Sequence[UserView]]:
        """See `UserQueries.everybody`."""
        after = None
        while True:
            page = await self.list(UserFilter(), UserSort.ID, _AT_A_TIME, after)
            if page.items:
                yield page.items
            if page.next is None:
                return
            after = page.next


def _conditions(where: UserFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if where.email is not None:
        conditions.append(users.c.email == where.email)
    if where.created_after is not None:
        conditions.append(users.c.created_at > where.created_after)
    if where.created_before is not None:
        conditions.append(users.c.created_at < where.created_before)
    return conditions


def _sorted(statement: _Users, sort: UserSort, after: Position | None) -> _Users:
    # One row-wise comparison, which an index on the same columns answers by a single range scan.
    key = [users.c.id] if sort is UserSort.ID or sort is UserSort.ID_DESCENDING else [users.c[sort.field], users.c.id]
    if after is not None:
        last = [UserId(after.id)] if len(key) == 1 else [after.key, UserId(after.id)]
        place, previous = tuple_(*key), tuple_(*last, types=[column.type for column in key])
        statement = statement.where(place < previous if sort.descending else place > previous)
    return statement.order_by(*(column.desc() if sort.descending else column for column in key))
