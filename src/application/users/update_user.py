"""Change a user."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime

from application.unit_of_work import UnitOfWorkFactory
from application.users.ports import UserView
from domain.users.user import UserChanges
from domain.users.user_id import UserId
from foundation.kernel.access.row_access import RowAccess
from foundation.kernel.clock import Clock
from foundation.kernel.versions import check_version


@dataclass(frozen=True, slots=True)
class UpdateUser:
    """The command to change a user. `expected` holds the versions (`updated_at`) that the caller agrees to change."""

    user_id: UserId
    changes: UserChanges
    expected: Container[datetime] | None = None


class UpdateUserHandler:
    """Changes users."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, access: RowAccess, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._access = access
        self._clock = clock

    async def __call__(self, command: UpdateUser) -> UserView:
        """Change the user and return it as stored. A change to what it already is writes nothing.

        Raises:
            UserNotFound: there is none, or the principal may not see it.
            Forbidden: the principal may see it, and not change it.
            PreconditionFailed: its version is not among the expected ones.
            EmailAlreadyTaken: another user has the new address.
        """
        async with self._unit_of_work() as uow:
            user = await self._access.get_to_change(uow.users, command.user_id)
            check_version(user.updated_at, command.expected)
            user.change(command.changes, at=self._clock.now())
            await uow.commit()
            return UserView.of(user)
