"""A connection to a SQLite file: its thread, and how long the caller waits for it."""

import asyncio
import math
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeVar

from aiosqlite import Connection

from foundation.kernel.deadline import deadline, time_limit
from foundation.sqlalchemy.sqlite.database_file import DatabaseFile

Result = TypeVar("Result")

# Seconds that closing may take. What is not closed by then is closed by its own thread, later.
_CLOSING: Final = 1.0
# Seconds by which a timer may be early.
_CLOCK: Final = 0.002
# aiosqlite's own default.
_CHUNK: Final = 64


class NotAnswered(sqlite3.OperationalError):
    """The disk did not answer in the time that there was."""

    sqlite_errorname = "SQLITE_IOERR"  # for the log


class SqliteConnections:
    """Opens the connections to `file`.

    A call that a disk holds up cannot be ended. The caller goes when its deadline is over, and leaves the connection to
    its thread, which undoes the transaction when the disk answers. While `most` threads hang, no other one is started.
    """

    def __init__(self, file: DatabaseFile, most: int) -> None:
        self.file = file
        self.hanging = 0
        self._most = most

    def open(self, database: str, **options: Any) -> "BoundedConnection":
        """A connection, which is open when it has been awaited; that raises `StorageUnavailable` for another file.

        Raises:
            NotAnswered: too many threads hang.
        """
        if self.hanging >= self._most:
            raise NotAnswered

        return BoundedConnection(self, partial(connected, self.file, database, **options))


def connected(file: DatabaseFile, database: str, **options: Any) -> sqlite3.Connection:
    """A connection to the `file`, whose name is `database`; `options` are for the driver.

    Raises:
        StorageUnavailable: the file was deleted or replaced.
        sqlite3.Error: it cannot be opened.
    """
    file.check_identity()  # SQLite would make a new file in place of one that was deleted
    opened = sqlite3.connect(database, factory=_UnlockingConnection, **options)
    opened.file = file
    return opened


class BoundedConnection(Connection):
    """A connection whose calls end with the deadline of their caller: see `SqliteConnections`."""

    def __init__(self, connections: SqliteConnections, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, _CHUNK)
        self._connections = connections
        self._call: asyncio.Future[Any] | None = None
        self._until = self._look_at = math.inf
        self._timer: asyncio.TimerHandle | None = None
        # A thread that hangs must not keep the process from ending.
        self._thread.daemon = True

    def note_log(self) -> None:
        """Tell the file that its log is open here."""
        self._connections.file.note_log(self._conn)

    async def run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Do something with the connection, in its thread."""
        return await self._execute(lambda: work(self._conn))

    async def commit(self) -> None:
        """Commit the transaction, unless the file is another one by now.

        Raises:
            StorageUnavailable: the file was deleted or replaced, or its log.
        """
        await self._execute(self._commit)

    async def close(self) -> None:
        """Close it, or leave that to its thread."""
        if not self._running:
            return
        with time_limit(_CLOSING), suppress(NotAnswered):
            try:
                await self._execute(self._conn.close)
            finally:
                if self._running:
                    self._connection = None
                    await self._stopped()

    async def _connect(self) -> "BoundedConnection":
        if self._connection is None:
            try:
                self._connection = await self._bounded(self._connector)
            except BaseException:
                if self._running:
                    self.stop()
                raise
        return self

    async def _execute(self, fn: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
        # Everything that aiosqlite does with an open connection comes through here.
        if not self._running or self._connection is None:
            raise ValueError("Connection closed")
        return await self._bounded(partial(fn, *args, **kwargs))

    async def _bounded(self, function: Callable[[], Result]) -> Result:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._tx.put_nowait((future, function))
        self._call, self._until = future, deadline()
        if self._until < self._look_at:
            self._look_again(loop)
        return await future

    def _look_again(self, loop: asyncio.AbstractEventLoop) -> None:
        # One timer serves many calls: nearly all have ended long before it.
        if self._timer is not None:
            self._timer.cancel()
        self._look_at = self._until
        self._timer = loop.call_later(max(self._until - time.monotonic(), 0), self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Give the call up whose deadline is over."""
        self._timer, self._look_at = None, math.inf
        call = self._call
        if call is None or call.done():
            return
        if self._until - time.monotonic() > _CLOCK:
            self._look_again(loop)
        else:
            self._leave_alone()
            call.set_exception(NotAnswered)

    def _leave_alone(self) -> None:
        self._connections.hanging += 1
        self._stopped().add_done_callback(self._answered)

    def _stopped(self) -> asyncio.Future[Any]:
        """Have its thread close it and end; done when that is done."""
        if self._timer is not None:
            self._timer.cancel()
        ended = self.stop()
        assert ended is not None  # noqa: S101 -- for the type: there is a loop
        return ended

    def _answered(self, _ended: object) -> None:
        self._connections.hanging -= 1

    def _commit(self) -> None:
        file = self._connections.file
        try:
            if self._conn not in file:
                self.note_log()
            file.check_identity()
            self._conn.commit()
        except Exception:
            # SQLAlchemy takes the transaction for ended, and the next one to use the connection would be in it.
            with suppress(sqlite3.Error):
                self._conn.rollback()
            raise


class _UnlockingConnection(sqlite3.Connection):
    """Gives its locks back when it is closed, whatever is left of it.

    SQLite keeps a closed connection, and its write lock, for as long as one of its statements is unfinished
    (https://www.sqlite.org/c3ref/close.html), and the traceback of a cancelled call may keep a statement.
    """

    file: DatabaseFile | None = None

    def close(self) -> None:
        """Undo what was not committed, then close."""
        try:
            self.rollback()
        finally:
            self._close()

    def __del__(self) -> None:
        # A call that was cancelled while it connected leaves a connection that nothing refers to, and nothing closes.
        with suppress(sqlite3.Error):
            self._close()

    def _close(self) -> None:
        if self.file is not None:
            self.file.closing(self)
        super().close()
