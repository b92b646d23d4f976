"""What is different where a session is not ours alone: behind a pooler in transaction mode, such as pgbouncer's.

The pooler lends a session of the server for the length of a transaction. What a transaction sets for its session, the
next one finds, and it may be that of another program. So each transaction sets what it needs for itself alone, in the
flush that begins it, and what is prepared is found by names that the pooler translates, or not prepared at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Final

from psycopg import AsyncConnection, Error
from psycopg.adapt import AdaptersMap, Transformer
from psycopg.pq import Format
from psycopg.pq.abc import PGresult

from foundation.kernel.access.tenancy import current_tenant
from foundation.sqlalchemy.limits import Limits
from foundation.sqlalchemy.postgresql.connection import Call, Opener, PipelineConnection, Settings, expectation
from foundation.sqlalchemy.postgresql.engine import local_settings
from foundation.sqlalchemy.postgresql.statements import PipelineStatement, pipelined
from foundation.sqlalchemy.tenancy import SET_TENANT

# feature_not_supported, which is what a prepared statement gives whose columns a migration changed (appendix A).
_OTHER_COLUMNS: Final = "0A000"
_SET_TENANT: Final = replace(pipelined(SET_TENANT), setting=True)


@dataclass(frozen=True, slots=True)
class ServerAccess:
    """Whether a `pooler` in transaction mode is before the server, and whether statements are `prepared`.

    With `tenants`, the server is told the tenant of the present principal in each transaction.
    """

    pooler: bool = False
    prepared: bool = True
    tenants: bool = False

    def opener(self, limits: Limits) -> Opener:
        """What makes the pipelines of one pool."""
        preparation = _Preparation() if self.prepared else None
        settings = self._settings(limits)

        async def opened(connection: AsyncConnection[Any]) -> PipelineConnection:
            if self.pooler:
                return _SharedSession(connection, preparation, settings, in_utc=True)
            pipeline = (
                PipelineConnection(connection, settings)
                if self.prepared
                else _SharedSession(connection, preparation, settings, in_utc=False)
            )
            await pipeline.set_time_zone()
            return pipeline

        return opened

    def _settings(self, limits: Limits) -> Settings | None:
        sql = local_settings(limits).encode()
        name = blake2b(sql, digest_size=16).hexdigest().encode()
        limited = [Call(PipelineStatement(name, sql, (), None, setting=True), {})] if self.pooler else []
        if self.tenants:
            return lambda: [*limited, *_tenant()]
        return (lambda: limited) if limited else None


def _tenant() -> Sequence[Call]:
    tenant = current_tenant()
    return [] if tenant is None else [Call(_SET_TENANT, {"tenant": tenant})]


DIRECT: Final = ServerAccess()
"""The server itself, with prepared statements."""


@dataclass(slots=True)
class _Preparation:
    """What the connections of one pool know of prepared statements.

    The pooler keeps a statement by its text, longer than a connection to it lasts. So after a migration changed its
    columns it is prepared under another text, which `generation` makes.
    """

    generation: int = 0


@dataclass(frozen=True, slots=True)
class _Unconnected:
    """The types of a connection without its time zone: psycopg then takes UTC, which is what transactions set."""

    adapters: AdaptersMap
    connection: None = None


class _SharedSession(PipelineConnection):
    """Sends statements over a session that others use before and after each transaction.

    Without `preparation` nothing is prepared. With `in_utc`, the `settings` set the time zone.
    """

    def __init__(
        self,
        connection: AsyncConnection[Any],
        preparation: _Preparation | None,
        settings: Settings | None,
        *,
        in_utc: bool,
    ) -> None:
        super().__init__(connection, settings)
        self._preparation = preparation
        self._retired = False
        if in_utc:
            self._loader = Transformer.from_context(_Unconnected(connection.adapters))

    @property
    def usable(self) -> bool:
        """See `PipelineConnection.usable`; a connection that is to be replaced lasts to the end of its transaction."""
        return super().usable and not (self._retired and not self.in_transaction)

    def _send(
        self, calls: Sequence[tuple[PipelineStatement, Sequence[Any] | None]], expected: list[bytes | None]
    ) -> None:
        if not self._attached:
            self._attach()
        for statement, values in calls:
            if self._preparation is None or not statement.preparable:
                self._pg.send_query_params(statement.sql, values, result_format=Format.BINARY)
            else:
                self._send_prepared(statement, values, self._preparation.generation, expected)
            expected.append(expectation(statement))
        self._pg.pipeline_sync()

    def _send_prepared(
        self,
        statement: PipelineStatement,
        values: Sequence[Any] | None,
        generation: int,
        expected: list[bytes | None],
    ) -> None:
        name, sql = statement.name, statement.sql
        if generation:
            name, sql = name + b"_%d" % generation, sql + b" -- %d" % generation
        if name not in self._prepared:
            self._pg.send_prepare(name, sql)
            self._prepared.add(name)
            expected.append(name)
        self._pg.send_query_prepared(name, values, result_format=Format.BINARY)

    def _failure(self, expected: Sequence[bytes | None], results: Sequence[PGresult]) -> Error:
        error = super()._failure(expected, results)
        if error.sqlstate == _OTHER_COLUMNS and self._preparation is not None:
            self._preparation.generation += 1
        return error

    def _forget_unprepared(self, expected: Sequence[bytes | None], results: Sequence[PGresult]) -> None:
        before = len(self._prepared)
        super()._forget_unprepared(expected, results)
        # The pooler has the name already, and ends a connection on which it is prepared again.
        self._retired = self._retired or len(self._prepared) < before
