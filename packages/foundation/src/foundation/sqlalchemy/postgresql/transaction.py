"""Statements on pooled connections: by themselves, or in a transaction."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from psycopg.errors import InFailedSqlTransaction
from psycopg.pq.abc import PGresult
from sqlalchemy import Connection, Select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import UpdateBase

from foundation.kernel.deadline import extend_deadline, seconds_left
from foundation.kernel.errors import WriteConflict
from foundation.sqlalchemy.postgresql.connection import Call, ConnectionLost, OutcomeUnknown, command
from foundation.sqlalchemy.postgresql.pool import ConnectionPool, PooledConnection
from foundation.sqlalchemy.postgresql.statements import pipelined
from foundation.sqlalchemy.transaction import Change, Make, ReturnsRows, Row

_BEGIN: Final = command("BEGIN")
_COMMIT: Final = command("COMMIT")
_ROLLBACK: Final = command("ROLLBACK")


class PipelineReader:
    """Reads without a transaction. See `foundation.sqlalchemy.transaction.Reader`."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    async def rows(self, statement: Select[Any], parameters: Mapping[str, Any], make: Make[Row]) -> list[Row]:
        """See `Reader.rows`.

        The statement is sent again when the connection turns out to be dead, until a fresh one is dead, too. For what
        is raised, see `PipelineConnection.run` and `ConnectionPool.acquire`.
        """
        call = Call(pipelined(statement), parameters)
        while True:
            pooled = await self._pool.acquire()
            try:
                [result] = await pooled.pipeline.run(call)
                return pooled.pipeline.rows(call, result, make)
            except ConnectionLost as error:
                check_retry(self._pool, pooled, error)
            finally:
                await self._pool.release(pooled)


def check_retry(pool: ConnectionPool, pooled: PooledConnection, error: ConnectionLost) -> None:
    """Raise the error if another connection would give the same, or if time is up."""
    if pooled.fresh or seconds_left() <= 0:
        raise error
    if error.sqlstate is None:
        pool.invalidate_idle()


class PipelineTransaction:
    """One transaction on PostgreSQL. See `foundation.sqlalchemy.transaction.Transaction`."""

    dialect: Final = "postgresql"

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._pooled: PooledConnection | None = None
        self._connection: AsyncConnection | None = None
        self._begun = False
        self._only_read = True
        self._sources: list[Callable[[], list[Change]]] = []
        self._last_source: Callable[[], list[Change]] = list

    def write_from(self, source: Callable[[], list[Change]]) -> None:
        """See `Transaction.write_from`."""
        self._sources.append(source)

    def write_last(self, source: Callable[[], list[Change]]) -> None:
        """See `Transaction.write_last`."""
        self._last_source = source

    async def flush(self) -> None:
        """See `Transaction.flush`; the changes are sent together."""
        if changes := self._changes():
            await self._write(changes)

    async def rows(self, statement: ReturnsRows, parameters: Mapping[str, Any], make: Make[Row]) -> list[Row]:
        """See `Transaction.rows`."""
        call = Call(pipelined(statement), parameters)
        pooled, [result] = await self._run(call)
        return pooled.pipeline.rows(call, result, make)

    async def added(self, statement: UpdateBase, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        """See `Transaction.added`; all are sent in one flush."""
        insert = pipelined(statement)
        calls = [Call(insert, parameters) for parameters in rows]
        self._only_read = False
        pooled, results = await self._run(*calls)
        return [pooled.pipeline.rows(call, result, _only)[0] for call, result in zip(calls, results, strict=True)]

    async def changed(self, change: Change) -> int:
        """See `Transaction.changed`."""
        self._only_read = False
        _, [result] = await self._run(_call(change))
        return result.command_tuples or 0

    async def connection(self, *, deferred: bool = False) -> AsyncConnection:  # noqa: ARG002 -- of SQLite
        """See `Transaction.connection`."""
        await self.flush()
        pooled = self._pooled if self._pooled is not None and self._begun else (await self._run())[0]
        pooled.pipeline.detach()
        if self._connection is None:
            connection = Connection(self._pool.engine.sync_engine, pooled.connection)
            self._connection = AsyncConnection(self._pool.engine, connection)
        return self._connection

    def extend(self, seconds: float) -> None:
        """See `Transaction.extend`."""
        extend_deadline(seconds)
        if self._pooled is not None:
            self._pool.extend(self._pooled, seconds)

    async def commit(self) -> None:
        """See `Transaction.commit`. Where one change is all there is, the COMMIT is sent with it.

        It is also sent with the rows that are added last, which cannot fail to find their row.

        Raises:
            OutcomeUnknown: the connection was lost after COMMIT was sent.
            psycopg.Error: nothing was committed.
        """
        changes = self._changes()
        added = [_call(change) for change in self._last_source()]
        last = changes if len(changes) == 1 and self._only_read and self._connection is None and not added else []
        if not last:
            await self._write(changes)
            last = added
        if self._pooled is None or not self._begun:
            return
        sendable = self._pooled.pipeline.usable
        try:
            *changed, committed = await self._pooled.pipeline.run(*last, _COMMIT)
        except ConnectionLost as error:
            refused = len(last) > error.completed and error.sqlstate  # so that it never looked at the COMMIT
            if refused or not sendable:
                raise
            raise OutcomeUnknown(error, error.sqlstate) from error
        if committed.command_status != b"COMMIT":
            # What failed before was not raised on, and the server has undone everything (PostgreSQL manual, COMMIT).
            raise InFailedSqlTransaction
        _check_written(changed)
        self._begun, self._only_read = False, True

    async def close(self) -> None:
        """See `Transaction.close`."""
        pooled, self._pooled = self._pooled, None
        if pooled is None:
            return
        try:
            if pooled.pipeline.usable and pooled.pipeline.in_transaction:
                await pooled.pipeline.run(_ROLLBACK)
        except ConnectionLost:
            pass  # the server undoes it
        finally:
            await self._pool.release(pooled)

    def _changes(self) -> list[Call]:
        return [_call(change) for source in self._sources for change in source()]

    async def _write(self, changes: list[Call]) -> None:
        if changes:
            self._only_read = False
            _check_written((await self._run(*changes))[1])

    async def _run(self, *calls: Call) -> tuple[PooledConnection, list[PGresult]]:
        if self._pooled is not None and self._begun:
            return self._pooled, await self._pooled.pipeline.run(*calls)
        while True:
            pooled = self._pooled or await self._pool.acquire()
            try:
                _, *results = await pooled.pipeline.run(_BEGIN, *calls)
            except ConnectionLost as error:
                self._pooled = None
                await self._pool.release(pooled)
                check_retry(self._pool, pooled, error)
            except BaseException:
                self._pooled, self._begun = pooled, True  # so that `close` returns it
                raise
            else:
                self._pooled, self._begun = pooled, True
                return pooled, results


def _call(change: Change) -> Call:
    return Call(pipelined(change.statement), change.parameters)


def _only(row: Sequence[Any]) -> Any:
    return row[0]


def _check_written(results: Sequence[PGresult]) -> None:
    if not all(result.command_tuples for result in results):
        raise WriteConflict
