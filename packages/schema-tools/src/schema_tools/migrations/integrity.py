"""Whether a database has had the revisions as their files are now, by the checksums that it recorded."""

from collections.abc import Collection, Mapping

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from schema_tools.errors import SchemaToolsError
from schema_tools.migrations.log import Direction, Record, last_records
from schema_tools.migrations.revision_files import RevisionFile, checksums, revision_files
from schema_tools.migrations.scripts import versions_directory


def refuse_changed_history(script: ScriptDirectory, connection: Connection) -> None:
    """See that what the database had is what the files of `script` say.

    Raises:
        SchemaToolsError: It is not; the message names the first revision that changed, and what to do.
        alembic.util.CommandError: The database is at a revision that has no file.
    """
    heads = tuple(MigrationContext.configure(connection).get_current_heads())
    script.get_revisions(heads)  # An unknown one fails here with an error that says so.
    applied = {one.revision for one in script.iterate_revisions(heads, "base")} if heads else set()
    files = revision_files(versions_directory(script))
    for sentence in tampered(files, last_records(connection), applied).values():
        raise SchemaToolsError(f"nothing was run: {sentence}")


def tampered(
    files: Mapping[str, RevisionFile], records: Mapping[str, Record], applied: Collection[str]
) -> dict[str, str]:
    """The revisions that the database had otherwise than the files say, each with a sentence on how and what to do.

    A revision is judged by what was recorded of those before it, so that an edited one is not held against the later.
    `files` have each revision after those it follows, `records` the oldest first.
    """
    return {**_gone(files, records), **_changed(files, records, applied)}


def _gone(files: Mapping[str, RevisionFile], records: Mapping[str, Record]) -> dict[str, str]:
    """Revisions that were applied and have no file; a later `stamp` says that the database does without them."""
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
    """Whether a revision was never run here, though those before it were: a database may be older than its records."""
    return file.revision not in records and bool(file.parents) and all(one in records for one in file.parents)


def _day(one: Record) -> str:
    return f"{one.finished_at:%Y-%m-%d %H:%M} UTC"
