"""Users, as entities."""

from sqlalchemy.ext.asyncio import AsyncSession

from adapters.sqlalchemy.errors import translated
from domain.users.errors import EmailAlreadyTaken, UserNotFound
from domain.users.user import User
from domain.users.user_id import UserId


class SqlAlchemyUserRepository:
    """The users of one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, user: User) -> None:
        """See `UserRepository.add`; the INSERT is sent at once, because it yields the id."""
        self._session.add(user)
        try:
            with translated():
                await self._session.flush()
        except EmailAlreadyTaken as error:
            raise EmailAlreadyTaken(user.email) from error

    async def get(self, user_id: UserId) -> User:
        """See `UserRepository.get`; PostgreSQL locks the row, SQLite has locked the database when the work began."""
        with translated():
            user = await self._session.get(User, user_id, with_for_update=True)
        if user is None:
            raise UserNotFound(user_id)
        return user

    async def remove(self, user: User) -> None:
        """See `UserRepository.remove`; the DELETE is sent at once, so that the address is free for an `add`."""
        with translated():
            await self._session.delete(user)
            await self._session.flush()
