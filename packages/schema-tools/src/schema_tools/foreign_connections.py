"""Keeping the code of a project, `env.py`, revisions and tables, on the connection that it is handed.

An `env.py` as `alembic init` writes it ignores a connection that is handed in and connects to its own URL. A rehearsal,
which takes every table down again, would then work on the live database. So its engines do not connect: `connect()`
gives the connection of the rehearsal. What else it or a revision does to reach a database cannot be read off its text,
and is stopped when it does it: before it connects.
"""

import atexit
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache, wraps
from pathlib import Path
from threading import Thread
from typing import Any, Final, NoReturn
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Dialect, Engine, Pool, event

from schema_tools.drivers import program_started, watch_drivers
from schema_tools.errors import SchemaToolsError
from schema_tools.places import ENVIRONMENT, innermost
from schema_tools.reaching_statements import lead_servers_nowhere, reaching

_OPENS: Final = "opened a connection of its own"
ADVICE: Final = (
    'in env.py, use context.config.attributes["connection"] when it is there, or call'
    " schema_tools.environment.run(metadata, url), as `schema-tools adopt` shows"
)
_USES: Final = "used another connection than the one that it was handed"


class ForeignConnection(SchemaToolsError):
    """The code of a project was about to use another connection than the one that it was handed.

    Its `__cause__` has the traceback of the place where it was stopped.

    Attributes:
        by_revision: Whether a revision was, and not `env.py`.
    """

    def __init__(self, sentence: str, *, by_revision: bool = False) -> None:
        super().__init__(sentence)
        self.by_revision = by_revision


class _Stopped(SystemExit):
    """Raised where a connection is about to be opened or used.

    No `except Exception` of the project holds this up.

    Attributes:
        advice: What to do instead; empty for what the guard says.
    """

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what)
        self.advice = advice


@dataclass(eq=False)
class Guard:
    """What is allowed while the code of a project runs: the connections of `engine`, if there is one.

    Attributes:
        hand: Gives what `connect()` of another engine gives; None where that is stopped.
        throwaway: Whether these lead to a database that is thrown away, from where no other is reached.
        stopped: The first attempt to use another connection.
        others: Threads that are not the project's.
    """

    engine: Engine | None
    hand: Callable[[Engine], Any] | None = None
    throwaway: bool = False
    stopped: BaseException | None = None
    others: frozenset[Thread] = field(
        default_factory=lambda: frozenset(threading.enumerate()) - {threading.current_thread()}
    )

    def allows(self, engine_part: Dialect | Pool) -> bool:
        """Whether a dialect or a pool is that of the engine."""
        return self.engine is not None and engine_part in (self.engine.dialect, self.engine.pool)


# A list for the whole process, because an `env.py` may connect in threads of its own.
_guards: Final[list[Guard]] = []
_allowed: Final = threading.local()
# Threads that the code of a project started, which may connect when it has ended, too.
_started: Final[WeakKeyDictionary[Thread, Guard]] = WeakKeyDictionary()


@contextmanager
def only(
    connection: Connection | None,
    *directories: Path,
    advice: str = "use op.get_bind()",
) -> Iterator[Guard]:
    """Meanwhile, no database connection can be opened or used but those of `connection`'s engine.

    It holds for this thread and those that are started meanwhile, and for these, and what is registered with `atexit`,
    to their end. Programs of PostgreSQL, such as psql, cannot be started. What another program does that is started
    from here is not seen, nor what a driver other than psycopg, psycopg2, asyncpg and sqlite3 does without SQLAlchemy,
    nor what these do beneath their own functions to connect.

    Args:
        connection: The connection that is handed in; None for code that needs none.
        directories: Where the code is that runs, so that the line is named which was stopped; none for all code that
            was not installed.
        advice: What other code than `env.py` does instead.

    Raises:
        ForeignConnection: The code inside was stopped, whatever it made of that.
    """
    _install()
    guard = Guard(connection.engine if connection is not None else None)
    _guards.append(guard)
    try:
        yield guard
    except SystemExit as ended:
        if not isinstance(ended, _Stopped):
            # Or the command would end with its status, as if all was well.
            name, line = innermost(ended, directories)
            raise SchemaToolsError(
                f"{name}:{line} ended the program, with sys.exit or the like: raise an error"
            ) from None
        raise
    finally:
        _guards.remove(guard)
        if guard.stopped is not None:
            raise _refusal(guard.stopped, directories, advice) from guard.stopped


def _refusal(stopped: BaseException, directories: Sequence[Path], advice: str) -> ForeignConnection:
    name, line = innermost(stopped, directories)
    place = f"{name}:{line}" if line else name
    if name.rpartition("/")[2] == ENVIRONMENT:
        return ForeignConnection(
            f"{place} was stopped before it {stopped}, because migrations would then run on a database that was not"
            f" asked for: {ADVICE}"
        )
    advice = getattr(stopped, "advice", "") or advice
    sentence = f"{place} was stopped before it {stopped}, which may lead to another database: {advice}"
    return ForeignConnection(sentence, by_revision=bool(directories))


def _concerned() -> list[Guard]:
    """The guards that concern this thread."""
    if not (_guards or _started) or getattr(_allowed, "now", False):
        return []
    thread = threading.current_thread()
    now = [guard for guard in _guards if thread not in guard.others]
    return now or [guard for guard in (_started.get(thread),) if guard is not None]


def stop(guards: Sequence[Guard], what: str, advice: str = "") -> None:
    """Stop the code that runs now, which did `what`, unless there are no `guards` against it."""
    if guards:
        stopped = _Stopped(what, advice)
        for guard in guards:
            # Kept, so that it is told even where the project's code catches it, or runs in a thread.
            guard.stopped = guard.stopped or stopped
        raise stopped


@cache
def _install() -> None:
    """Watch connections from now on; without a guard, nothing comes of it."""
    Engine.connect = _handing(Engine.connect)  # type: ignore[method-assign, assignment]
    event.listen(Engine, "do_connect", _before_engine_connects)
    event.listen(Pool, "checkout", _before_pooled_connection_is_used)
    event.listen(Engine, "before_cursor_execute", _before_statement)
    event.listen(Engine, "after_cursor_execute", _after_statement)
    sys.addaudithook(_audit)
    watch_drivers(lambda: stop(_concerned(), _OPENS))
    Thread.start = _following(Thread.start)  # type: ignore[method-assign, assignment]  # it is called as before
    atexit.register = _guarding(atexit.register)
    os._exit = _stoppable_exit(os._exit)  # type: ignore[assignment]  # it is called as before
    threading.excepthook = _unless_stopped(threading.excepthook)


def _following(start: Callable[[Thread], None]) -> Callable[[Thread], None]:
    @wraps(start)
    def following(thread: Thread) -> None:
        for guard in _concerned()[:1]:
            _started[thread] = guard
        start(thread)

    return following


def _guarding(register: Callable[..., Any]) -> Callable[..., Any]:
    """What registers functions that are called at the end of the process; the project's are guarded then, too."""

    @wraps(register)
    def registering(function: Callable[..., Any], *args: Any, **kw: Any) -> Any:
        if not _concerned():
            return register(function, *args, **kw)

        @wraps(function)
        def guarded(*args: Any, **kw: Any) -> None:
            with suppress(SchemaToolsError), only(None):
                function(*args, **kw)

        register(guarded, *args, **kw)
        return function

    return registering


def _stoppable_exit(end: Callable[[int], NoReturn]) -> Callable[[int], NoReturn]:
    """What ends the process at once, as sys.exit does where code is guarded; a child of this process may do it."""
    process = os.getpid()

    @wraps(end)
    def ending(status: int) -> NoReturn:
        if os.getpid() == process and _concerned():
            raise SystemExit(status)
        end(status)

    return ending


def _unless_stopped(report: Callable[[threading.ExceptHookArgs], Any]) -> Callable[[threading.ExceptHookArgs], Any]:
    """What reports the error that ended a thread, unless that is ours: it is told where the thread was started."""

    def told(error: threading.ExceptHookArgs) -> None:
        if not issubclass(error.exc_type, _Stopped):
            report(error)

    return told


def _handing(connect: Callable[[Engine], Connection]) -> Callable[[Engine], Any]:
    @wraps(connect)
    def handing(engine: Engine) -> Any:
        for guard in _concerned():
            if guard.hand is not None and not guard.allows(engine.dialect):
                return guard.hand(engine)
        return connect(engine)

    return handing


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    """Python's audit hook, which is called for each of many kinds of events."""
    if not (_guards or _started):
        return
    # https://docs.python.org/3/library/sqlite3.html#sqlite3.connect
    if event == "sqlite3.connect":
        stop(_concerned(), _OPENS)
    elif program := program_started(event, arguments):
        stop(_concerned(), f"started {program}")


def _before_engine_connects(dialect: Dialect, _record: object, cargs: list[Any], cparams: dict[str, Any]) -> Any:
    guards = _concerned()
    if not guards:
        return None
    stop([one for one in guards if not one.allows(dialect)], _OPENS)
    _allowed.now = True
    try:
        return dialect.connect(*cargs, **cparams)
    finally:
        _allowed.now = False


def _before_pooled_connection_is_used(_connection: object, _record: object, proxy: Any) -> None:
    pool = proxy._pool  # noqa: SLF001 -- it is nowhere else
    stop([one for one in _concerned() if not one.allows(pool)], _USES)


def _before_statement(connection: Connection, _cursor: object, statement: str, *_others: object) -> None:
    guards = _concerned()
    stop([one for one in guards if not one.allows(connection.dialect)], _USES)
    if _is_throwaway(connection, guards) and (what := reaching(statement)):
        stop(guards, f"executed {what}", "leave that to a program that is run beside the migrations")


def _after_statement(connection: Connection, cursor: object, statement: str, *_others: object) -> None:
    if _is_throwaway(connection, _concerned()):
        lead_servers_nowhere(cursor, statement)


def _is_throwaway(connection: Connection, guards: Sequence[Guard]) -> bool:
    return connection.dialect.name == "postgresql" and any(one.throwaway for one in guards)
