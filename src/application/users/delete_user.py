"""Delete a user."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime

from application.unit_of_work import UnitOfWorkFactory
from domain.users.user_id import UserId
from foundation.kernel.access.row_access import RowAccess
from foundation.kernel.versions import check_version


@dataclass(frozen=True, slots=True)
class DeleteUser:
    """The command to delete a user. `expected` holds the versions (`updated_at`) that the caller agrees to delete."""

    user_id: UserId
    expected: Container[datetime] | None = None


class DeleteUserHandler:
    """Deletes users for good."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, access: RowAccess) -> None:
        self._unit_of_work = unit_of_work
        self._access = access

    async def __call__(self, command: DeleteUser) -> None:
        """Delete the user.

        Raises:
            UserNotFound: there is none, or the principal may not see it.
            Forbidden: the principal may see it, and not change it.
            PreconditionFailed: its version is not among the expected ones.
        """
        async with self._unit_of_work() as uow:
            user = await self._access.get_to_change(uow.users, command.user_id)
            check_version(user.updated_at, command.expected)
            await uow.users.remove(user)
            await uow.commit()
