"""Whether the database can serve this release."""

import asyncio
from collections.abc import Callable

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.sqlalchemy.errors import translated
from application.errors import MigrationsPending


class SqlAlchemyReadiness:
    """Compares the revision that the database is at with the one this release needs.

    `needed` yields that revision; it is asked once, and late, because reading the migrations takes time that a
    start does not have.
    """

    def __init__(self, engine: AsyncEngine, needed: Callable[[], str | None]) -> None:
        self._engine = engine
        self._read_needed = needed
        self._needed: str | None = None

    async def check(self) -> None:
        """See `StorageReadiness.check`."""
        with translated():
            async with self._engine.connect() as connection:
                found = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalars().all()
        if self._needed is None:
            # In a thread, so that other requests need not wait while files are read.
            self._needed = await asyncio.to_thread(self._read_needed)
        if found != [self._needed]:
            raise MigrationsPending
