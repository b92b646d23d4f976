"""Whether the database can serve this release."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foundation.kernel.errors import MigrationsPending
from foundation.sqlalchemy.errors import NO_CONSTRAINTS


class SqlAlchemyReadiness:
    """Compares the revision that the database is at with those that this release knows.

    At an older one, migrations are pending. At one that it does not know, a newer release has upgraded the database
    already: migrations keep the release before them working (expand, then contract), so this one goes on serving.

    `revisions` yields what this release knows, the newest last; it is asked once, and late, because reading the
    migrations takes time that a start does not have. `writable` raises `StorageUnavailable` when the database takes no
    writes.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        revisions: Callable[[], Sequence[str]],
        writable: Callable[[AsyncConnection], Awaitable[None]],
    ) -> None:
        self._engine = engine
        self._writable = writable
        self._read_revisions = revisions
        self._revisions: Sequence[str] = ()

    async def check(self) -> None:
        """See `StorageReadiness.check`."""
        with NO_CONSTRAINTS.translated:
            async with self._engine.connect() as connection:
                await self._writable(connection)  # first: a role that may see nothing would be told to migrate
                found = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalars().all()
                await self._check_revisions(found)

    async def _check_revisions(self, found: Sequence[str]) -> None:
        if not self._revisions:
            # In a thread, so that other requests need not wait while files are read.
            self._revisions = await asyncio.to_thread(self._read_revisions)
        if not found or not set(self._revisions[:-1]).isdisjoint(found):
            raise MigrationsPending
