"""Create a user."""

from dataclasses import dataclass

from application.ports.clock import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from application.ports.users import UserView
from application.retry import retry_on_conflict
from domain.users.email_address import EmailAddress
from domain.users.user import User
from domain.users.user_name import UserName


@dataclass(frozen=True, slots=True)
class CreateUser:
    """The wish for a new user."""

    email: EmailAddress
    name: UserName


class CreateUserHandler:
    """Creates users."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self, command: CreateUser) -> UserView:
        """Create the user and return it as stored.

        Raises:
            EmailAlreadyTaken: another user has this address.
        """
        return await retry_on_conflict(lambda: self._create(command))

    async def _create(self, command: CreateUser) -> UserView:
        async with self._unit_of_work() as uow:
            user = User.register(email=command.email, name=command.name, at=self._clock.now())
            await uow.users.add(user)
            await uow.commit()
            return UserView.of(user)
