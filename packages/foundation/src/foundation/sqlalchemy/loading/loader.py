"""Users, in bulk."""

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeVar

from sqlalchemy import bindparam, exists, func, literal_column, select, text, update
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.schema import DropTable

from adapters.sqlalchemy.tables import users as users_table
from domain.users.errors import EmailAlreadyTaken
from domain.users.user import NewUser
from foundation.kernel.bulk_loading import Loaded, Numbered
from foundation.sqlalchemy.errors import translated
from foundation.sqlalchemy.loading.postgresql import stage_on_postgresql
from foundation.sqlalchemy.loading.sqlite import stage_on_sqlite
from foundation.sqlalchemy.loading.staged import staged_users

Item = TypeVar("Item")

_STAGED: Final = staged_users.c
_USERS: Final = users_table.c

# Those whose address a user has, and then those who come behind another one with the same address.
_MARK_OWNED: Final = (
    update(staged_users).where(_STAGED.email == _USERS.email, _STAGED.taken.is_(False)).values(taken=True)
)
_first: Final = (
    select(_STAGED.email, func.min(_STAGED.line).label("line"))
    .group_by(_STAGED.email)
    .having(func.count() > 1)
    .subquery("firsts")
)
_MARK_REPEATED: Final = (
    update(staged_users)
    .where(_STAGED.email == _first.c.email, _STAGED.line > _first.c.line, _STAGED.taken.is_(False))
    .values(taken=True)
)
_values = select(
    _STAGED.email,
    _STAGED.name,
    bindparam("at", type_=_USERS.created_at.type),
    bindparam("at", type_=_USERS.updated_at.type),
)
# Users get their ids in the order of this SELECT.
_free = _values.where(_STAGED.taken.is_(False)).order_by(_STAGED.line)
_ADD: Final = insert(users_table).from_select(["email", "name", "created_at", "updated_at"], _free)
# Whoever commits an address between the marking and the adding has it. That is rare, and `ON CONFLICT` takes half as
# long again: so it is the second try.
_ADD_THE_REST: Final = _ADD.on_conflict_do_nothing(index_elements=[_USERS.email])
_added_here = exists().where(_USERS.email == _STAGED.email, literal_column("users.xmin = pg_current_xact_id()::xid"))
_MARK_OVERTAKEN: Final = update(staged_users).where(_STAGED.taken.is_(False), ~_added_here).values(taken=True)

_TAKEN_LINES: Final = (
    select(_STAGED.line).where(_STAGED.taken.is_(True)).order_by(_STAGED.line).limit(bindparam("reported"))
)

_SAVEPOINT: Final = text("SAVEPOINT adding")
_ROLLBACK: Final = text("ROLLBACK TO SAVEPOINT adding")
_RELEASE: Final = text("RELEASE SAVEPOINT adding")


class SqlAlchemyUserLoader:
    """Loads users in the session that `session` yields.

    It stages them, marks those whose address is taken, and adds the others.
    """

    def __init__(self, session: Callable[[], Awaitable[AsyncSession]], bulk_timeout: timedelta) -> None:
        self._session = session
        self._bulk_timeout = bulk_timeout

    async def load(self, users: AsyncIterable[Sequence[Numbered[NewUser]]], at: datetime, reported: int) -> Loaded:
        """See `UserLoader.load`."""
        source = _without_empty(users)
        first = await anext(source, None)
        if first is None:
            return Loaded(0, 0, ())
        with translated():
            session = await self._session()
            await session.flush()
        whole = _chained(first, source)
        if session.get_bind().dialect.name == "postgresql":
            staged = await stage_on_postgresql(session, whole, self._bulk_timeout)
        else:
            staged = await stage_on_sqlite(session, whole)
        with translated():
            return await _add_staged(await session.connection(), staged, at, reported)


async def _add_staged(connection: AsyncConnection, staged: int, at: datetime, reported: int) -> Loaded:
    marked = 0
    for mark in (_MARK_OWNED, _MARK_REPEATED):
        marked += (await connection.execute(mark)).rowcount
    added = await _add_unless_overtaken(connection, at)
    if added is None:
        marked += (await connection.execute(_MARK_OWNED)).rowcount
        added = await _count(connection, _ADD_THE_REST, at)
    if added + marked < staged:
        await connection.execute(_MARK_OVERTAKEN)
    lines = (await connection.scalars(_TAKEN_LINES, {"reported": reported})).all() if added < staged else ()
    await connection.execute(DropTable(staged_users))
    return Loaded(added, staged - added, tuple(lines))


async def _add_unless_overtaken(connection: AsyncConnection, at: datetime) -> int | None:
    """How many were added; None when nobody was, since somebody took an address after the marking."""
    await connection.execute(_SAVEPOINT)
    try:
        with translated():
            added = await _count(connection, _ADD, at)
    except EmailAlreadyTaken:
        await connection.execute(_ROLLBACK)
        added = None
    # `xmin` is that of the transaction only outside of it.
    await connection.execute(_RELEASE)
    return added


async def _count(connection: AsyncConnection, add: Insert, at: datetime) -> int:
    """How many it adds."""
    return (await connection.execute(add.execution_options(preserve_rowcount=True), {"at": at})).rowcount


async def _without_empty(batches: AsyncIterable[Sequence[Item]]) -> AsyncIterator[Sequence[Item]]:
    async for batch in batches:
        if batch:
            yield batch


async def _chained(first: Item, rest: AsyncIterator[Item]) -> AsyncIterator[Item]:
    yield first
    async for item in rest:
        yield item
