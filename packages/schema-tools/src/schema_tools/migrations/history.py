"""The revisions that a database has, and whether their files are still as they were when they were applied."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection

from schema_tools.database_urls import migration_url, sqlite_file
from schema_tools.errors import SchemaToolsError
from schema_tools.failures import explained
from schema_tools.migrations.connection import live_engine
from schema_tools.migrations.log import Direction, Record, last_records
from schema_tools.migrations.revision_files import RevisionFile, checksums, revision_files
from schema_tools.migrations.scripts import (
    Revision,
    ancestry,
    applied_heads,
    described,
    script_directory,
    versions_of,
)
from schema_tools.project import Environment, SchemaProject


def history(project: SchemaProject, url: str | URL | None = None) -> list[Revision]:
    """Every revision, the oldest first, and its state in the database at `url`.

    A revision that was edited after it was applied there, or inserted before one that was, is marked. Revisions that
    were applied there and do not belong to the project come last, and are marked as well.

    Raises:
        SchemaToolsError: The database cannot be reached, or is at a revision that neither the project nor its own
            records know.
    """
    script = script_directory(project)
    versions = versions_of(script)
    target = migration_url(url) if url is not None else None
    with explained(target, versions):
        revisions = [described(one) for one in reversed(list(script.walk_revisions()))]
        files = revision_files(versions)
        chain = checksums(files)
        revisions = [replace(one, checksum=chain.get(one.revision, "")) for one in revisions]
        if target is None:
            return revisions
        heads, records = _of_database(target, project.environment)
        applied = _applied(script, heads, records)
        marks = tampered(files, records, applied)
        revisions = [replace(one, applied=one.revision in applied) for one in revisions]
        revisions += (
            Revision(revision=name, parents=(), message="", created=None, file="", applied=True)
            for name in marks
            if name not in files
        )
        return [
            _with_record(replace(one, tampered=marks.get(one.revision, "")), records.get(one.revision))
            for one in revisions
        ]


def _of_database(url: URL, environment: Environment) -> tuple[tuple[str, ...], Mapping[str, Record]]:
    file = sqlite_file(url)
    if file is not None and not file.exists():
        return (), {}  # Looking must not create it.
    with live_engine(url).connect() as connection:
        return applied_heads(connection, environment), last_records(connection, environment.log_table)


def _applied(script: ScriptDirectory, heads: tuple[str, ...], records: Mapping[str, Record]) -> set[str]:
    """The revisions that the database has: those behind its heads, or, of a head without a file, those recorded."""
    known = {one.revision for one in script.walk_revisions()}
    if all(one in known or one in records for one in heads) and not known.issuperset(heads):
        return {name for name, one in records.items() if one.direction is not Direction.DOWNGRADE}
    return ancestry(script, heads)


def _with_record(one: Revision, record: Record | None) -> Revision:
    if record is None or record.direction is Direction.STAMP:
        return one
    taken_back = record.direction is Direction.DOWNGRADE and not one.applied
    return replace(one, last_step=record.finished_at, took=record.took, taken_back=taken_back)


def refuse_changed_history(
    script: ScriptDirectory, connection: Connection, environment: Environment | None = None
) -> None:
    """Check that the files of `script` are what was applied to the database.

    Raises:
        SchemaToolsError: They are not; the message names the first revision that changed, and what to do.
        alembic.util.CommandError: The database is at a revision that has no file.
    """
    environment = environment or Environment()
    applied = ancestry(script, applied_heads(connection, environment))
    files = revision_files(versions_of(script))
    for sentence in tampered(files, last_records(connection, environment.log_table), applied).values():
        raise SchemaToolsError(f"nothing was run: {sentence}")


def tampered(
    files: Mapping[str, RevisionFile], records: Mapping[str, Record], applied: Collection[str]
) -> dict[str, str]:
    """The revisions whose files are not what was applied, each with a sentence that says how and what to do.

    A revision is judged by the recorded checksums of its parents, so an edited one does not mark those after it.

    Args:
        files: Each revision after those it follows.
        records: The oldest first.
        applied: The revisions that the database has.
    """
    return {**_gone(files, records), **_changed(files, records, applied)}


def _gone(files: Mapping[str, RevisionFile], records: Mapping[str, Record]) -> dict[str, str]:
    """Revisions that were applied and have no file, unless a later `stamp` says that the database lacks them."""
    found: dict[str, str] = {}
    for name, one in records.items():
        if one.direction is Direction.STAMP:
            found.clear()
        elif one.direction is Direction.UPGRADE and name not in files:
            found[name] = (
                f"revision {name} was applied here on {_day(one)}, and is not among the migrations of this release;"
                " use a release that has it, or restore its file"
            )
    return found


def _changed(
    files: Mapping[str, RevisionFile], records: Mapping[str, Record], applied: Collection[str]
) -> dict[str, str]:
    chain = checksums(files)
    found = {}
    for name, file in files.items():
        one = records.get(name)
        if name not in applied or one is None or one.direction is not Direction.UPGRADE:
            continue
        before = (records[parent].checksum if parent in records else chain[parent] for parent in file.parents)
        if file.checksum(before) == one.checksum:
            continue
        inserted = next((files[parent] for parent in file.parents if _inserted(files[parent], records)), None)
        if inserted is not None:
            found[inserted.revision] = (
                f"{inserted.path.name} was inserted before {file.path.name}, which was applied here on {_day(one)}"
                " without it; let it follow the last revision, and restore the other"
            )
        else:
            found[name] = (
                f"{file.path.name} is not what was applied here on {_day(one)}; restore it as it was then, and"
                " write a new revision for the change"
            )
    return found


def _inserted(file: RevisionFile, records: Mapping[str, Record]) -> bool:
    """Whether a revision has no record, though its parents do: a database may be older than its records."""
    return file.revision not in records and bool(file.parents) and all(one in records for one in file.parents)


def _day(one: Record) -> str:
    return f"{one.finished_at:%Y-%m-%d %H:%M} UTC"
