"""The connections to one database, and what works on them."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from adapters.sqlalchemy.mappings import configure_mappings
from adapters.sqlalchemy.queries.users import SqlAlchemyUserQueries
from foundation.kernel.errors import StorageMisconfigured
from foundation.sqlalchemy.limits import Limits
from foundation.sqlalchemy.postgresql.engine import open_postgresql
from foundation.sqlalchemy.postgresql.pool import ConnectionPool
from foundation.sqlalchemy.readiness import SqlAlchemyReadiness
from foundation.sqlalchemy.reading import EngineReader, PipelineReader
from foundation.sqlalchemy.sqlite.engine import TRANSACTION, open_sqlite
from foundation.sqlalchemy.unit_of_work import PipelineUnitOfWork, SqlAlchemyUnitOfWork


class Database(Protocol):
    """The connections to one database: a pool of them, and one beside it for probes.

    A health check does not wait behind the traffic.
    """

    @property
    def user_queries(self) -> SqlAlchemyUserQueries:
        """The users, as read models."""
        ...

    def readiness(self, revisions: Callable[[], Sequence[str]]) -> SqlAlchemyReadiness:
        """Whether it can serve the release that knows these `revisions`."""
        ...

    def unit_of_work(self) -> Any:
        """A new unit of work."""
        ...

    async def dispose(self) -> None:
        """Close every connection."""
        ...


class PostgresDatabase:
    """A database on a PostgreSQL server, which is reached by the pipelined path: see `foundation.sqlalchemy.postgresql`."""

    def __init__(self, url: URL, limits: Limits) -> None:
        self.pool = ConnectionPool(open_postgresql(url, limits), limits.pool_size, limits.pool_timeout)
        self.reader = PipelineReader(self.pool)
        self.user_queries = SqlAlchemyUserQueries(self.reader)
        self._bulk_timeout = limits.bulk_timeout
        self.probe = open_postgresql(url, limits, kept=1)

    def readiness(self, revisions: Callable[[], Sequence[str]]) -> SqlAlchemyReadiness:
        """See `Database.readiness`."""
        return SqlAlchemyReadiness(self.probe, revisions)

    def unit_of_work(self) -> PipelineUnitOfWork:
        """See `Database.unit_of_work`."""
        return PipelineUnitOfWork(self.pool, self._bulk_timeout)

    async def dispose(self) -> None:
        """See `Database.dispose`."""
        await self.pool.close()
        await self.probe.dispose()


class SqliteDatabase:
    """A database in a file, whose readers and writers share one pool of SQLAlchemy's."""

    def __init__(self, url: URL, limits: Limits) -> None:
        # Its connections open no transaction of their own accord.
        self.engine = open_sqlite(url, limits, limits.pool_size)
        self.user_queries = SqlAlchemyUserQueries(EngineReader(self.engine))
        self._bulk_timeout = limits.bulk_timeout
        self.probe = open_sqlite(url, limits, 1)
        writing = self.engine.execution_options(**{TRANSACTION: "IMMEDIATE"})
        self._sessions = async_sessionmaker(writing, class_=AsyncSession, expire_on_commit=False)

    def readiness(self, revisions: Callable[[], Sequence[str]]) -> SqlAlchemyReadiness:
        """See `Database.readiness`."""
        return SqlAlchemyReadiness(self.probe, revisions)

    def unit_of_work(self) -> SqlAlchemyUnitOfWork:
        """See `Database.unit_of_work`."""
        return SqlAlchemyUnitOfWork(self._sessions, self._bulk_timeout)

    async def dispose(self) -> None:
        """See `Database.dispose`."""
        await self.engine.dispose()
        await self.probe.dispose()


def open_database(url: str, limits: Limits) -> Database:
    """The database at `url`, with the entities mapped; nothing is connected before it is needed.

    Raises:
        StorageMisconfigured: no connection could be made as the URL says.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # The original message may quote the URL, and so the password.
        raise StorageMisconfigured("DATABASE_URL is no valid database URL.") from None
    configure_mappings()
    database = SqliteDatabase if parsed.get_backend_name() == "sqlite" else PostgresDatabase
    return database(parsed, limits)
