"""Running migrations: up, down, and what a database has had of them."""

import re
from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script import Script, ScriptDirectory
from sqlalchemy import URL, Connection

from schema_tools.database_urls import migration_url, sqlite_file
from schema_tools.errors import SchemaToolsError
from schema_tools.failures import explained
from schema_tools.migrations.connection import migration_connection, postgresql_engine, sqlite_engine
from schema_tools.project import SchemaProject

# Alembic's `op` and `context` are global, so two threads would work on each other's database.
_one_at_a_time: Final = Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One migration revision.

    Attributes:
        revision: Its identifier.
        parents: The revisions it follows: none for the first, several for a merge.
        message: What it does, in its author's words.
        created: When it was written, or None when its file does not say.
        file: The name of its file.
        applied: Whether the database has it; None when no database was asked.
    """

    revision: str
    parents: tuple[str, ...]
    message: str
    created: datetime | None
    file: str
    applied: bool | None = None


def upgrade(
    project: SchemaProject, url: str | URL, to: str = "head", *, waiting: Callable[[], None] | None = None
) -> list[Revision]:
    """Bring the database at `url` up to revision `to`; nothing happens when it is there already.

    Several upgrades at once are safe: one works, the others wait for it and find nothing to do. On PostgreSQL each
    revision is a transaction of its own; on SQLite all of them are one.

    Args:
        project: The migrations.
        url: The database. A SQLite file that does not exist is created; its directory is not.
        to: A revision, the beginning of one, `+1` and the like, or `head`.
        waiting: Called once when another migration is at work and this one waits.

    Returns:
        The revisions that were applied, in order.

    Raises:
        SchemaToolsError: The database cannot be reached, or a revision is unknown or failed; one that fails leaves
            the schema as it was.
    """
    return _run(project, url, waiting, lambda config, _connection: command.upgrade(config, to))


def downgrade(
    project: SchemaProject, url: str | URL, to: str = "-1", *, waiting: Callable[[], None] | None = None
) -> list[Revision]:
    """Take the database at `url` down, by default by one revision.

    Args:
        project: The migrations.
        url: The database.
        to: A revision, the beginning of one, `-2` and the like, or `base`.
        waiting: Called once when another migration is at work and this one waits.

    Returns:
        The revisions that were taken back, in order.

    Raises:
        SchemaToolsError: As `upgrade`, or there is nothing to take back.
    """

    def take_back(config: Config, connection: Connection) -> None:
        if not _applied_heads(connection):
            raise SchemaToolsError("there is nothing to downgrade: the database has no migration")
        connection.rollback()
        command.downgrade(config, to)

    return _run(project, url, waiting, take_back)


def history(project: SchemaProject, url: str | URL | None = None) -> list[Revision]:
    """Every revision, the oldest first, and whether the database at `url` has it.

    Raises:
        SchemaToolsError: The database cannot be reached, or it has a revision that the project does not.
    """
    script = script_directory(project)
    target = migration_url(url) if url is not None else None
    with explained(target, versions_directory(script)):
        revisions = list(reversed(list(script.walk_revisions())))
        if target is None:
            return [_described(found) for found in revisions]
        heads = _heads_of_database(target)
        script.get_revisions(heads)  # An unknown one fails here with an error that says so.
        applied = {found.revision for found in script.iterate_revisions(heads, "base")} if heads else set()
        return [_described(found, applied=found.revision in applied) for found in revisions]


def heads(project: SchemaProject) -> tuple[str, ...]:
    """The newest revision of the project; several when branches have not been merged."""
    return tuple(script_directory(project).get_heads())


def alembic_config(project: SchemaProject) -> Config:
    """Alembic's configuration of the project.

    Raises:
        SchemaToolsError: There is no such file.
    """
    if not project.alembic_ini.is_file():
        raise SchemaToolsError(f"there are no migrations: {project.alembic_ini} does not exist")
    # Alembic reports the files that it writes on standard output, unless it was started with --quiet.
    return Config(project.alembic_ini, cmd_opts=Namespace(quiet=True))


def script_directory(project: SchemaProject) -> ScriptDirectory:
    """The project's revisions, as Alembic reads them.

    Raises:
        SchemaToolsError: They cannot be found.
    """
    try:
        return ScriptDirectory.from_config(alembic_config(project))
    except Exception as error:
        if isinstance(error, SchemaToolsError):
            raise
        raise SchemaToolsError(f"the migrations cannot be read: {error}") from error


def versions_directory(script: ScriptDirectory) -> Path:
    """Where the revision files are."""
    return Path(script.versions)


def _run(
    project: SchemaProject,
    url: str | URL,
    waiting: Callable[[], None] | None,
    work: Callable[[Config, Connection], None],
) -> list[Revision]:
    target = migration_url(url)
    config = alembic_config(project)
    done: list[Revision] = []

    def note(*, step: MigrationInfo, **_kw: object) -> None:
        script = step.up_revision
        if isinstance(script, Script):
            done.append(_described(script, applied=step.is_upgrade))

    versions = versions_directory(script_directory(project))
    with _one_at_a_time, explained(target, versions), migration_connection(target, waiting=waiting) as connection:
        options: dict[str, Any] = {"on_version_apply": note}
        config.attributes.update(connection=connection, options=options)
        work(config, connection)
    return done


def _heads_of_database(url: URL) -> tuple[str, ...]:
    file = sqlite_file(url)
    if file is not None and not file.exists():
        return ()  # Looking must not create it.
    engine = sqlite_engine(url) if file else postgresql_engine(url)
    with engine.connect() as connection:
        return _applied_heads(connection)


def _applied_heads(connection: Connection) -> tuple[str, ...]:
    return tuple(MigrationContext.configure(connection).get_current_heads())


def _described(script: Script, *, applied: bool | None = None) -> Revision:
    parents = script.down_revision or ()
    written = re.search(r"^Create Date: *(\S.*?) *$", script.longdoc, re.MULTILINE)
    return Revision(
        revision=script.revision,
        parents=(parents,) if isinstance(parents, str) else tuple(parents),
        message=script.doc.removesuffix("."),
        created=datetime.fromisoformat(written[1]) if written else None,
        file=Path(script.path).name,
        applied=applied,
    )
