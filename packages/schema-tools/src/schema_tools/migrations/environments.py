"""Running a project's `env.py` on the connection that it is handed, and on no other."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from schema_tools.migrations.foreign_connections import ForeignConnection, only, stop
from schema_tools.migrations.scripts import code_directories

PROBING: Final = "probing"
"""The attribute of the configuration that says that no revision is going to run."""

Work: TypeAlias = Callable[[Sequence[str], MigrationContext], Iterable[Any]]
"""Gives the steps to take, from the heads that the database is at."""


def run_environment(
    config: Config, script: ScriptDirectory, connection: Connection, work: Work, **options: Any
) -> None:
    """Run `env.py`, which takes the steps that `work` gives.

    Args:
        config: Alembic's configuration.
        script: The revisions.
        connection: Where to work.
        work: The steps.
        options: For Alembic's `EnvironmentContext`.

    Raises:
        ForeignConnection: `env.py` or a revision was stopped on its way to another connection, or `env.py` did not use
            this one.
    """
    used = False
    config.attributes["connection"] = connection
    with only(connection, *code_directories(script)) as guard:

        def steps(heads: Sequence[str], context: MigrationContext) -> Iterable[Any]:
            nonlocal used
            if context.connection is not connection:
                stop([guard], "ran migrations on another connection than the one that it was handed")
            used = True
            return work(heads, context)

        with EnvironmentContext(config, script, fn=steps, **options):
            script.run_env()
    if not used:
        raise ForeignConnection(
            f"{Path(script.dir).name}/env.py ran no migrations on the connection that it was handed: in env.py, use"
            ' context.config.attributes["connection"] when it is there, or call'
            " schema_tools.environment.run(metadata, url)"
        )


def probe_environment(config: Config, script: ScriptDirectory, connection: Connection) -> None:
    """Run `env.py` once without a step to take, so that a foreign one is refused before anything is changed.

    Raises:
        ForeignConnection: As `run_environment`.
    """
    config.attributes[PROBING] = True
    try:
        run_environment(config, script, connection, lambda _heads, _context: (), dont_mutate=True)
    finally:
        del config.attributes[PROBING]
    connection.rollback()
