"""Every revision, and what a database has had of it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, NullPool, create_engine, text

from schema_tools.database_urls import migration_url, sqlite_file
from schema_tools.failures import explained
from schema_tools.migrations.connection import postgresql_engine
from schema_tools.migrations.integrity import tampered
from schema_tools.migrations.log import Direction, Record, last_records
from schema_tools.migrations.revision_files import checksums, revision_files
from schema_tools.migrations.scripts import Revision, described, script_directory, versions_directory
from schema_tools.project import SchemaProject

# Two small tables are read in moments, so a lock on one is not waited for any longer.
_LOCK_TIMEOUT: Final = "5s"
_STATEMENT_TIMEOUT: Final = "60s"


def history(project: SchemaProject, url: str | URL | None = None) -> list[Revision]:
    """Every revision, the oldest first, and what the database at `url` has had of it.

    A revision that was edited after it was applied there, or was inserted before one that was, is marked, and so are
    those that were applied there and are none of the project's, which come last.

    Raises:
        SchemaToolsError: The database cannot be reached, or is at a revision that neither the project nor its own
            records know.
    """
    script = script_directory(project)
    target = migration_url(url) if url is not None else None
    with explained(target, versions_directory(script)):
        revisions = [described(one) for one in reversed(list(script.walk_revisions()))]
        files = revision_files(versions_directory(script))
        chain = checksums(files)
        revisions = [replace(one, checksum=chain.get(one.revision, "")) for one in revisions]
        if target is None:
            return revisions
        heads, records = _of_database(target)
        applied = _applied(script, heads, records)
        marks = tampered(files, records, applied)
        found = [
            _with_record(
                replace(one, applied=one.revision in applied, tampered=marks.get(one.revision, "")),
                records.get(one.revision),
            )
            for one in revisions
        ]
        strangers = [
            Revision(revision=name, parents=(), message="", created=None, file="", applied=True, tampered=sentence)
            for name, sentence in marks.items()
            if name not in files
        ]
        return [*found, *(_with_record(one, records[one.revision]) for one in strangers)]


def _of_database(url: URL) -> tuple[tuple[str, ...], Mapping[str, Record]]:
    file = sqlite_file(url)
    if file is not None and not file.exists():
        return (), {}  # Looking must not create it.
    # On SQLite not the engine of migrations, which takes the write lock.
    engine = create_engine(url, poolclass=NullPool) if file else postgresql_engine(url)
    with engine.connect() as connection:
        if file is None:
            connection.execute(text(f"SET lock_timeout = '{_LOCK_TIMEOUT}'"))
            connection.execute(text(f"SET statement_timeout = '{_STATEMENT_TIMEOUT}'"))
        heads = tuple(MigrationContext.configure(connection).get_current_heads())
        return heads, last_records(connection)


def _applied(script: ScriptDirectory, heads: tuple[str, ...], records: Mapping[str, Record]) -> set[str]:
    """The revisions that the database has: those behind its heads, or, of a head without a file, those recorded."""
    known = {one.revision for one in script.walk_revisions()}
    if all(one in known or one in records for one in heads) and not known.issuperset(heads):
        return {name for name, one in records.items() if one.direction is not Direction.DOWNGRADE}
    script.get_revisions(heads)  # An unknown one fails here with an error that says so.
    return {one.revision for one in script.iterate_revisions(heads, "base")} if heads else set()


def _with_record(one: Revision, record: Record | None) -> Revision:
    if record is None or record.direction is Direction.STAMP:
        return one
    return replace(
        one,
        last_step=record.finished_at,
        took=record.took,
        taken_back=record.direction is Direction.DOWNGRADE and not one.applied,
    )
