"""Running migrations, up and down."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from threading import Lock
from typing import Final, TypeAlias, TypedDict, Unpack

from alembic.runtime.migration import RevisionStep
from alembic.script import Script, ScriptDirectory
from sqlalchemy import URL, Connection, text

from schema_tools.database_urls import migration_url
from schema_tools.errors import DataWouldBeLost, IrreversibleRevision, SchemaToolsError
from schema_tools.failures import explained, place_in_revision
from schema_tools.foreign_connections import ForeignConnection
from schema_tools.migrations.connection import Patience, Waiting, migration_connection
from schema_tools.migrations.downgrades import Loss, irreversible_reason, losses, stated_reason
from schema_tools.migrations.environments import Work, probe_environment, run_environment
from schema_tools.migrations.history import refuse_changed_history
from schema_tools.migrations.lock_file import refuse_changed_files
from schema_tools.migrations.log import TABLE, take_over
from schema_tools.migrations.retries import with_retries
from schema_tools.migrations.scripts import (
    UNRECORDED,
    Revision,
    alembic_config,
    applied_heads,
    is_recorded,
    script_directory,
    versions_of,
)
from schema_tools.migrations.steps import Progress, Steps
from schema_tools.migrations.withdrawing import withdraw_undeclared
from schema_tools.project import Environment, SchemaProject
from schema_tools.versions import Versions

Consent: TypeAlias = Callable[[Sequence[Loss]], bool]


class RunOptions(TypedDict, total=False):
    """How to run migrations.

    Attributes:
        locked: Whether the revisions must be as `versions.lock` has them, and as the database recorded those it had;
            True by default, and False for a database that is thrown away.
        waiting: Called once when another migration is at work and this one waits, with the session of the other.
        progress: Called when a revision begins, is going to be tried again, and is done.
        patience: How long to wait for locks, and how often to try.
    """

    locked: bool
    waiting: Waiting | None
    progress: Callable[[Progress], None] | None
    patience: Patience | None


_MUST_BE_ADOPTED: Final = (
    "must call schema_tools.environment.run(metadata, url) and nothing else, so that migrations are bounded, and"
    " recorded in the database"
)
# Alembic's `op` and `context` are global, so two threads would work on each other's database.
_one_at_a_time: Final = Lock()


def upgrade(project: SchemaProject, url: str | URL, to: str = "head", **options: Unpack[RunOptions]) -> list[Revision]:
    """Bring the database at `url` up to revision `to`; nothing happens when it is there already.

    Several upgrades at once are safe: one works, the others wait for it and find nothing to do. On PostgreSQL each
    revision is a transaction of its own, tried again when it did not get a lock; on SQLite all of them are one. Each
    is recorded in the database, in its transaction, with its checksum. In the end other roles lose what default
    privileges gave them on a new table, where the table declares less (`schema_tools.privileges`).

    Args:
        project: The migrations.
        url: The database. A SQLite file that does not exist is created; its directory is not.
        to: A revision, the beginning of one, `+1` and the like, or `head`.
        options: As `RunOptions` has them.

    Returns:
        The revisions that were applied, in order.

    Raises:
        SchemaToolsError: The history changed, or the database has another encoding than the project needs, and
            nothing was run; or the database cannot be reached, or a revision is
            unknown or failed; one that fails leaves the schema as it was, unless it works outside its transaction,
            which the message then says.
    """
    script = script_directory(project)

    def apply(heads: Sequence[str], _context: object) -> Iterable[RevisionStep]:
        # As Alembic's own command finds them; its type says one revision, and there may be several heads.
        return script._upgrade_revs(to, heads)  # type: ignore[arg-type]  # noqa: SLF001

    def refuse_encoding(connection: Connection) -> None:
        if project.encoding is None or connection.dialect.name != "postgresql":
            return
        found = connection.scalar(text("SHOW server_encoding"))
        if found != project.encoding:
            raise SchemaToolsError(
                f"the database has the encoding {found}, and not {project.encoding}: make one as in"
                f" CREATE DATABASE name TEMPLATE template0 ENCODING '{project.encoding}'"
            )

    def narrow(connection: Connection) -> None:
        withdraw_undeclared(connection, project.metadata)

    return _run(project, script, url, to, apply, before=refuse_encoding, after=narrow, **options)


def downgrade(
    project: SchemaProject,
    url: str | URL,
    to: str = "-1",
    *,
    consent: Consent | None = None,
    **options: Unpack[RunOptions],
) -> list[Revision]:
    """Take the database at `url` down, by default by one revision.

    Args:
        project: The migrations.
        url: The database.
        to: A revision, the beginning of one, `-2` and the like, or `base`.
        consent: Asked before anything is done when data would be lost; it is told which. None does not ask, which is
            for a database that is thrown away.
        options: As in `upgrade`.

    Returns:
        The revisions that were taken back, in order.

    Raises:
        DataWouldBeLost: `consent` was refused; nothing was changed.
        IrreversibleRevision: A revision says that it cannot be taken back; nothing was changed.
        SchemaToolsError: As `upgrade`, or there is nothing to take back.
    """
    script = script_directory(project)
    kept = project.environment if options.get("locked", True) else None

    def take_back(heads: Sequence[str], _context: object = None) -> Iterable[RevisionStep]:
        return script._downgrade_revs(to, heads)  # type: ignore[arg-type]  # noqa: SLF001

    def look_ahead(connection: Connection) -> None:
        applied = applied_heads(connection, kept)
        if not applied:
            raise SchemaToolsError("there is nothing to downgrade: the database has no migration")
        _refuse_what_cannot_be_undone([step.revision for step in take_back(applied)], connection, consent)

    return _run(project, script, url, to, take_back, before=look_ahead, **options)


def _run(
    project: SchemaProject,
    script: ScriptDirectory,
    url: str | URL,
    to: str,
    work: Work,
    *,
    before: Callable[[Connection], None] = lambda _: None,
    after: Callable[[Connection], None] = lambda _: None,
    **options: Unpack[RunOptions],
) -> list[Revision]:
    locked = options.get("locked", True)
    target = migration_url(url)
    config = alembic_config(project)
    versions = versions_of(script)
    if locked:
        refuse_changed_files(versions, unrecorded=True)
    table = project.environment.log_table if locked else TABLE
    steps = Steps(versions, options.get("progress"), table)
    patience = options.get("patience") or Patience()
    with (
        _one_at_a_time,
        explained(target, versions, steps.aftermath),
        migration_connection(target, patience, waiting=options.get("waiting")) as connection,
    ):
        if locked:
            take_over(connection, table)
            refuse_changed_history(script, connection, project.environment)
        config.attributes["steps"] = steps
        probe_environment(config, script, connection, hand=not locked)
        if locked and not steps.follows(connection):
            raise SchemaToolsError(f"{Path(script.dir).name}/env.py {_MUST_BE_ADOPTED}")
        before(connection)
        connection.rollback()

        def run() -> None:
            run_environment(config, script, connection, work, hand=not locked, destination_rev=to)

        try:
            with_retries(run, connection, steps, versions, patience)
        except ForeignConnection as error:
            if steps.current is None:
                raise
            raise SchemaToolsError(f"{error}; the revision {steps.aftermath()}") from None
        except NotImplementedError as error:
            raise _as_irreversible(error, steps, versions) from None
        connection.rollback()
        _refuse_unrecorded(script, connection, steps, project.environment if locked else None)
        after(connection)
        connection.commit()
    return steps.done


def _refuse_unrecorded(
    script: ScriptDirectory, connection: Connection, steps: Steps, environment: Environment | None
) -> None:
    for one in steps.done[-1:]:
        if not is_recorded(script, connection, one.revision, up=not steps.downgrading, environment=environment):
            raise SchemaToolsError(f"{one.file} {UNRECORDED}")


def _refuse_what_cannot_be_undone(scripts: Sequence[Script], connection: Connection, consent: Consent | None) -> None:
    for one in scripts:
        reason = irreversible_reason(one, connection.dialect)
        if reason is not None:
            raise IrreversibleRevision(f"{_irreversible(Path(one.path).name, reason)}; nothing was changed")
    if consent is None:
        return
    lost = losses(scripts, connection)
    if lost:
        connection.rollback()  # No lock is held while the operator decides.
        if not consent(lost):
            raise DataWouldBeLost(f"nothing was changed: this would lose {', '.join(map(str, lost))}")


def _as_irreversible(error: NotImplementedError, steps: Steps, versions: Versions) -> Exception:
    """The error to raise for `error`: another one where the downgrade itself says that it is irreversible."""
    step = steps.current
    reason = stated_reason(error, str(versions.file(step.file))) if step is not None and steps.downgrading else None
    if reason is None:
        return error
    place = place_in_revision(error, versions) or ""
    return IrreversibleRevision(f"{_irreversible(place, reason)}; it {steps.aftermath()}")


def _irreversible(place: str, reason: str) -> str:
    return f"{place} cannot be taken back: {reason.rstrip('.')}"
