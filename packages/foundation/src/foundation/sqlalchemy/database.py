"""The connections to one database, and what works on them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import URL, MetaData, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from foundation.kernel.errors import StorageMisconfigured
from foundation.sqlalchemy.adapter import SqlAlchemyAdapter
from foundation.sqlalchemy.limits import Limits, Replica
from foundation.sqlalchemy.postgresql.engine import open_postgresql
from foundation.sqlalchemy.postgresql.opening import open_pool, open_replica
from foundation.sqlalchemy.postgresql.pooler import DIRECT, ServerAccess
from foundation.sqlalchemy.postgresql.transaction import PipelineReader, PipelineTransaction
from foundation.sqlalchemy.postgresql.watchdog import Watchdog
from foundation.sqlalchemy.postgresql.writable import check_direct, check_postgresql
from foundation.sqlalchemy.queries import SqlAlchemyQueries
from foundation.sqlalchemy.rate_limits import SqlAlchemyRateLimits
from foundation.sqlalchemy.readiness import SqlAlchemyReadiness
from foundation.sqlalchemy.sqlite.engine import connect_reader, database_file, open_sqlite
from foundation.sqlalchemy.sqlite.reader import SqliteReader
from foundation.sqlalchemy.sqlite.transaction import SqliteTransaction
from foundation.sqlalchemy.sqlite.turns import Turns
from foundation.sqlalchemy.transaction import Reader, Transaction
from foundation.sqlalchemy.unit_of_work import Registered, SqlAlchemyUnitOfWork


class Database:
    """The connections to one database: a pool of them, and one beside it for probes.

    A health check does not wait behind the traffic.
    """

    def __init__(
        self,
        registered: Registered,
        reader: Reader,
        probe: AsyncEngine,
        bulk_timeout: timedelta,
        list_reader: Reader | None = None,
    ) -> None:
        self.reader = reader
        self.list_reader = list_reader or reader
        self._probe = probe
        self._registered = registered
        self._bulk_timeout = bulk_timeout

    def unit_of_work(self) -> SqlAlchemyUnitOfWork:
        """See `Storage.unit_of_work`."""
        return SqlAlchemyUnitOfWork(self._registered, self.begin, self._bulk_timeout)

    def queries(self, name: str) -> SqlAlchemyQueries[Any, Any, Any, Any]:
        """See `Storage.queries`."""
        return SqlAlchemyQueries(
            self._registered.view_adapter(name),
            self.reader,
            self.list_reader,
            self._registered.errors,
            self._bulk_timeout,
        )

    def shared_buckets(self) -> SqlAlchemyRateLimits:
        """See `Storage.shared_buckets`."""
        return SqlAlchemyRateLimits(
            self._registered.idempotency_keys.metadata.tables["rate_limits"], self.begin, self._registered.errors
        )

    def readiness(self, revisions: Callable[[], Sequence[str]]) -> SqlAlchemyReadiness:
        """See `Storage.readiness`."""
        return SqlAlchemyReadiness(self._probe, revisions, self.check_writable)

    async def check_writable(self, connection: AsyncConnection) -> None:
        """Raise `StorageUnavailable` when the database that `connection` is to takes no writes."""
        raise NotImplementedError

    def begin(self) -> Transaction:
        """A new transaction."""
        raise NotImplementedError

    async def dispose(self) -> None:
        """See `Storage.dispose`."""
        await self._probe.dispose()


class PostgresDatabase(Database):
    """A database on a PostgreSQL server, reached by the pipelined path: see `foundation.sqlalchemy.postgresql`.

    Where there is a `replica` of it, lists are read there: see `foundation.sqlalchemy.postgresql.replica`.
    """

    def __init__(
        self,
        url: URL,
        limits: Limits,
        registered: Registered,
        access: ServerAccess = DIRECT,
        replica: Replica | None = None,
    ) -> None:
        self._behind_pooler = access.pooler
        access = replace(access, tenants=registered.per_tenant)
        self.pool = open_pool(url, limits, access)
        watchdog = Watchdog(limits.use_timeout.total_seconds())
        probe = open_postgresql(url, limits, watchdog, kept=1, pooler=access.pooler)
        reader = PipelineReader(self.pool)
        self.replica = open_replica(replica, url, limits, reader, access) if replica is not None else None
        super().__init__(registered, reader, probe, limits.bulk_timeout, self.replica)

    async def check_writable(self, connection: AsyncConnection) -> None:
        """See `Database.check_writable`."""
        if not self._behind_pooler:
            await check_direct(connection)
        await check_postgresql(connection, self._registered.idempotency_keys.metadata)

    def begin(self) -> PipelineTransaction:
        """See `Database.begin`."""
        return PipelineTransaction(self.pool)

    async def dispose(self) -> None:
        """See `Storage.dispose`."""
        if self.replica is not None:
            await self.replica.close()
        await self.pool.close()
        await super().dispose()


class SqliteDatabase(Database):
    """A database in a file, whose readers and writers share one pool of SQLAlchemy's."""

    def __init__(self, url: URL, limits: Limits, registered: Registered) -> None:
        # Its connections open no transaction by themselves.
        self._file = database_file(url)
        self.engine = open_sqlite(url, self._file, limits, limits.pool_size)
        bulk = open_sqlite(url, self._file, limits, 1)
        self._turns = Turns(limits.pool_timeout, queue=limits.pool_size + limits.pool_queue)
        self._threads = SqliteReader(
            partial(connect_reader, self._file, limits.lock_timeout),
            queue=limits.pool_queue,
            use_timeout=limits.use_timeout,
        )
        super().__init__(registered, self._threads, bulk, limits.bulk_timeout)

    async def check_writable(self, connection: AsyncConnection) -> None:  # noqa: ARG002 -- the file tells
        """See `Database.check_writable`; beside the event loop, since a disk may be slow."""
        await asyncio.to_thread(self._file.check)

    def begin(self) -> SqliteTransaction:
        """See `Database.begin`."""
        return SqliteTransaction(self.engine, self._turns)

    async def dispose(self) -> None:
        """See `Storage.dispose`."""
        await self._threads.close()
        await self.engine.dispose()
        await super().dispose()


def open_database(
    url: str,
    limits: Limits,
    metadata: MetaData,
    adapters: Mapping[str, SqlAlchemyAdapter[Any, Any, Any]],
    *,
    access: ServerAccess = DIRECT,
    replica: Replica | None = None,
    audited: bool = False,
) -> Database:
    """The database at `url`, with the entities that `adapters` has, by name; nothing is connected before it is needed.

    `metadata` has their tables, that of the idempotency keys, and that of the audit trail, which has an entry for each
    change if it is `audited`. `access` says how a PostgreSQL server is reached, and only such a database has a
    `replica`.

    Raises:
        StorageMisconfigured: no connection could be made as the URL says.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # The original message may quote the URL, and so the password.
        raise StorageMisconfigured("DATABASE_URL is no valid database URL.") from None
    registered = Registered.of(metadata, adapters, audited=audited)
    if parsed.get_backend_name() == "sqlite":
        return SqliteDatabase(parsed, limits, registered)
    return PostgresDatabase(parsed, limits, registered, access, replica)
