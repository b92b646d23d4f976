"""Create several users."""

from dataclasses import dataclass
from typing import Final

from application.unit_of_work import UnitOfWorkFactory
from application.users.ports import UserView
from domain.users.user import NewUser, User
from foundation.kernel.access.row_access import RowAccess
from foundation.kernel.clock import Clock
from foundation.kernel.errors import InvalidValue
from foundation.kernel.idempotency_keys import IdempotencyKey

MAX_BATCH_SIZE: Final = 100


class BatchSizeOutOfRange(InvalidValue):
    """A batch may not be that long, or that short."""

    code = "batch-size-out-of-range"

    def __init__(self) -> None:
        super().__init__(f"A batch holds from 1 to {MAX_BATCH_SIZE} items.")


@dataclass(frozen=True, slots=True)
class CreateUsers:
    """The command to create users, all of them or none; with a `key`, it is idempotent for 24 hours.

    Raises:
        BatchSizeOutOfRange: there are none, or more than 100.
    """

    users: tuple[NewUser, ...]
    key: IdempotencyKey | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.users) <= MAX_BATCH_SIZE:
            raise BatchSizeOutOfRange


class CreateUsersHandler:
    """Creates users, several at once."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, access: RowAccess, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._access = access
        self._clock = clock

    async def __call__(self, command: CreateUsers) -> tuple[UserView, ...]:
        """Create the users and return them in the order given.

        Raises:
            Forbidden: the principal may add no users.
            EmailAddressesTaken: some of the addresses are taken; no user was created.
        """
        self._access.check_adding()
        async with self._unit_of_work() as uow:
            now = self._clock.now()
            users = [User.register(new, at=now) for new in command.users]
            await uow.users.add_all(users)
            await uow.commit()
            return tuple(UserView.of(user) for user in users)
