"""The connections to one database, and what works on them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import URL, MetaData, make_url
from sqlalchemy.exc import ArgumentError

from foundation.kernel.errors import StorageMisconfigured
from foundation.sqlalchemy.adapter import SqlAlchemyAdapter
from foundation.sqlalchemy.limits import Limits
from foundation.sqlalchemy.postgresql.engine import open_postgresql
from foundation.sqlalchemy.postgresql.pool import ConnectionPool
from foundation.sqlalchemy.postgresql.transaction import PipelineReader, PipelineTransaction
from foundation.sqlalchemy.queries import SqlAlchemyQueries
from foundation.sqlalchemy.readiness import SqlAlchemyReadiness
from foundation.sqlalchemy.sqlite.engine import TRANSACTION, open_sqlite
from foundation.sqlalchemy.sqlite.transaction import SqliteReader, SqliteTransaction
from foundation.sqlalchemy.unit_of_work import Registered, SqlAlchemyUnitOfWork

AnyQueries: TypeAlias = SqlAlchemyQueries[Any, Any, Any, Any]


class PostgresDatabase:
    """A database on a PostgreSQL server, reached by the pipelined path: see `foundation.sqlalchemy.postgresql`.

    It has a pool of connections, and one beside it for probes: a health check does not wait behind the traffic.
    """

    def __init__(self, url: URL, limits: Limits, registered: Registered) -> None:
        self.pool = ConnectionPool(open_postgresql(url, limits), limits.pool_size, limits.pool_timeout)
        self.reader = PipelineReader(self.pool)
        self._probe = open_postgresql(url, limits, kept=1)
        self._registered = registered
        self._bulk_timeout = limits.bulk_timeout

    def unit_of_work(self) -> SqlAlchemyUnitOfWork:
        """See `Storage.unit_of_work`."""
        return SqlAlchemyUnitOfWork(self._registered, self._begin, self._bulk_timeout)

    def queries(self, name: str) -> AnyQueries:
        """See `Storage.queries`."""
        return SqlAlchemyQueries(self._registered.adapters[name], self.reader, self._registered.errors)

    def readiness(self, revisions: Callable[[], Sequence[str]]) -> SqlAlchemyReadiness:
        """See `Storage.readiness`."""
        return SqlAlchemyReadiness(self._probe, revisions)

    async def dispose(self) -> None:
        """See `Storage.dispose`."""
        await self.pool.close()
        await self._probe.dispose()

    def _begin(self) -> PipelineTransaction:
        return PipelineTransaction(self.pool)


class SqliteDatabase:
    """A database in a file, whose readers and writers share one pool of SQLAlchemy's; probes have one of their own."""

    def __init__(self, url: URL, limits: Limits, registered: Registered) -> None:
        # Its connections open no transaction of their own accord.
        self.engine = open_sqlite(url, limits, limits.pool_size)
        self.reader = SqliteReader(self.engine)
        self._writing = self.engine.execution_options(**{TRANSACTION: "IMMEDIATE"})
        self._probe = open_sqlite(url, limits, 1)
        self._registered = registered
        self._bulk_timeout = limits.bulk_timeout

    def unit_of_work(self) -> SqlAlchemyUnitOfWork:
        """See `Storage.unit_of_work`."""
        return SqlAlchemyUnitOfWork(self._registered, self._begin, self._bulk_timeout)

    def queries(self, name: str) -> AnyQueries:
        """See `Storage.queries`."""
        return SqlAlchemyQueries(self._registered.adapters[name], self.reader, self._registered.errors)

    def readiness(self, revisions: Callable[[], Sequence[str]]) -> SqlAlchemyReadiness:
        """See `Storage.readiness`."""
        return SqlAlchemyReadiness(self._probe, revisions)

    async def dispose(self) -> None:
        """See `Storage.dispose`."""
        await self.engine.dispose()
        await self._probe.dispose()

    def _begin(self) -> SqliteTransaction:
        return SqliteTransaction(self._writing)


Database: TypeAlias = PostgresDatabase | SqliteDatabase


def open_database(
    url: str, limits: Limits, metadata: MetaData, adapters: Mapping[str, SqlAlchemyAdapter[Any, Any, Any]]
) -> Database:
    """The database at `url`, with the entities that `adapters` has, by name; nothing is connected before it is needed.

    `metadata` has their tables and that of `foundation.sqlalchemy.tables.idempotency_keys_table`.

    Raises:
        StorageMisconfigured: no connection could be made as the URL says.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # The original message may quote the URL, and so the password.
        raise StorageMisconfigured("DATABASE_URL is no valid database URL.") from None
    kind = SqliteDatabase if parsed.get_backend_name() == "sqlite" else PostgresDatabase
    return kind(parsed, limits, Registered.of(metadata, adapters))
