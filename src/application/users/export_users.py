"""Export all users."""

from collections.abc import AsyncIterator, Sequence

from application.users.ports import UserQueries, UserView
from foundation.kernel.access.row_access import RowAccess
from foundation.kernel.queries import read_ahead


class ExportUsersHandler:
    """Exports users."""

    def __init__(self, queries: UserQueries, access: RowAccess) -> None:
        self._queries = queries
        self._access = access

    async def __call__(self) -> AsyncIterator[Sequence[UserView]]:
        """All users that the principal may see, by id, in batches: see `Queries.iterate_all` and `read_ahead`."""
        return await read_ahead(self._queries.iterate_all(self._access.readable()))
