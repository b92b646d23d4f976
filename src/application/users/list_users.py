"""List users, page by page."""

from dataclasses import dataclass, field, replace

from application.users.ports import UserFilter, UserQueries, UserSort, UserView
from foundation.kernel.access.row_access import RowAccess
from foundation.kernel.pagination import DEFAULT_LIMIT, Page, Position, check_limit


@dataclass(frozen=True, slots=True)
class ListUsers:
    """The query for the users that `where` admits, `limit` of them, behind the position `after`.

    With `count`, the page says how many users `where` admits in all. `after` is the `next` of the page before, which
    must have had the same filter and sort.

    Raises:
        LimitOutOfRange: `limit` is below 1 or above 100.
    """

    where: UserFilter = field(default_factory=UserFilter)
    sort: UserSort = UserSort.ID
    limit: int = DEFAULT_LIMIT
    after: Position | None = None
    count: bool = False

    def __post_init__(self) -> None:
        check_limit(self.limit)


class ListUsersHandler:
    """Lists users."""

    def __init__(self, queries: UserQueries, access: RowAccess) -> None:
        self._queries = queries
        self._access = access

    async def __call__(self, query: ListUsers) -> Page[UserView]:
        """The page, of the users that the principal may see; empty when none is left."""
        within = self._access.readable()
        page = await self._queries.list(query.where, query.sort, query.limit, query.after, within)
        return replace(page, total=await self._queries.count(query.where, within)) if query.count else page
