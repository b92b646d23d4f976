"""Statements on lent connections: by themselves, or in a transaction."""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from psycopg.errors import InFailedSqlTransaction
from psycopg.pq.abc import PGresult
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from foundation.kernel.errors import WriteConflict
from foundation.sqlalchemy.postgresql.connection import Call, ConnectionLost, OutcomeUnknown, command
from foundation.sqlalchemy.postgresql.pool import Lease, Leases

Row = TypeVar("Row")

_BEGIN: Final = command("BEGIN")
_COMMIT: Final = command("COMMIT")
_ROLLBACK: Final = command("ROLLBACK")


async def read(leases: Leases, call: Call, make: Callable[[Sequence[Any]], Row]) -> list[Row]:
    """The rows that a statement yields without a transaction, each made by `make` of its values.

    It is sent again when the connection turns out to be dead, until a fresh one says so, too. See `Wire.run` and
    `Leases.take` for what is raised.
    """
    while True:
        lease = await leases.take()
        try:
            [result] = await lease.wire.run(call)
            return lease.wire.rows(call, result, make)
        except ConnectionLost as error:
            _check_retry(leases, lease, error)
        finally:
            await leases.give_back(lease)


def _check_retry(leases: Leases, lease: Lease, error: ConnectionLost) -> None:
    """Raise the error if another connection would not know better."""
    if lease.fresh:
        raise error
    if error.sqlstate is None:
        leases.distrust()


class DirectTransaction:
    """One transaction. It takes a connection with its first statement, and gives it back when it is closed."""

    def __init__(self, leases: Leases) -> None:
        self._leases = leases
        self._lease: Lease | None = None
        self._session: AsyncSession | None = None
        self._only_read = True
        self._sources: list[Callable[[], list[Call]]] = []

    def write_from(self, source: Callable[[], list[Call]]) -> None:
        """Send what `source` yields before a session looks, and before the transaction ends: changes of a row each."""
        self._sources.append(source)

    async def rows(self, call: Call, make: Callable[[Sequence[Any]], Row]) -> list[Row]:
        """The rows that the statement yields, each made by `make` of its values."""
        self._only_read &= call.statement.reads
        lease, [result] = await self._run(call)
        return lease.wire.rows(call, result, make)

    async def changed(self, call: Call) -> int:
        """How many rows the statement changed."""
        self._only_read &= call.statement.reads
        _, [result] = await self._run(call)
        return result.command_tuples or 0

    async def session(self) -> AsyncSession:
        """A session of SQLAlchemy in this transaction. Ask for it each time: other statements may come in between."""
        await self._write(self._changes())
        lease = self._lease or (await self._run())[0]
        lease.wire.detach()
        if self._session is None:
            connection = Connection(self._leases.engine.sync_engine, lease.connection)
            self._session = AsyncSession(AsyncConnection(self._leases.engine, connection), expire_on_commit=False)
        return self._session

    async def commit(self) -> None:
        """Make everything durable. Where one change is all there is, the COMMIT goes with it.

        Raises:
            WriteConflict: another writer came first.
            OutcomeUnknown: nobody knows.
            psycopg.Error, DBAPIError: nothing was committed.
        """
        if self._session is not None:
            await (await self.session()).flush()
        changes = self._changes()
        last = changes if len(changes) == 1 and self._only_read and self._session is None else []
        await self._write(changes[len(last) :])
        if self._lease is None:
            return
        sendable = self._lease.wire.usable
        try:
            *changed, committed = await self._lease.wire.run(*last, _COMMIT)
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
        lease, self._lease = self._lease, None
        if lease is None:
            return
        try:
            if lease.wire.usable and lease.wire.in_transaction:
                await lease.wire.run(_ROLLBACK)
            if self._session is not None and lease.wire.usable:
                lease.wire.detach()
                await self._session.close()
        except ConnectionLost:
            pass  # the server undoes it
        finally:
            await self._leases.give_back(lease)

    def _changes(self) -> list[Call]:
        return [change for source in self._sources for change in source()]

    async def _write(self, changes: Sequence[Call]) -> None:
        if changes:
            self._only_read = False
            _, results = await self._run(*changes)
            _check_written(*results)

    async def _run(self, *calls: Call) -> tuple[Lease, list[PGresult]]:
        if self._lease is not None:
            return self._lease, await self._lease.wire.run(*calls)
        while True:
            lease = await self._leases.take()
            try:
                _, *results = await lease.wire.run(_BEGIN, *calls)
            except ConnectionLost as error:
                await self._leases.give_back(lease)
                _check_retry(self._leases, lease, error)
            except BaseException:
                self._lease = lease  # `close` knows what to do
                raise
            else:
                self._lease = lease
                return lease, results


def _check_written(*results: PGresult) -> None:
    if not all(result.command_tuples for result in results):
        raise WriteConflict
