"""The schema that a history begins with where no revision makes it: a dump, or what a live database has."""

from pathlib import Path
from typing import Any, Final

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, text

from schema_tools.catalog.comparing import differences
from schema_tools.catalog.objects import Catalog
from schema_tools.catalog.reading import read_catalog
from schema_tools.database_urls import migration_url, shown
from schema_tools.errors import SchemaToolsError
from schema_tools.failures import driver_error, explained
from schema_tools.migrations.connection import live_engine, postgresql_engine, sqlite_engine
from schema_tools.migrations.scripts import applied_heads
from schema_tools.project import Baseline, Environment

_BASE: Final = "base"
# What psql understands and the server does not, as pg_dump writes it.
_OF_PSQL: Final = ("\\restrict ", "\\unrestrict ", "\\connect ")
HOW_TO_WRITE_IT: Final = "pg_dump --schema-only --no-owner --no-privileges"


def first_revision(baseline: Baseline | None, script: ScriptDirectory) -> str | None:
    """The revision that a history is rehearsed from; None where it is rehearsed from its beginning.

    Raises:
        SchemaToolsError: There is no such revision.
    """
    if baseline is None or baseline.revision == _BASE:
        return None
    try:
        found = script.get_revision(baseline.revision)
    except CommandError as error:
        raise SchemaToolsError(f"--from {baseline.revision} is no revision: {error}") from error
    return found.revision


def begin_with(baseline: Baseline | None, script: ScriptDirectory, environment: Environment, url: URL) -> None:
    """Make the schema of the baseline in the empty database at `url`, and record its revision there.

    Raises:
        SchemaToolsError: The dump cannot be read or loaded, or the live database is at another revision.
    """
    if baseline is None:
        return
    revision = first_revision(baseline, script)
    engine = sqlite_engine(url) if url.get_backend_name() == "sqlite" else postgresql_engine(url)
    with engine.connect() as connection:
        if "://" in baseline.schema:
            live = migration_url(baseline.schema)
            wanted = _catalog(live, revision, environment)
            statements = "\n".join(one.fix for one in differences(wanted, read_catalog(connection)))
            connection.rollback()
            _execute(connection, statements, shown(live))
        else:
            _execute(connection, _dump(Path(baseline.schema)), baseline.schema)
        if revision is not None:
            context = MigrationContext.configure(connection)
            with context.begin_transaction():
                context.stamp(script, revision)
            connection.commit()


def _execute(connection: Connection, statements: str, source: str) -> None:
    """Execute a script. It leaves the session as it was: a dump sets an empty search path."""
    driver: Any = connection.connection.driver_connection
    try:
        if connection.dialect.name == "sqlite":
            driver.executescript(statements)
            return
        driver.execute(statements)
        driver.execute("DISCARD TEMP; RESET ALL")
        driver.commit()
    except Exception as error:
        if driver_error(error) is None and connection.dialect.name != "sqlite":
            raise
        reason = " ".join(str(error).split())
        raise SchemaToolsError(
            f"the schema in {source} cannot be made: {reason}. Write it with {HOW_TO_WRITE_IT}"
        ) from None


def _dump(file: Path) -> str:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SchemaToolsError(f"the schema in {file} cannot be read: {error}") from error
    return "\n".join(line for line in lines if not line.startswith(_OF_PSQL))


def _catalog(url: URL, revision: str | None, environment: Environment) -> Catalog:
    """The schema of a live database, which is only read."""
    with explained(url), live_engine(url).connect() as connection:
        if url.get_backend_name() == "postgresql":
            connection.execute(text("SET TRANSACTION READ ONLY"))
        heads = applied_heads(connection, environment)
        if heads != ((revision,) if revision else ()):
            at = ", ".join(heads) or "no revision"
            raise SchemaToolsError(f"{shown(url)} is at {at}, and not at {revision or 'the base'}: name what it is at")
        return read_catalog(connection)
