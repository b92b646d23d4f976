"""The user."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Self

from domain.users.email_address import EmailAddress
from domain.users.user_id import UserId
from domain.users.user_name import UserName
from foundation.kernel.entity import Entity

# The resolution of `updated_at` on every storage.
_TICK: Final = timedelta(microseconds=1)


@dataclass(eq=False, kw_only=True)
class User(Entity[UserId]):
    """Somebody known to the service by an email address of their own.

    `updated_at` is also the version of the user: every change moves it forward, so two writers who saw the same
    version cannot both succeed. Times are aware, in UTC, in microseconds.
    """

    id: UserId = field(init=False)
    email: EmailAddress
    name: UserName
    created_at: datetime
    updated_at: datetime

    @classmethod
    def register(cls, *, email: EmailAddress, name: UserName, at: datetime) -> Self:
        """A new user, known since `at`; the repository gives the id when the user is added to it."""
        return cls(email=email, name=name, created_at=at, updated_at=at)

    def rename(self, name: UserName, *, at: datetime) -> None:
        """Take `name`; the name the user already has changes nothing."""
        if name != self.name:
            self.name = name
            self._changed(at)

    def change_email(self, email: EmailAddress, *, at: datetime) -> None:
        """Take `email`; the address the user already has changes nothing. That it is free, the repository knows."""
        if email != self.email:
            self.email = email
            self._changed(at)

    def _changed(self, at: datetime) -> None:
        # A clock may stand still or step back; a version may not.
        self.updated_at = max(at, self.updated_at + _TICK)
