"""How users are stored and found."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, Self

from application.pagination import Page, Position
from domain.users.email_address import EmailAddress
from domain.users.user import User
from domain.users.user_id import UserId


@dataclass(frozen=True, slots=True)
class UserView:
    """A user as readers see it: plain values. Times are aware, in UTC, in microseconds."""

    id: int
    email: str
    name: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, user: User) -> Self:
        """What readers see of `user`."""
        return cls(
            id=user.id.value,
            email=user.email.value,
            name=user.name.value,
            created_at=user.created_at,
            updated_at=user.updated_at,
        )


class UserSort(StrEnum):
    """The orders of a list of users; a minus sign turns one round. The id breaks ties, in the same direction."""

    ID = "id"
    ID_DESCENDING = "-id"
    CREATED_AT = "created_at"
    CREATED_AT_DESCENDING = "-created_at"
    UPDATED_AT = "updated_at"
    UPDATED_AT_DESCENDING = "-updated_at"

    @property
    def field(self) -> str:
        """The name of the value that the list is sorted by: `id`, `created_at` or `updated_at`."""
        return self.value.removeprefix("-")

    @property
    def descending(self) -> bool:
        """Whether the largest value comes first."""
        return self.value.startswith("-")


@dataclass(frozen=True, slots=True)
class UserFilter:
    """Which users a list holds: those that meet every condition given. Both times are exclusive."""

    email: EmailAddress | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


class UserRepository(Protocol):
    """The users, as the write side sees them. Lives as long as its unit of work."""

    async def add(self, user: User) -> None:
        """Store a new user and give it its id, one that no user had before.

        Raises:
            EmailAlreadyTaken: another user has this address.
        """
        ...

    async def get(self, user_id: UserId) -> User:
        """The user to be changed. The storage may make other writers wait until the unit of work ends.

        Changes to the user are stored by the commit.

        Raises:
            UserNotFound: there is none.
        """
        ...

    async def remove(self, user: User) -> None:
        """Forget the user, from the commit on."""
        ...


class UserQueries(Protocol):
    """The users, as the read side sees them: what is committed, without a transaction."""

    async def get(self, user_id: UserId) -> UserView:
        """One user.

        Raises:
            UserNotFound: there is none.
        """
        ...

    async def list(self, where: UserFilter, sort: UserSort, limit: int, after: Position | None) -> Page[UserView]:
        """The first `limit` users that `where` admits, in the order of `sort`, behind the position `after`."""
        ...
