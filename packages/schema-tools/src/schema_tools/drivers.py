"""What opens connections beside SQLAlchemy's engines: the drivers, and PostgreSQL's own programs."""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from itertools import chain
from pathlib import PurePath
from types import ModuleType
from typing import Any, Final

# Where each driver opens its connections, beneath the names that a module may have imported long before.
_DRIVERS: Final = {
    "psycopg.generators": "connect",
    "psycopg2": "_connect",
    "asyncpg.connect_utils": "_connect",
}
# https://www.postgresql.org/docs/current/reference-client.html
_PROGRAMS: Final = re.compile(
    "clusterdb|(create|drop)(db|us[e]r)|pg_(basebackup|dump|dumpall|restore)|pgbench|psql|reindexdb|vacuumdb"
)
# https://docs.python.org/3/library/audit_events.html
_STARTS: Final = frozenset({"subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system"})


def watch_drivers(before: Callable[[], None]) -> None:
    """Call `before` before any of the drivers connects, from now on. It may raise, so that none does."""
    sys.meta_path.insert(0, _DriverFinder(before))
    for name in _DRIVERS:
        # None stands for a module that cannot be imported.
        if (module := sys.modules.get(name)) is not None:
            _watch(module, before)


def program_started(event: str, arguments: Sequence[Any]) -> str:
    """The program of PostgreSQL that is started where Python announces `event`; empty for any other."""
    if event not in _STARTS:
        return ""
    # Also one that a shell, or a container, is to start.
    words = chain.from_iterable(re.split(r"[\s;|&()'\"]+", text) for text in _texts(arguments[:2]))
    return next((name for name in map(_name, words) if _PROGRAMS.fullmatch(name)), "")


def _name(word: str) -> str:
    return PurePath(word).name.removesuffix(".exe")


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case bytes():
            yield value.decode(errors="replace")
        case PurePath():
            yield str(value)
        case list() | tuple():
            for one in value:
                yield from _texts(one)


class _DriverFinder(MetaPathFinder):
    """Watches a driver from its import on: to import each beforehand would take longer than many a command."""

    def __init__(self, before: Callable[[], None]) -> None:
        self._before = before

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
            _watch(module, self._before)

        spec.loader.exec_module = load_watched  # type: ignore[method-assign]
        return spec


def _watch(driver: ModuleType, before: Callable[[], None]) -> None:
    name = _DRIVERS[driver.__name__]
    connect = getattr(driver, name)

    @wraps(connect)
    def stoppable(*args: Any, **kw: Any) -> Any:
        before()
        return connect(*args, **kw)

    setattr(driver, name, stoppable)
