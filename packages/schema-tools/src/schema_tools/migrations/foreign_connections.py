"""Keeping the code of a project, `env.py` and revisions, on the connection that it is handed.

An `env.py` as `alembic init` writes it ignores a connection that is handed in and connects to its own URL. A rehearsal,
which takes every table down again, would then work on the live database. So its engines do not connect: `connect()`
gives the connection of the rehearsal. What else it or a revision does to reach a database cannot be read off its text,
and is stopped when it does it: before it connects.
"""

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, wraps
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from threading import Thread
from traceback import walk_tb
from types import ModuleType
from typing import Any, Final

from sqlalchemy import Connection, Dialect, Engine, Pool, event

from schema_tools.errors import SchemaToolsError

# Where each driver opens its connections, beneath the names that a module may have imported long before.
# SQLAlchemy's engines of any driver are seen by its events, and sqlite3 by Python's audit events.
_DRIVERS: Final = {
    "psycopg.generators": "connect",
    "psycopg2": "_connect",
    "asyncpg.connect_utils": "_connect",
}
_ENVIRONMENT: Final = "env.py"
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

    No `except Exception` of the project holds this up, and a thread that it ends prints no traceback.
    """


@dataclass(eq=False)
class Guard:
    """What is allowed while the code of a project runs: the connections of `engine`, if there is one.

    Attributes:
        hand: Gives what `connect()` of another engine gives; None where that is stopped.
        stopped: The first attempt to use another connection.
        others: Threads that are not the project's.
    """

    engine: Engine | None
    hand: Callable[[Engine], Any] | None = None
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


@contextmanager
def only(
    connection: Connection | None, *directories: Path, hand: Callable[[Engine], Any] | None = None
) -> Iterator[Guard]:
    """Meanwhile, no database connection can be opened or used but those of `connection`'s engine.

    It holds for this thread and those that are started meanwhile. What a program does that is started from here is not
    seen, nor what a driver other than psycopg, psycopg2, asyncpg and sqlite3 does without SQLAlchemy.

    Args:
        connection: The connection that is handed in; None for code that needs none.
        directories: Where the code is that runs, so that the line is named which was stopped.
        hand: See `Guard`.

    Raises:
        ForeignConnection: The code inside was stopped, whatever it made of that.
    """
    _install()
    guard = Guard(connection.engine if connection is not None else None, hand)
    _guards.append(guard)
    try:
        yield guard
    except SystemExit as ended:
        if not isinstance(ended, _Stopped):
            # Or the command would end with its status, as if all was well.
            name, line = _place(ended, directories)
            raise SchemaToolsError(
                f"{name}:{line} ended the program, with sys.exit or the like: raise an error"
            ) from None
        raise
    finally:
        _guards.remove(guard)
        if guard.stopped is not None:
            raise _refusal(guard.stopped, directories) from guard.stopped


def _refusal(stopped: BaseException, directories: Sequence[Path]) -> ForeignConnection:
    name, line = _place(stopped, directories)
    place = f"{name}:{line}" if line else name
    if name.rpartition("/")[2] == _ENVIRONMENT:
        return ForeignConnection(
            f"{place} was stopped before it {stopped}, because migrations would then run on a database that was not"
            f" asked for: {ADVICE}"
        )
    sentence = f"{place} was stopped before it {stopped}, which may lead to another database: use op.get_bind()"
    return ForeignConnection(sentence, by_revision=True)


def _place(stopped: BaseException, directories: Sequence[Path]) -> tuple[str, int]:
    """The innermost file and line of the project that was at work."""
    found = (_ENVIRONMENT, 0)
    for frame, line in walk_tb(stopped.__traceback__):
        file = Path(frame.f_code.co_filename).resolve()
        for directory in directories:
            if file.is_relative_to(directory.resolve()):
                found = file.relative_to(directory.resolve().parent).as_posix(), line
                break
    return found


def _concerned() -> list[Guard]:
    """The guards that concern this thread."""
    if not _guards or getattr(_allowed, "now", False):
        return []
    thread = threading.current_thread()
    return [guard for guard in _guards if thread not in guard.others]


def stop(guards: Sequence[Guard], what: str) -> None:
    """Stop the code that runs now, which did `what`, unless there are no `guards` against it."""
    if guards:
        stopped = _Stopped(what)
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
    sys.addaudithook(_before_sqlite_connects)
    sys.meta_path.insert(0, _DriverFinder())
    for name in _DRIVERS:
        # None stands for a module that cannot be imported.
        if (module := sys.modules.get(name)) is not None:
            _watch_driver(module)


class _DriverFinder(MetaPathFinder):
    """Watches a driver from its import on: to import each beforehand would take longer than many a command."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a driver as usual, and have it watched once it is loaded."""
        spec = PathFinder.find_spec(fullname, path, target) if fullname in _DRIVERS else None
        if spec is None or spec.loader is None:
            return None
        load = spec.loader.exec_module

        def load_watched(module: ModuleType) -> None:
            load(module)
            _watch_driver(module)

        spec.loader.exec_module = load_watched  # type: ignore[method-assign]
        return spec


def _watch_driver(driver: ModuleType) -> None:
    name = _DRIVERS[driver.__name__]
    setattr(driver, name, _stoppable(getattr(driver, name)))


def _stoppable(connect: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(connect)
    def stoppable(*args: Any, **kw: Any) -> Any:
        stop(_concerned(), _OPENS)
        return connect(*args, **kw)

    return stoppable


def _handing(connect: Callable[[Engine], Connection]) -> Callable[[Engine], Any]:
    @wraps(connect)
    def handing(engine: Engine) -> Any:
        for guard in _concerned():
            if guard.hand is not None and not guard.allows(engine.dialect):
                return guard.hand(engine)
        return connect(engine)

    return handing


def _before_sqlite_connects(name: str, _args: tuple[Any, ...]) -> None:
    # https://docs.python.org/3/library/sqlite3.html#sqlite3.connect
    if name == "sqlite3.connect" and _guards:
        stop(_concerned(), _OPENS)


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


def _before_statement(connection: Connection, *_others: object) -> None:
    stop([one for one in _concerned() if not one.allows(connection.dialect)], _USES)
