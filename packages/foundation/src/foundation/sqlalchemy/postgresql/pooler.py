"""What is different where a session is not ours alone: behind a pooler in transaction mode, such as pgbouncer's.

The pooler lends a session of the server for the length of a transaction. What a transaction sets for its session, the
next one finds, and it may be that of another program. So each transaction sets what it needs for itself alone, in the
flush that begins it, and what is prepared is found by names that the pooler translates, or not prepared at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

from psycopg import AsyncConnection, Error
from psycopg.adapt import AdaptersMap, Transformer
from psycopg.pq import Format
from psycopg.pq.abc import PGresult

from foundation.sqlalchemy.limits import Limits
from foundation.sqlalchemy.postgresql.connection import Opener, PipelineConnection
from foundation.sqlalchemy.postgresql.engine import local_settings
from foundation.sqlalchemy.postgresql.statements import PipelineStatement

_BEGIN: Final = b"BEGIN"
# feature_not_supported, which is what a prepared statement gives whose columns a migration changed (appendix A).
_OTHER_COLUMNS: Final = "0A000"
# What stands for the name of a statement in the list of expected results, where the caller expects none.
_OURS: Final = b""


@dataclass(frozen=True, slots=True)
class ServerAccess:
    """Whether a `pooler` in transaction mode is before the server, and whether statements are `prepared`."""

    pooler: bool = False
    prepared: bool = True

    def opener(self, limits: Limits) -> Opener:
        """What makes the pipelines of one pool."""
        if self.prepared and not self.pooler:
            return PipelineConnection.opened
        preparation = _Preparation() if self.prepared else None
        if not self.pooler:

            async def opened_unprepared(connection: AsyncConnection[Any]) -> PipelineConnection:
                pipeline = _SharedSession(connection, preparation, None)
                await pipeline.set_time_zone()
                return pipeline

            return opened_unprepared
        sql = local_settings(limits).encode()
        settings = PipelineStatement(blake2b(sql, digest_size=16).hexdigest().encode(), sql, (), None)

        async def opened(connection: AsyncConnection[Any]) -> PipelineConnection:
            return _SharedSession(connection, preparation, settings)

        return opened


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

    `settings` go with the first statement of each transaction. Without `preparation` nothing is prepared.
    """

    def __init__(
        self, connection: AsyncConnection[Any], preparation: _Preparation | None, settings: PipelineStatement | None
    ) -> None:
        super().__init__(connection)
        self._preparation = preparation
        self._settings = settings
        self._retired = False
        if settings is not None:
            self._loader = Transformer.from_context(_Unconnected(connection.adapters))

    @property
    def usable(self) -> bool:
        """See `PipelineConnection.usable`; a connection that is to be replaced lasts to the end of its transaction."""
        return super().usable and not (self._retired and not self.in_transaction)

    def _send(
        self, calls: Sequence[tuple[PipelineStatement, Sequence[Any] | None]], expected: list[bytes | None]
    ) -> None:
        if self._settings is not None and not self.in_transaction:
            place = 1 if calls[0][0].sql == _BEGIN else 0
            calls = [*calls[:place], (self._settings, None), *calls[place:]]
        if not self._attached:
            self._attach()
        for statement, values in calls:
            if self._preparation is None or not statement.preparable:
                self._pg.send_query_params(statement.sql, values, result_format=Format.BINARY)
            else:
                self._send_prepared(statement, values, self._preparation.generation, expected)
            expected.append(_OURS if statement is self._settings else None)
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
