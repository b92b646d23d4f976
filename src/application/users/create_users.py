"""Create several users together."""

from dataclasses import dataclass
from typing import Final

from application.unit_of_work import UnitOfWorkFactory
from application.users.ports import UserView
from application.users.recorded import read_users, write_users
from domain.users.email_address import EmailAddress
from domain.users.user import User
from domain.users.user_name import UserName
from foundation.kernel.clock import Clock
from foundation.kernel.errors import InvalidValue
from foundation.kernel.idempotency import Outcome, Wish
from foundation.kernel.idempotency_keys import IdempotencyKey
from foundation.kernel.retry import retry_on_conflict

LARGEST_BATCH: Final = 100


class BatchSizeOutOfRange(InvalidValue):
    """A batch may not be that long, or that short."""

    code = "batch-size-out-of-range"

    def __init__(self) -> None:
        super().__init__(f"A batch holds from 1 to {LARGEST_BATCH} items.")


@dataclass(frozen=True, slots=True)
class CreateUsers:
    """The wish for new users, all of them or none; with a `key`, for these only once within a day.

    Raises:
        BatchSizeOutOfRange: there are none, or more than 100.
    """

    users: tuple[tuple[EmailAddress, UserName], ...]
    key: IdempotencyKey | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.users) <= LARGEST_BATCH:
            raise BatchSizeOutOfRange


class CreateUsersHandler:
    """Creates users, several at once."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self, command: CreateUsers) -> Outcome[tuple[UserView, ...]]:
        """Create the users and return them in the order given, or as they were created under the same key.

        Raises:
            EmailAddressesTaken: some of the addresses are taken; nobody was created.
            IdempotencyKeyInUse: a call with the same key is being carried out.
            IdempotencyKeyReused: the key was used for another wish.
        """
        return await retry_on_conflict(lambda: self._create(command))

    async def _create(self, command: CreateUsers) -> Outcome[tuple[UserView, ...]]:
        wish = Wish(command.key, (part.value for user in command.users for part in user))
        async with self._unit_of_work() as uow:
            now = self._clock.now()
            if (earlier := await wish.answer(uow, now)) is not None:
                return Outcome(read_users(earlier), replayed=True)
            users = [User.register(email=email, name=name, at=now) for email, name in command.users]
            await uow.users.add_all(users)
            created = tuple(UserView.of(user) for user in users)
            await wish.record(uow, lambda: write_users(created), now)
            await uow.commit()
            return Outcome(created)
