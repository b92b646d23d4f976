"""Create a user."""

from dataclasses import dataclass

from application.unit_of_work import UnitOfWorkFactory
from application.users.ports import UserView
from domain.users.user import NewUser, User
from foundation.kernel.access.row_access import RowAccess
from foundation.kernel.clock import Clock
from foundation.kernel.idempotency_keys import IdempotencyKey


@dataclass(frozen=True, slots=True)
class CreateUser:
    """The command to create a user; with a `key`, which `Idempotent` reads, it is idempotent for 24 hours."""

    user: NewUser
    key: IdempotencyKey | None = None


class CreateUserHandler:
    """Creates users."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, access: RowAccess, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._access = access
        self._clock = clock

    async def __call__(self, command: CreateUser) -> UserView:
        """Create the user and return it as stored.

        Raises:
            Forbidden: the principal may add no users.
            EmailAlreadyTaken: another user has this address.
        """
        self._access.check_adding()
        async with self._unit_of_work() as uow:
            user = User.register(command.user, at=self._clock.now())
            await uow.users.add(user)
            await uow.commit()
            return UserView.of(user)
