"""Create a user."""

from dataclasses import dataclass

from application.unit_of_work import UnitOfWorkFactory
from application.users.ports import UserView
from application.users.recorded import read_users, write_users
from domain.users.email_address import EmailAddress
from domain.users.user import User
from domain.users.user_name import UserName
from foundation.kernel.clock import Clock
from foundation.kernel.idempotency import Outcome, Wish
from foundation.kernel.idempotency_keys import IdempotencyKey
from foundation.kernel.retry import retry_on_conflict


@dataclass(frozen=True, slots=True)
class CreateUser:
    """The wish for a new user; with a `key`, for one only, however often it is uttered within a day."""

    email: EmailAddress
    name: UserName
    key: IdempotencyKey | None = None


class CreateUserHandler:
    """Creates users."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self, command: CreateUser) -> Outcome[UserView]:
        """Create the user and return it as stored, or as it was when it was created under the same key.

        Raises:
            EmailAlreadyTaken: another user has this address.
            IdempotencyKeyInUse: a call with the same key is being carried out.
            IdempotencyKeyReused: the key was used for another wish.
        """
        return await retry_on_conflict(lambda: self._create(command))

    async def _create(self, command: CreateUser) -> Outcome[UserView]:
        wish = Wish(command.key, (command.email.value, command.name.value))
        async with self._unit_of_work() as uow:
            now = self._clock.now()
            if (earlier := await wish.answer(uow, now)) is not None:
                return Outcome(read_users(earlier)[0], replayed=True)
            user = User.register(email=command.email, name=command.name, at=now)
            await uow.users.add(user)
            created = UserView.of(user)
            await wish.record(uow, lambda: write_users([created]), now)
            await uow.commit()
            return Outcome(created)
