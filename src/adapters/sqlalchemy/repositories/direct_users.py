"""Users, as entities, on the pipelined path."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from adapters.sqlalchemy.repositories.users import SqlAlchemyUserRepository
from domain.users.errors import EmailAlreadyTaken, UserNotFound
from domain.users.user import User
from domain.users.user_id import UserId
from foundation.sqlalchemy.errors import translated
from foundation.sqlalchemy.postgresql.entities import PipelineEntities


class PipelineUserRepository(SqlAlchemyUserRepository):
    """The users of one transaction.

    Several at once are added by its session. One of those who is got here is another object, and of changes to both
    the version lets only those of one through.
    """

    def __init__(
        self, session: Callable[[], Awaitable[AsyncSession]], bulk_timeout: timedelta, users: PipelineEntities[User]
    ) -> None:
        super().__init__(session, bulk_timeout)
        self._users = users

    async def add(self, user: User) -> None:
        """See `UserRepository.add`."""
        try:
            with translated():
                await self._users.add(user)
        except EmailAlreadyTaken as error:
            raise EmailAlreadyTaken(user.email) from error

    async def get(self, user_id: UserId) -> User:
        """See `UserRepository.get`; the row is locked."""
        with translated():
            user = await self._users.get(user_id)
        if user is None:
            raise UserNotFound(user_id)
        return user

    async def remove(self, user: User) -> None:
        """See `UserRepository.remove`; the DELETE is sent at once, so that the address is free for an `add`."""
        with translated():
            await self._users.remove(user)
