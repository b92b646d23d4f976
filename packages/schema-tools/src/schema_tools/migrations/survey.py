"""What `env.py` passes to `context.configure`, which is found out by running it as far as that, without a database."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from traceback import extract_tb
from typing import Any, Final, NoReturn, Self

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Dialect, Engine, MetaData, TextClause
from sqlalchemy.dialects import postgresql

from schema_tools.errors import SchemaToolsError
from schema_tools.foreign_connections import only
from schema_tools.mapping import merged
from schema_tools.migrations.environments import (
    SEVERAL_DATABASES,
    environment_context,
    has_database,
    name_database,
    refuse_other_dialects,
)
from schema_tools.migrations.flask_application import application_at_work
from schema_tools.migrations.handed import awaited
from schema_tools.migrations.quiet import quiet
from schema_tools.migrations.scripts import code_directories
from schema_tools.project import Environment

_OPTIONS: Final = (
    "version_table",
    "version_table_schema",
    "include_schemas",
    "include_name",
    "include_object",
    "compare_type",
    "compare_server_default",
)
_SEARCH_PATH: Final = re.compile(
    r"\s*SET\s+(?:SESSION\s+)?search_path\s*(?:TO\b|=)\s*([^;]+?)\s*(?:;|$)", re.IGNORECASE
)
# https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-OPTIONS
_OF_OPTIONS: Final = re.compile(r"(?:^|\s)-c\s*search_path=(\S+)")
_LONGEST_REASON: Final = 300


class _Surveyed(BaseException):
    """Raised where `env.py` configures its context. No `except Exception` of the project holds this up."""


def survey(config: Config, script: ScriptDirectory) -> Environment:
    """Run `env.py` up to `context.configure`, and give what it passes there.

    Its engines do not connect: `connect()` gives something that takes every statement and answers none.

    Raises:
        SchemaToolsError: It fails, configures nothing, works on several databases, or on one that these tools do not
            know.
        ForeignConnection: It was stopped on its way to a database.
    """
    run = _Survey(config)
    if not has_database(config):
        # What env.py passes on to an engine, which does not connect.
        name_database(config, URL.create("postgresql+psycopg", database="unnamed"))
    directories = code_directories(script)
    config.attributes["connection"] = run.unconnected()
    try:
        with (
            quiet(),
            only(None, *directories) as guard,
            application_at_work(Path(script.env_py_location)),
            environment_context(config, script, run.configured, fn=lambda *_: ()),
            suppress(_Surveyed),
        ):
            guard.hand = run.connect
            script.run_env()
    except SchemaToolsError:
        raise
    except Exception as error:
        raise _failure(error, directories, asked=run.dialect is not None) from error
    finally:
        del config.attributes["connection"]
    if run.found is None:
        raise SchemaToolsError("env.py does not call context.configure, and so runs no migrations")
    return run.found


@dataclass
class _Survey:
    """A run of `env.py`: the kind of database that it connected to, and what it passed to `context.configure`."""

    config: Config
    dialect: str | None = None
    search_path: str | None = None
    found: Environment | None = None

    def connect(self, engine: Engine) -> "_Unconnected":
        """What `connect()` of an engine gives."""
        refuse_other_dialects(engine)
        self.dialect = engine.dialect.name
        self._notice(str(engine.url.query.get("options", "")))
        return _Unconnected(engine.dialect, self._notice)

    def unconnected(self) -> "_Unconnected":
        """What `env.py` uses where it takes a connection that is handed in."""
        return _Unconnected(postgresql.dialect(), self._notice)  # type: ignore[no-untyped-call]  # of SQLAlchemy

    def _notice(self, asked: str) -> None:
        """Take the search path from a statement, or from the options of a connection."""
        if (found := _SEARCH_PATH.match(asked)) or (found := _OF_OPTIONS.search(asked)):
            self.search_path = found[1]

    def configured(self, _connection: Connection | None, options: dict[str, Any]) -> NoReturn:
        """Keep the options, and end the run."""
        if options.get("upgrade_token", "upgrades") != "upgrades":
            raise SchemaToolsError(f"env.py {SEVERAL_DATABASES}")
        environment = _environment(self.dialect or "postgresql", options)
        log_table = self.config.attributes.get("log_table", environment.log_table)
        self.found = replace(environment, log_table=log_table, search_path=self.search_path)
        raise _Surveyed


def _failure(error: Exception, directories: Iterable[Path], *, asked: bool) -> SchemaToolsError:
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    if len(reason) > _LONGEST_REASON:
        reason = f"{reason[:_LONGEST_REASON]}..."
    return SchemaToolsError(
        f"{_place(error, directories)} failed before it configured the migrations: {reason.rstrip('.')}"
        f"{_advice(error, asked=asked)}"
    )


def _environment(dialect: str, options: Mapping[str, Any]) -> Environment:
    given = options.get("target_metadata")
    several: Iterable[Any] = given if isinstance(given, list | tuple | set) else () if given is None else (given,)
    tables = [one if isinstance(one, MetaData) else getattr(one, "metadata", one) for one in several]
    for one in tables:
        if not isinstance(one, MetaData):
            raise SchemaToolsError(f"the target_metadata of env.py is a {type(one).__name__}, and not a MetaData")
    known = {name: options[name] for name in _OPTIONS if options.get(name) is not None}
    return Environment(metadata=merged(tables) if tables else None, dialect=dialect, **known)


def _advice(error: Exception, *, asked: bool) -> str:
    """What to do about an error of `env.py`, which had `asked` for a connection."""
    if isinstance(error, SyntaxError):
        return ""
    if isinstance(error, ImportError):
        return ". Run this in the environment and the directory in which `alembic` works"
    if asked:
        return ". No database is connected to here, so what it asks one for, such as reflected tables, has no answer"
    return ". Give it the settings that it needs, such as the URL of a database, which is not connected to"


def _place(error: BaseException, directories: Iterable[Path]) -> str:
    """The innermost line of `env.py`, or of what is beside it, that led to the error."""
    resolved = [directory.resolve() for directory in directories]
    if isinstance(error, SyntaxError) and error.filename:
        file = Path(error.filename).resolve()
        named = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
        return f"{named.as_posix()}:{error.lineno}"
    for frame in reversed(extract_tb(error.__traceback__)):
        file = Path(frame.filename).resolve()
        for directory in resolved:
            if file.is_relative_to(directory):
                return f"{file.relative_to(directory.parent).as_posix()}:{frame.lineno}"
    return "env.py"


class _Unconnected:
    """In the place of a connection: it takes whatever it is asked to do, and has no answer."""

    # What an asynchronous connection looks for in a result.
    _is_cursor, raw = False, None

    def __init__(self, dialect: Dialect, asked: Callable[[str], None]) -> None:
        self.dialect = dialect
        self._asked = asked

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __call__(self, *args: object, **_options: object) -> Self:
        for one in args:
            if isinstance(one, str | TextClause):
                self._asked(str(one))
        awaited()
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        """Nothing is open."""

    def __iter__(self) -> Iterator[Any]:
        return iter(())
