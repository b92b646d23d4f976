"""Export all users."""

from collections.abc import AsyncIterator, Sequence

from application.users.ports import UserQueries, UserView
from foundation.kernel.queries import read_ahead


class ExportUsersHandler:
    """Exports users."""

    def __init__(self, queries: UserQueries) -> None:
        self._queries = queries

    async def __call__(self) -> AsyncIterator[Sequence[UserView]]:
        """All users by id, in batches, the first of which is read before this returns: see `Queries.iterate_all`."""
        return await read_ahead(self._queries.iterate_all())
