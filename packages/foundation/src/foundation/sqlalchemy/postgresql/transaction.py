"""Statements on pooled connections: by themselves, or in a transaction."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from psycopg.errors import InFailedSqlTransaction
from psycopg.pq.abc import PGresult
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from foundation.kernel.errors import WriteConflict
from foundation.sqlalchemy.postgresql.connection import Call, ConnectionLost, OutcomeUnknown, command
from foundation.sqlalchemy.postgresql.pool import ConnectionPool, PooledConnection

Row = TypeVar("Row")

_BEGIN: Final = command("BEGIN")
_COMMIT: Final = command("COMMIT")
_ROLLBACK: Final = command("ROLLBACK")


async def read(pool: ConnectionPool, call: Call, make: Callable[[Sequence[Any]], Row]) -> list[Row]:
    """The rows that a statement yields without a transaction, each made by `make` of its values.

    It is sent again when the connection turns out to be dead, until a fresh one is dead, too. For what is raised, see
    `PipelineConnection.run` and `ConnectionPool.acquire`.
    """
    while True:
        pooled = await pool.acquire()
        try:
            [result] = await pooled.pipeline.run(call)
            return pooled.pipeline.rows(call, result, make)
        except ConnectionLost as error:
            _check_retry(pool, pooled, error)
        finally:
            await pool.release(pooled)


def _check_retry(pool: ConnectionPool, pooled: PooledConnection, error: ConnectionLost) -> None:
    """Raise the error if another connection would not know better."""
    if pooled.fresh:
        raise error
    if error.sqlstate is None:
        pool.invalidate_idle()


class PipelineTransaction:
    """One transaction. It takes a connection with its first statement, and gives it back when it is closed."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._pooled: PooledConnection | None = None
        self._session: AsyncSession | None = None
        self._only_read = True
        self._sources: list[Callable[[], list[Call]]] = []

    def write_from(self, source: Callable[[], list[Call]]) -> None:
        """Send what `source` yields before a session looks, and before the transaction ends: changes of a row each."""
        self._sources.append(source)

    async def rows(self, call: Call, make: Callable[[Sequence[Any]], Row]) -> list[Row]:
        """The rows that the statement yields, each made by `make` of its values."""
        self._only_read &= call.statement.reads
        pooled, [result] = await self._run(call)
        return pooled.pipeline.rows(call, result, make)

    async def changed(self, call: Call) -> int:
        """How many rows the statement changed."""
        self._only_read &= call.statement.reads
        _, [result] = await self._run(call)
        return result.command_tuples or 0

    async def session(self) -> AsyncSession:
        """A session of SQLAlchemy in this transaction. Ask for it each time: other statements may come in between."""
        await self._write(self._changes())
        pooled = self._pooled or (await self._run())[0]
        pooled.pipeline.detach()
        if self._session is None:
            connection = Connection(self._pool.engine.sync_engine, pooled.connection)
            self._session = AsyncSession(AsyncConnection(self._pool.engine, connection), expire_on_commit=False)
        return self._session

    async def commit(self) -> None:
        """Make everything durable. Where one change is all there is, the COMMIT goes with it.

        Raises:
            WriteConflict: another writer came first.
            OutcomeUnknown: the connection was lost after COMMIT was sent.
            psycopg.Error, DBAPIError: nothing was committed.
        """
        if self._session is not None:
            await (await self.session()).flush()
        changes = self._changes()
        last = changes if len(changes) == 1 and self._only_read and self._session is None else []
        await self._write(changes[len(last) :])
        if self._pooled is None:
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
        _check_written(*changed)

    async def close(self) -> None:
        """Undo what was not committed, and give the connection back."""
        pooled, self._pooled = self._pooled, None
        if pooled is None:
            return
        try:
            if pooled.pipeline.usable and pooled.pipeline.in_transaction:
                await pooled.pipeline.run(_ROLLBACK)
            if self._session is not None and pooled.pipeline.usable:
                pooled.pipeline.detach()
                await self._session.close()
        except ConnectionLost:
            pass  # the server undoes it
        finally:
            await self._pool.release(pooled)

    def _changes(self) -> list[Call]:
        return [change for source in self._sources for change in source()]

    async def _write(self, changes: Sequence[Call]) -> None:
        if changes:
            self._only_read = False
            _, results = await self._run(*changes)
            _check_written(*results)

    async def _run(self, *calls: Call) -> tuple[PooledConnection, list[PGresult]]:
        if self._pooled is not None:
            return self._pooled, await self._pooled.pipeline.run(*calls)
        while True:
            pooled = await self._pool.acquire()
            try:
                _, *results = await pooled.pipeline.run(_BEGIN, *calls)
            except ConnectionLost as error:
                await self._pool.release(pooled)
                _check_retry(self._pool, pooled, error)
            except BaseException:
                self._pooled = pooled  # `close` knows what to do
                raise
            else:
                self._pooled = pooled
                return pooled, results


def _check_written(*results: PGresult) -> None:
    if not all(result.command_tuples for result in results):
        raise WriteConflict
