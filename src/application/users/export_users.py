"""Export all users."""

from collections.abc import AsyncIterator, Sequence

from application.users.ports import UserQueries, UserView


class ExportUsersHandler:
    """Exports users."""

    def __init__(self, queries: UserQueries) -> None:
        self._queries = queries

    async def __call__(self) -> AsyncIterator[Sequence[UserView]]:
        """All users by id, in batches: see `Queries.iterate_all`.

        The first batch has been read when this returns, so that a storage that cannot be reached is known before an
        answer has begun.
        """
        pages = self._queries.iterate_all()
        first = await anext(pages, None)
        return _chained(first or (), pages)


async def _chained(
    first: Sequence[UserView], rest: AsyncIterator[Sequence[UserView]]
) -> AsyncIterator[Sequence[UserView]]:
    if first:
        yield first
    async for page in rest:
        yield page
