"""Running a project's `env.py` on the connection that it is handed, and on no other."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError

from schema_tools.errors import SchemaToolsError
from schema_tools.foreign_connections import ADVICE, ForeignConnection, Guard, only, stop
from schema_tools.migrations.asynchronous import asynchronous_functions
from schema_tools.migrations.flask_application import application_at_work
from schema_tools.migrations.handed import Handed
from schema_tools.migrations.quiet import quiet
from schema_tools.migrations.scripts import code_directories

PROBING: Final = "probing"
"""The attribute of the configuration that says that no revision is going to run."""

SEVERAL_DATABASES: Final = (
    "runs migrations more than once, as for several databases, which these tools do not support: give each database a"
    " section of alembic.ini and an env.py of its own, and name the section in --name"
)

Work: TypeAlias = Callable[[Sequence[str], MigrationContext], Iterable[Any]]
"""Gives the steps to take, from the heads that the database is at."""

_URL: Final = "sqlalchemy.url"


def run_environment(
    config: Config, script: ScriptDirectory, connection: Connection, work: Work, *, hand: bool = False, **options: Any
) -> bool:
    """Run `env.py`, which takes the steps that `work` gives.

    Returns whether it configured them in a transaction that it had begun. Then Alembic does not commit what they do.

    Args:
        config: Alembic's configuration.
        script: The revisions.
        connection: Where to work.
        work: The steps.
        hand: For a database that is thrown away: `env.py` may be one that connects by itself. Its engines give this
            connection, `sqlalchemy.url` names this database, the version table is `alembic_version`, and what it prints
            goes to standard error.
        options: For Alembic's `EnvironmentContext`.

    Raises:
        ForeignConnection: `env.py` or a revision was stopped on its way to another connection, or `env.py` did not use
            this one.
    """
    config.attributes["connection"] = connection
    with (
        quiet(redirect=hand),
        only(connection, *code_directories(script)) as guard,
    ):
        run = _Run(guard, connection, work, hand=hand)
        guard.throwaway = hand
        if hand:
            name_database(config, connection.engine.url)
        with (
            application_at_work(Path(script.env_py_location)),
            asynchronous_functions() if hand else nullcontext(),
            _keeping_options(connection),
            environment_context(config, script, run.configured, fn=run.steps, **options),
        ):
            run.let_connect()
            script.run_env()
    if not run.began:
        raise ForeignConnection(
            f"{Path(script.dir).name}/env.py ran no migrations on the connection that it was handed: {ADVICE}"
        )
    return run.within


def probe_environment(config: Config, script: ScriptDirectory, connection: Connection, *, hand: bool = False) -> None:
    """Run `env.py` once without a step to take, so that a foreign one is refused before anything is changed.

    Raises:
        ForeignConnection: As `run_environment`.
    """
    config.attributes[PROBING] = True
    try:
        run_environment(config, script, connection, lambda _heads, _context: (), hand=hand, dont_mutate=True)
    finally:
        del config.attributes[PROBING]
    connection.rollback()


@contextmanager
def _keeping_options(connection: Connection) -> Iterator[None]:
    """Meanwhile, options may be given to the connection, such as AUTOCOMMIT, which it does not have afterwards."""
    before = connection.get_execution_options()
    yield
    if connection.get_execution_options() == before:
        return
    if "isolation_level" in connection.get_execution_options():
        connection.rollback()
        connection.execution_options(isolation_level=connection.default_isolation_level)
    connection._execution_options = before  # noqa: SLF001 -- options can be added, and not taken away


Configured: TypeAlias = Callable[[Connection | None, dict[str, Any]], Connection | None]
"""Told of the connection and the options that `env.py` passes to `context.configure`; gives the connection to use."""


def environment_context(
    config: Config, script: ScriptDirectory, configured: Configured, **options: Any
) -> EnvironmentContext:
    """Alembic's context of a run of `env.py`, which has `configured` decide about what it configures."""
    environment = EnvironmentContext(config, script, **options)
    configure = environment.configure

    def decide(connection: Connection | None = None, *args: Any, **given: Any) -> None:
        configure(configured(connection, given), *args, **given)

    # On this instance alone; of a subclass, Alembic would make no functions of `alembic.context`.
    environment.configure = decide  # type: ignore[method-assign]
    return environment


@dataclass
class _Run:
    """One run of `env.py`.

    Attributes:
        began: Whether it has run migrations.
        within: Whether it configured them in a transaction that it had begun.
    """

    guard: Guard
    connection: Connection
    work: Work
    hand: bool
    began: bool = False
    within: bool = False

    def configured(self, connection: Connection | None, options: dict[str, Any]) -> Connection | None:
        """See `Configured`."""
        if self.hand:
            for option in ("version_table", "version_table_schema"):
                options.pop(option, None)
        if connection is None:
            raise ForeignConnection(
                "env.py calls context.configure without a connection, so that no migration can run: pass it one where"
                " context.is_offline_mode() is false"
            )
        self.within = connection.in_transaction()
        return self.connection if isinstance(connection, Handed) else connection

    def steps(self, heads: Sequence[str], context: MigrationContext) -> Iterator[Any]:
        """The steps to take, in which only the connection that is handed may be used."""
        if context.connection is not self.connection:
            stop([self.guard], "ran migrations on another connection than the one that it was handed")
        if self.began:
            raise ForeignConnection(f"env.py {SEVERAL_DATABASES}")
        self.began = True
        for step in self.work(heads, context):
            self.guard.hand = None
            yield step
            self.let_connect()

    def let_connect(self) -> None:
        """Have `env.py` be handed the connection from now on, if it may connect by itself."""
        self.guard.hand = self._handed if self.hand else None

    def _handed(self, engine: Engine) -> Connection:
        refuse_other_dialects(engine)
        return Handed(self.connection)


def refuse_other_dialects(engine: Engine) -> None:
    """Refuse an engine of a database that these tools do not know.

    Raises:
        SchemaToolsError: It is neither PostgreSQL nor SQLite.
    """
    if engine.dialect.name not in {"postgresql", "sqlite"}:
        raise SchemaToolsError(
            f"env.py connects to {engine.dialect.name}, and these tools work on PostgreSQL and SQLite"
        )


def has_database(config: Config) -> bool:
    """Whether the configuration names a database that SQLAlchemy knows; that of `alembic init` does not."""
    try:
        make_url(config.get_main_option(_URL) or "").get_dialect()
    except (ArgumentError, ImportError):
        return False
    return True


def name_database(config: Config, url: URL) -> None:
    """Let the configuration name the database at `url`, by the driver that the project has."""
    try:
        own = make_url(config.get_main_option(_URL) or "")
    except ArgumentError:
        own = url
    driver = own.drivername if own.get_backend_name() == url.get_backend_name() else url.drivername
    # Parameters of libpq are not those of every driver, and nothing connects to it.
    named = url.set(drivername=driver, query={}).render_as_string(hide_password=False)
    config.set_main_option(_URL, named.replace("%", "%%"))
