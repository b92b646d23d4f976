"""The ports of users, with the read model, the filter and the orders of lists."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol, Self

from domain.users.email_address import EmailAddress
from domain.users.user import NewUser, User
from domain.users.user_id import UserId
from foundation.kernel.bulk_loading import BulkLoader
from foundation.kernel.queries import Queries, SortOrder
from foundation.kernel.repository import Repository
from foundation.kernel.views import view_of


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
        """The view of `user`."""
        return view_of(cls, user)


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


class UserRepository(Repository[User, UserId], BulkLoader[NewUser], Protocol):
    """The users, within a unit of work. What is taken is reported as `EmailAlreadyTaken` or `EmailAddressesTaken`."""


class UserQueries(Queries[UserId, UserView, UserFilter, UserSort], Protocol):
    """The read side: what is committed, outside a unit of work."""
