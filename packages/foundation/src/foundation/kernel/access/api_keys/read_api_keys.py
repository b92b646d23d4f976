"""Read API keys."""

from dataclasses import dataclass, field

from foundation.kernel.access.api_keys.ports import ApiKeyFilter, ApiKeyQueries, ApiKeySort, ApiKeyView
from foundation.kernel.access.api_keys.values import ApiKeyId
from foundation.kernel.access.row_access import RowAccess
from foundation.kernel.pagination import DEFAULT_LIMIT, Page, Position, check_limit


@dataclass(frozen=True, slots=True)
class ListApiKeys:
    """The query for a page of the API keys that `where` admits.

    Raises:
        LimitOutOfRange: `limit` is below 1 or above 100.
    """

    where: ApiKeyFilter = field(default_factory=ApiKeyFilter)
    sort: ApiKeySort = ApiKeySort.ID
    limit: int = DEFAULT_LIMIT
    after: Position | None = None

    def __post_init__(self) -> None:
        check_limit(self.limit)


class ListApiKeysHandler:
    """Lists API keys."""

    def __init__(self, queries: ApiKeyQueries, access: RowAccess) -> None:
        self._queries = queries
        self._access = access

    async def __call__(self, query: ListApiKeys) -> Page[ApiKeyView]:
        """The page, of the keys that the principal may see."""
        return await self._queries.list(query.where, query.sort, query.limit, query.after, self._access.readable())


class GetApiKeyHandler:
    """Reads one API key."""

    def __init__(self, queries: ApiKeyQueries, access: RowAccess) -> None:
        self._queries = queries
        self._access = access

    async def __call__(self, key_id: ApiKeyId) -> ApiKeyView:
        """The key.

        Raises:
            ApiKeyNotFound: there is none, or the principal may not see it.
        """
        return await self._queries.get(key_id, self._access.readable())
