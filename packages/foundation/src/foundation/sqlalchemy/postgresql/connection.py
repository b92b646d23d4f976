"""One connection in libpq's pipeline mode."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from psycopg import AsyncConnection, Error, OperationalError
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import Diagnostic, error_from_result
from psycopg.pq import ConnStatus, ExecStatus, Format, TransactionStatus
from psycopg.pq.abc import PGresult

from foundation.sqlalchemy.postgresql.statements import PipelineStatement

Row = TypeVar("Row")

# Seconds that a statement may take to end after the server was asked to cancel it.
_CANCEL_TIMEOUT: Final = 5.0
_FAILED: Final = frozenset({ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE})
_DONE: Final = frozenset({ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK})
# Errors that a new connection would not give (PostgreSQL manual, appendix A): the server became a standby; a statement
# was prepared before a migration changed its result; it is not prepared on this session, or is already, as behind a
# pooler.
_STALE: Final = frozenset({"25006", "0A000", "26000", "42P05"})


class Call(NamedTuple):
    """A statement and the values of its parameters, by name."""

    statement: PipelineStatement
    parameters: Mapping[str, Any]


def command(sql: str) -> Call:
    """A statement without parameters and rows."""
    return Call(PipelineStatement(sql.encode(), sql.encode(), (), None, preparable=False), {})


_IN_UTC: Final = command("SET TIME ZONE 'UTC'")
_BEGIN: Final = b"BEGIN"
# What stands for the name of a statement in the list of expected results, where the caller expects none.
_OURS: Final = b""

Settings: TypeAlias = Callable[[], Sequence[Call]]
"""What a transaction that begins now sets for itself."""


class ConnectionLost(OperationalError):
    """The connection cannot be used any more: it broke, the server ended it, or its prepared statements are stale.

    `sqlstate` is what the server gave as the reason, if it gave one; `completed` is how many of the statements sent
    together were done by then, as far as is known.
    """

    def __init__(self, cause: Error, sqlstate: str | None, completed: int = 0) -> None:
        super().__init__(str(cause))
        self.sqlstate = sqlstate
        self.completed = completed


class OutcomeUnknown(ConnectionLost):
    """The connection broke after COMMIT was sent, and before it was answered."""


class PipelineConnection:
    """Sends statements on one connection, and receives their results.

    It is in libpq's pipeline mode (PostgreSQL manual, 34.5), and the event loop watches the socket all the time: both
    would cost more to begin and to end than a statement does. Call `detach` before using the driver's connection in
    any other way; the next statement attaches it again. One task uses it at a time.

    Each transaction begins with what `settings` returns then, in the same flush.
    """

    def __init__(self, connection: AsyncConnection[Any], settings: Settings | None = None) -> None:
        self._connection = connection
        self._settings = settings
        self._pg = connection.pgconn
        self._socket = self._pg.socket
        self._loop = asyncio.get_running_loop()
        self._transformer = Transformer.from_context(connection)
        self._loader = self._transformer
        self._prepared: set[bytes] = set()
        self._waiting: asyncio.Future[None] | None = None
        self._attached = False
        self._dropped = False
        self._fatal_sqlstate: str | None = None
        connection.add_notice_handler(self._on_notice)
        # psycopg would prepare other statements, too, and when it discards those, the server discards ours.
        connection.prepare_threshold = None

    @classmethod
    async def opened(cls, connection: AsyncConnection[Any]) -> "PipelineConnection":
        """The pipeline of a new connection, whose time zone is UTC, whatever the URL, the role or a pooler set."""
        pipeline = cls(connection)
        await pipeline.set_time_zone()
        return pipeline

    async def set_time_zone(self) -> None:
        """Set the time zone of the session to UTC, if it is another one. It raises as `run`."""
        try:
            if self._pg.parameter_status(b"TimeZone") != b"UTC":
                await self.run(_IN_UTC)
                self._transformer = self._loader = Transformer.from_context(self._connection)
        except BaseException:
            self._drop()
            raise

    @property
    def usable(self) -> bool:
        """Whether another statement can be sent."""
        return not self._dropped and self._pg.status == ConnStatus.OK

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open, be it a failed one."""
        return self._pg.transaction_status != TransactionStatus.IDLE

    async def run(self, *calls: Call) -> list[PGresult]:
        """Send all the statements in one flush; their results, in order.

        Several that are sent outside a transaction are one. Cancelling the caller cancels the statement, too.

        Raises:
            ConnectionLost: the connection cannot be used any more.
            psycopg.Error: the server refused a statement, and then did not look at those behind it; or a value is none
                that can be sent, and nothing was.
        """
        if self._dropped:
            raise ConnectionLost(OperationalError("the connection was lost before"), self._fatal_sqlstate)
        if self._settings is not None and not self.in_transaction:
            calls = _beginning_with(self._settings(), calls)
        sent = [(statement, self._dumped(statement.values(parameters))) for statement, parameters in calls]
        expected: list[bytes | None] = []
        results: list[PGresult] = []
        try:
            self._send(sent, expected)
            if self._pg.flush():
                await self._flush()
            await self._receive(results)
        except OperationalError as error:
            self._drop()
            raise self._lost(error, expected, results) from error
        except asyncio.CancelledError:
            await self._cancel(expected, results)
            raise
        except BaseException:
            self._drop()  # how much was sent is not known
            raise
        if len(results) == len(expected) and not any(result.status in _FAILED for result in results):
            return [result for name, result in zip(expected, results, strict=True) if name is None]
        raise self._failure(expected, results)

    def rows(self, call: Call, result: PGresult, make: Callable[[Sequence[Any]], Row]) -> list[Row]:
        """The rows of a result, each made by `make` of its values."""
        self._loader.set_pgresult(result)
        if call.statement.results is None:
            return self._loader.load_rows(0, result.ntuples, make)
        row = call.statement.row
        return [make(row(values)) for values in self._loader.load_rows(0, result.ntuples, tuple)]

    def detach(self) -> None:
        """Leave pipeline mode, so that the driver's connection can be used otherwise."""
        if self._attached:
            self._stop_watching()
            self._pg.exit_pipeline_mode()

    def _dumped(self, values: list[Any]) -> Sequence[Any] | None:
        # As text, whose types the casts in the statement say; psycopg would choose them by value.
        return self._transformer.dump_sequence(values, [PyFormat.TEXT] * len(values)) if values else None

    def _send(
        self, calls: Sequence[tuple[PipelineStatement, Sequence[Any] | None]], expected: list[bytes | None]
    ) -> None:
        """Queue everything. `expected` gets, for each result that will come, the name that it prepares, if it does."""
        pg = self._pg
        if not self._attached:
            self._attach()
        for statement, values in calls:
            if statement.name not in self._prepared:
                pg.send_prepare(statement.name, statement.sql)
                self._prepared.add(statement.name)
                expected.append(statement.name)
            pg.send_query_prepared(statement.name, values, result_format=Format.BINARY)
            expected.append(expectation(statement))
        pg.pipeline_sync()

    def _attach(self) -> None:
        self._pg.enter_pipeline_mode()
        self._loop.add_reader(self._socket, self._on_readable)
        self._attached = True

    async def _flush(self) -> None:
        """Send what the socket had no room for. The server may send results, which must be read before it reads on."""
        while self._pg.flush():
            self._waiting = self._loop.create_future()
            self._loop.add_writer(self._socket, self._on_readable)
            try:
                await self._waiting
            finally:
                self._loop.remove_writer(self._socket)
            self._pg.consume_input()

    async def _receive(self, results: list[PGresult]) -> None:
        pg, woken = self._pg, False
        while True:
            while pg.is_busy():
                if woken:
                    # uvloop reports a reset only once, together with the data that arrived before it.
                    pg.consume_input()
                    if not pg.is_busy():
                        break
                self._waiting = self._loop.create_future()
                await self._waiting
                woken = True
                pg.consume_input()
            result = pg.get_result()
            if result is None:  # the end of the results of one statement
                if pg.status != ConnStatus.OK:
                    raise OperationalError(pg.get_error_message())
            elif result.status == ExecStatus.PIPELINE_SYNC:
                return
            else:
                results.append(result)

    def _lost(
        self, error: OperationalError, expected: Sequence[bytes | None], results: Sequence[PGresult]
    ) -> ConnectionLost:
        completed = sum(
            name is None and result.status in _DONE for name, result in zip(expected, results, strict=False)
        )
        reason = next((self._error(result) for result in results if result.status in _FAILED), error)
        return ConnectionLost(reason, reason.sqlstate or self._fatal_sqlstate, completed)

    def _failure(self, expected: Sequence[bytes | None], results: Sequence[PGresult]) -> Error:
        self._forget_unprepared(expected, results)
        error = self._error(next(result for result in results if result.status in _FAILED))
        if error.sqlstate in _STALE:
            self._drop()
            return ConnectionLost(error, error.sqlstate)
        return error

    def _error(self, result: PGresult) -> Error:
        return error_from_result(result, self._connection.info.encoding)

    def _forget_unprepared(self, expected: Sequence[bytes | None], results: Sequence[PGresult]) -> None:
        for position, name in enumerate(expected):
            if name is not None and (position >= len(results) or results[position].status != ExecStatus.COMMAND_OK):
                self._prepared.discard(name)

    async def _cancel(self, expected: Sequence[bytes | None], results: list[PGresult]) -> None:
        """Cancel the running statements, so that the connection can be used again; drop it when that fails."""
        try:
            async with asyncio.timeout(_CANCEL_TIMEOUT):
                await self._connection.cancel_safe(timeout=_CANCEL_TIMEOUT)
                await self._receive(results)
        except BaseException:  # noqa: BLE001 -- a second cancellation, too; the first one is raised on
            self._drop()
        else:
            self._forget_unprepared(expected, results)

    def _drop(self) -> None:
        self._dropped = True
        self._stop_watching()

    def _stop_watching(self) -> None:
        if self._attached:
            self._attached = False
            self._loop.remove_reader(self._socket)

    def _on_notice(self, notice: Diagnostic) -> None:
        # The reason why the server ends an idle connection arrives as a notice.
        if notice.severity_nonlocalized == "FATAL":
            self._fatal_sqlstate = notice.sqlstate

    def _on_readable(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
            return
        # No statement is running: the server sent a notice, or closed the connection.
        try:
            self._pg.consume_input()
            self._pg.is_busy()  # which parses the input, and so delivers notices
            self._pg.consume_input()  # as above
        except OperationalError:
            self._drop()


def _beginning_with(settings: Sequence[Call], calls: Sequence[Call]) -> tuple[Call, ...]:
    place = 1 if calls[0].statement.sql == _BEGIN else 0
    return (*calls[:place], *settings, *calls[place:])


def expectation(statement: PipelineStatement) -> bytes | None:
    """What stands for the result of a statement in the list of those that are expected: None if it is the caller's."""
    return _OURS if statement.setting else None


Opener: TypeAlias = Callable[[AsyncConnection[Any]], Awaitable[PipelineConnection]]
"""Makes the pipeline of a connection that was just opened."""
