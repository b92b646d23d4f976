"""Users, as entities."""

from collections.abc import AsyncIterable, Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import class_mapper

from domain.users.errors import EmailAddressesTaken, EmailAlreadyTaken, UserNotFound
from domain.users.user import NewUser, User
from domain.users.user_id import UserId
from foundation.kernel.bulk_loading import Loaded, Numbered
from foundation.kernel.errors import WriteConflict
from foundation.sqlalchemy.errors import translated
from foundation.sqlalchemy.loading.loader import SqlAlchemyUserLoader


class SqlAlchemyUserRepository:
    """The users of the session that `session` yields."""

    def __init__(self, session: Callable[[], Awaitable[AsyncSession]], bulk_timeout: timedelta) -> None:
        self._session = session
        self._loader = SqlAlchemyUserLoader(session, bulk_timeout)

    async def add(self, user: User) -> None:
        """See `UserRepository.add`; the INSERT is sent at once, because it yields the id."""
        try:
            with translated():
                session = await self._session()
                session.add(user)
                await session.flush()
        except EmailAlreadyTaken as error:
            raise EmailAlreadyTaken(user.email) from error

    async def add_all(self, users: Sequence[User]) -> None:
        """See `UserRepository.add_all`; one SELECT finds every address that is taken.

        PostgreSQL then adds all by one INSERT. SQLite promises no order for the ids of one, so it gets one for each.

        Raises:
            WriteConflict: an address was taken between the two; a new unit of work will see it.
        """
        email = class_mapper(User).columns["email"]
        with translated():
            session = await self._session()
            found = await session.scalars(select(email).where(email.in_([user.email for user in users])))
        known = set(found)
        taken: list[int] = []
        for position, user in enumerate(users):
            if user.email in known:
                taken.append(position)
            known.add(user.email)
        if taken:
            raise EmailAddressesTaken(tuple(taken))
        session.add_all(users)
        try:
            with translated():
                await session.flush()
        except EmailAlreadyTaken as error:
            raise WriteConflict from error

    async def get(self, user_id: UserId) -> User:
        """See `UserRepository.get`; the row is locked, and SQLite has locked the database when the work began."""
        with translated():
            session = await self._session()
            user = await session.get(User, user_id, with_for_update=True)
        if user is None:
            raise UserNotFound(user_id)
        return user

    async def load(self, batches: AsyncIterable[Sequence[Numbered[NewUser]]], at: datetime, reported: int) -> Loaded:
        """See `BulkLoader.load`."""
        return await self._loader.load(batches, at, reported)

    async def remove(self, user: User) -> None:
        """See `UserRepository.remove`; the DELETE is sent at once, so that the address is free for an `add`."""
        with translated():
            session = await self._session()
            await session.delete(user)
            await session.flush()
