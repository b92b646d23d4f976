"""Read one user."""

from dataclasses import dataclass

from application.users.ports import UserQueries, UserView
from domain.users.user_id import UserId
from foundation.kernel.access.row_access import RowAccess


@dataclass(frozen=True, slots=True)
class GetUser:
    """The query for one user."""

    user_id: UserId


class GetUserHandler:
    """Reads one user."""

    def __init__(self, queries: UserQueries, access: RowAccess) -> None:
        self._queries = queries
        self._access = access

    async def __call__(self, query: GetUser) -> UserView:
        """The user.

        Raises:
            UserNotFound: there is none, or the principal may not see it.
        """
        return await self._queries.get(query.user_id, self._access.readable())
