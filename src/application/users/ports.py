"""How users are stored and found."""

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol, Self

from domain.users.email_address import EmailAddress
from domain.users.user import User
from domain.users.user_id import UserId
from domain.users.user_name import UserName
from foundation.kernel.pagination import Page, Position
from foundation.kernel.queries import SortOrder


class UserView(NamedTuple):
    """A user as readers see it: plain values. Times are aware, in UTC, in microseconds.

    A named tuple, because lists and exports make very many: it takes a third of the time of a frozen dataclass.
    """

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


class UserSort(SortOrder):
    """The orders of a list of users."""

    ID = "id"
    ID_DESCENDING = "-id"
    CREATED_AT = "created_at"
    CREATED_AT_DESCENDING = "-created_at"
    UPDATED_AT = "updated_at"
    UPDATED_AT_DESCENDING = "-updated_at"


@dataclass(frozen=True, slots=True)
class UserFilter:
    """Which users a list holds: those that meet every condition given. Both times are exclusive."""

    email: EmailAddress | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


class NumberedUser(NamedTuple):
    """A new user, and the number of the line of its source that describes it."""

    line: int
    email: EmailAddress
    name: UserName


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of the users that were loaded: how many were added, and which not, since their address is taken.

    `taken` counts the latter, and `taken_lines` has the lowest of their line numbers, in order.
    """

    added: int
    taken: int
    taken_lines: tuple[int, ...]


class UserRepository(Protocol):
    """The users, as the write side sees them. Lives as long as its unit of work."""

    async def add(self, user: User) -> None:
        """Store a new user and give it its id, one that no user had before.

        Raises:
            EmailAlreadyTaken: another user has this address.
        """
        ...

    async def add_all(self, users: Sequence[User]) -> None:
        """Store new users and give them their ids, in their order. One statement serves them all where it can.

        Raises:
            EmailAddressesTaken: some of the addresses are taken, by earlier ones of `users` or by others. It names
                every one; none of the users is stored.
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


class UserLoader(Protocol):
    """Adds users in bulk, in the fastest way the storage has, with memory that does not grow with their number."""

    async def load(self, users: AsyncIterable[Sequence[NumberedUser]], at: datetime, reported: int) -> Loaded:
        """Add the users whose address is free, as known since `at`, in their order. Leave out the others.

        An address is taken when a user has it, or when an earlier one of `users` has; the lines of `users` ascend. Of
        the lines of those left out, the lowest `reported` are named. The storage is not touched before the first of
        `users` is there, so that nothing waits for a source that yields none. What `users` raises passes through, and
        the unit of work can only be left then.

        Raises:
            WriteConflict: another writer came first; nothing was written.
        """
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

    async def count(self, where: UserFilter) -> int:
        """How many users `where` admits. It looks at each of them."""
        ...

    def everybody(self) -> AsyncIterator[Sequence[UserView]]:
        """All users by id, some at a time. Between two reads no connection is held and no transaction is open.

        A user who is there all along is met exactly once. One who comes or changes meanwhile may be met or not, and
        before or after its change.
        """
        ...
