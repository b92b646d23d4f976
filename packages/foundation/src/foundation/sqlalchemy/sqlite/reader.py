"""Reads on SQLite, without SQLAlchemy's connections: one hop to a thread and back for each call.

What it gains: docs/decisions/0022-the-lean-path.md.
"""

import asyncio
import math
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from queue import SimpleQueue
from threading import Thread
from typing import Any, Final, TypeAlias

from sqlalchemy import Select

from foundation.kernel.deadline import deadline
from foundation.kernel.errors import StorageOverloaded
from foundation.sqlalchemy.sqlite.connection import NotAnswered
from foundation.sqlalchemy.sqlite.statements import fixed_statement
from foundation.sqlalchemy.transaction import Make, Row

# One reads the rows of a page while the other one reads single rows.
_THREADS: Final = 2
# Seconds between two looks for calls whose time is up. A timer for each would cost as much as a read.
_INTERVAL: Final = 0.1
# Seconds that closing may take. What is not closed by then is closed by its own thread, later.
_CLOSING: Final = 1.0

_Work: TypeAlias = Callable[[sqlite3.Connection], Any]
_Loop: TypeAlias = asyncio.AbstractEventLoop
_Task: TypeAlias = tuple[_Loop, asyncio.Future[Any], _Work]


class SqliteReader:
    """Reads what is committed, on connections that `connect` opens, in threads.

    A call that a disk holds up cannot be ended. The caller goes when its deadline is over, or after `use_timeout` where
    it has none, and another thread takes the place of the one that hangs; while as many hang as there may be threads,
    calls wait for their deadline. At most `queue` calls wait, and another one is refused at once.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection], *, queue: int, use_timeout: timedelta) -> None:
        self._connect = connect
        self._queue = queue
        self._use_timeout = use_timeout.total_seconds()
        self._tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self._workers: list[_Worker] = []
        self._hanging: list[_Worker] = []
        self._pending: dict[asyncio.Future[Any], float] = {}
        self._looking_in: _Loop | None = None

    async def rows(self, statement: Select[Any], parameters: Mapping[str, Any], make: Make[Row]) -> list[Row]:
        """See `Reader.rows`.

        Raises:
            NotAnswered: the disk did not answer in time.
            StorageOverloaded: too many calls wait.
            sqlite3.Error: SQLite refused.
        """
        compiled = fixed_statement(statement)
        values = compiled.values(parameters)
        found: list[Row] = await self._done(lambda connection: compiled.rows(connection, values, make))
        return found

    async def close(self) -> None:
        """Close the connections, or leave that to their threads."""
        workers, self._workers = self._workers, []
        ends = [one.ended for one in workers if one.is_of(asyncio.get_running_loop())]
        for _ in workers:
            self._tasks.put(None)
        if ends:
            await asyncio.wait(ends, timeout=_CLOSING)

    async def _done(self, work: _Work) -> Any:
        loop = asyncio.get_running_loop()
        if len(self._pending) >= self._queue + _THREADS:
            raise StorageOverloaded
        future: asyncio.Future[Any] = loop.create_future()
        until = deadline()
        self._pending[future] = time.monotonic() + self._use_timeout if until == math.inf else until
        self._tasks.put((loop, future, work))
        self._start_workers(loop)
        if self._looking_in is not loop:
            self._looking_in = loop
            loop.call_later(_INTERVAL, self._look, loop)
        try:
            return await future
        finally:
            del self._pending[future]

    def _start_workers(self, loop: _Loop) -> None:
        """Start those that are wanted, unless as many hang."""
        if len(self._workers) < min(len(self._pending), _THREADS):
            self._hanging = [one for one in self._hanging if one.call is not None]
            if len(self._hanging) < _THREADS:
                self._workers.append(_Worker(self._connect, self._tasks, loop))

    def _look(self, loop: _Loop) -> None:
        """Give the calls up whose deadline is over."""
        now = time.monotonic()
        for future in [future for future, until in self._pending.items() if until <= now and not future.done()]:
            for worker in [one for one in self._workers if one.call is future]:
                worker.is_last = True
                self._workers.remove(worker)
                self._hanging.append(worker)
            future.set_exception(NotAnswered)
        self._start_workers(loop)
        if self._pending:
            loop.call_later(_INTERVAL, self._look, loop)
        else:
            self._looking_in = None


class _Worker:
    """A thread with a connection of its own, which it opens with its first call.

    Attributes:
        call: What it is doing.
        is_last: Whether it ends when it has done that.
        ended: Done when its connection is closed.
    """

    def __init__(
        self, connect: Callable[[], sqlite3.Connection], tasks: "SimpleQueue[_Task | None]", loop: _Loop
    ) -> None:
        self._connect = connect
        self._tasks = tasks
        self._loop = loop
        self.call: asyncio.Future[Any] | None = None
        self.is_last = False
        self.ended: asyncio.Future[None] = loop.create_future()
        # One that hangs must not keep the process from ending.
        Thread(target=self._run, name="sqlite", daemon=True).start()

    def is_of(self, loop: _Loop) -> bool:
        """Whether it tells this event loop when it has ended."""
        return self._loop is loop

    def _run(self) -> None:
        connection: sqlite3.Connection | None = None
        while not self.is_last and (task := self._tasks.get()) is not None:
            loop, self.call, work = task
            outcome = _Outcome(self.call)
            try:
                connection = connection or self._connect()
                outcome.result = work(connection)
            except BaseException as error:  # noqa: BLE001 -- it is the caller's
                outcome.error = error
            self.call = None
            _tell(loop, outcome.settle)
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()
        _tell(self._loop, _Outcome(self.ended).settle)


@dataclass(slots=True)
class _Outcome:
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None

    def settle(self) -> None:
        """Tell the caller, unless it is gone."""
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


def _tell(loop: _Loop, callback: Callable[[], object]) -> None:
    # The loop may have ended.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(callback)
