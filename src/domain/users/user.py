"""The user."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Self

from domain.users.email_address import EmailAddress
from domain.users.user_id import UserId
from domain.users.user_name import UserName
from foundation.kernel.entity import Entity
from foundation.kernel.unset import UNSET, Unset
from foundation.kernel.versions import next_version


class NewUser(NamedTuple):
    """The data needed to create a user."""

    email: EmailAddress
    name: UserName


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChanges:
    """What is to be changed about a user; what is not given stays as it is."""

    email: EmailAddress | Unset = UNSET
    name: UserName | Unset = UNSET


@dataclass(eq=False, kw_only=True)
class User(Entity[UserId]):
    """A person known to the service by an email address that no other user has.

    `updated_at` is also the version of the user: every change moves it forward, so two writers who saw the same
    version cannot both succeed. Times are aware, in UTC, in microseconds.
    """

    id: UserId = field(init=False)
    email: EmailAddress
    name: UserName
    created_at: datetime
    updated_at: datetime

    @classmethod
    def register(cls, new: NewUser, *, at: datetime) -> Self:
        """A new user, known since `at`; the repository gives the id when the user is added to it."""
        return cls(email=new.email, name=new.name, created_at=at, updated_at=at)

    def change(self, changes: UserChanges, *, at: datetime) -> None:
        """Apply the fields that are set."""
        if changes.email is not UNSET:
            self.change_email(changes.email, at=at)
        if changes.name is not UNSET:
            self.rename(changes.name, at=at)

    def rename(self, name: UserName, *, at: datetime) -> None:
        """Take `name`; the name the user already has changes nothing."""
        if name != self.name:
            self.name = name
            self.updated_at = next_version(self.updated_at, at)

    def change_email(self, email: EmailAddress, *, at: datetime) -> None:
        """Take `email`; the address the user already has changes nothing. The repository checks that it is free."""
        if email != self.email:
            self.email = email
            self.updated_at = next_version(self.updated_at, at)
