"""Change a user."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from application.unit_of_work import UnitOfWorkFactory
from application.users.ports import UserView
from domain.users.email_address import EmailAddress
from domain.users.user_id import UserId
from domain.users.user_name import UserName
from foundation.kernel.clock import Clock
from foundation.kernel.retry import retry_on_conflict
from foundation.kernel.versions import check_version


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateUser:
    """The wish to change what is not None. `expected` holds the versions (`updated_at`) the caller agrees to change."""

    user_id: UserId
    email: EmailAddress | None = None
    name: UserName | None = None
    expected: AbstractSet[datetime] | None = None


class UpdateUserHandler:
    """Changes users."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self, command: UpdateUser) -> UserView:
        """Change the user and return it as stored. A change to what it already is writes nothing.

        Raises:
            UserNotFound: there is none.
            PreconditionFailed: its version is not among the expected ones.
            EmailAlreadyTaken: another user has the new address.
        """
        return await retry_on_conflict(lambda: self._update(command))

    async def _update(self, command: UpdateUser) -> UserView:
        async with self._unit_of_work() as uow:
            user = await uow.users.get(command.user_id)
            check_version(user.updated_at, command.expected)
            now = self._clock.now()
            if command.email is not None:
                user.change_email(command.email, at=now)
            if command.name is not None:
                user.rename(command.name, at=now)
            await uow.commit()
            return UserView.of(user)
