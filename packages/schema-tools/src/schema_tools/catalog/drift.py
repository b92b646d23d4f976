"""Comparing the mapping with a live database."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sqlalchemy import URL, Connection, Engine, text

from schema_tools.catalog.compared import compared
from schema_tools.catalog.expected import Made, compared_schemas, mapping_beside, with_migrations
from schema_tools.catalog.included import included, without_records
from schema_tools.catalog.mapped import make_mapped
from schema_tools.catalog.naming import invented_names
from schema_tools.catalog.objects import Catalog, Difference
from schema_tools.catalog.partitions import without_partitions
from schema_tools.catalog.reading import read_catalog, true_differences
from schema_tools.catalog.unmapped import keeping
from schema_tools.database_urls import migration_url, shown, sqlite_file
from schema_tools.errors import SchemaToolsError
from schema_tools.failures import explained
from schema_tools.migrations.connection import live_engine, sqlite_engine
from schema_tools.migrations.scripts import applied_heads, script_directory
from schema_tools.project import SchemaProject

_CIRCUMSTANCES: Final = """
SELECT pg_is_in_recovery() AS standby, current_setting('transaction_read_only')::bool AS read_only,
       quote_ident(current_database()) AS database, quote_ident(current_role) AS role,
       has_database_privilege(current_database(), 'CREATE') AS may_create
"""


def drift(project: SchemaProject, url: str | URL, say: Callable[[str], None] = lambda _: None) -> list[Difference]:
    """How the live database at `url` differs from the mapping, beginning with migrations that it has not had.

    What no mapping can tell, such as a trigger or a view, is compared with what the migrations make on a throwaway
    server, which is started where there is such an object only. No fix destroys: a DROP is a comment.

    On PostgreSQL the mapping is made on the same server, in a schema of a transaction that is always rolled back, so
    that both are worded by the same catalog; no existing table is written to. On SQLite it is made in a
    scratch file. Where the mapping has all its tables in one schema, that one is compared; where it has several, all of
    them and the default one. DDL of the mapping that names a schema is executed on a throwaway server instead.

    Args:
        project: The mapping, and the migrations, of which the database should have had all.
        url: The database. A SQLite file must exist.
        say: Takes a sentence on what was not compared, because the migrations could not be run on a throwaway server.

    Raises:
        SchemaToolsError: The database cannot be reached, is a standby, has a schema of the mapping not, or its role
            may not create one.
    """
    target = migration_url(url)
    with explained(target):
        if target.get_backend_name() == "sqlite":
            return _on_sqlite(project, target, say)
        engine = live_engine(target, search_path=project.environment.search_path)
        with engine.connect() as connection, ThreadPoolExecutor(max_workers=1) as beside:
            _refuse_where_nothing_can_be_made(connection)
            schemas = compared_schemas(project.metadata)
            pending = list(_pending(connection, project))
            connection.commit()
            # Read while the server makes the mapping, which takes the longest.
            found = beside.submit(_live, engine, schemas)
            made = mapping_beside(connection, project, schemas)
            invented = invented_names(project.metadata)
            live = without_partitions(made.catalog, without_records(project, connection, found.result()))
            connection.commit()
            expected, live = included(project, with_migrations(connection, project, made, live, say), live)
            differing = true_differences(connection, expected, live, schemas=schemas, invented=invented)
            return [*pending, *map(keeping, compared(project, connection, differing))]


def _live(engine: Engine, schemas: Sequence[str | None]) -> Catalog:
    with engine.connect() as connection:
        return read_catalog(connection, *schemas)


def _on_sqlite(project: SchemaProject, url: URL, say: Callable[[str], None]) -> list[Difference]:
    file = sqlite_file(url)
    if file is None or not file.is_file():
        raise SchemaToolsError(f"there is no database at {shown(url)}")
    with TemporaryDirectory(prefix="drift-") as directory:
        scratch = URL.create("sqlite", database=str(Path(directory) / "mapping.db"))
        with sqlite_engine(scratch).begin() as connection:
            make_mapped(connection, project.metadata)
            made = Made(read_catalog(connection))
    with live_engine(url).connect() as connection:
        invented = invented_names(project.metadata)
        live = without_records(project, connection, read_catalog(connection))
        expected, live = included(project, with_migrations(connection, project, made, live, say), live)
        found = true_differences(connection, expected, live, invented=invented)
        return [*_pending(connection, project), *map(keeping, compared(project, connection, found))]


def _refuse_where_nothing_can_be_made(connection: Connection) -> None:
    found = connection.execute(text(_CIRCUMSTANCES)).one()
    if found.standby or found.read_only:
        raise SchemaToolsError(
            f"{'this server is a standby' if found.standby else 'this database is read-only for you'}, and the mapping"
            " is made in a transaction that is rolled back: run this against the primary, in a session that may write"
        )
    if not found.may_create:
        raise SchemaToolsError(
            f"the role {found.role} may not create the schema that the mapping is made in and that is rolled back:"
            f" GRANT CREATE ON DATABASE {found.database} TO {found.role}, or run this as the owner"
        )


def _pending(connection: Connection, project: SchemaProject) -> Iterator[Difference]:
    """Where the database stands in the history of migrations, if not at its end."""
    script = script_directory(project)
    heads = set(applied_heads(connection, project.environment))
    newest = set(script.get_heads())
    if heads == newest:
        return
    revisions = list(script.walk_revisions())[::-1]
    if heads <= {one.revision for one in revisions}:
        applied = {one.revision for one in script.iterate_revisions(tuple(heads), "base")} if heads else set()
        pending = [f"--   {one.revision}: {one.doc}" for one in revisions if one.revision not in applied]
        fix = "\n".join(["-- Apply the pending migrations first, which may be all that differs:", *pending])
    else:
        fix = (
            "-- This release does not have the revision that the database is at:"
            " compare it with the release that has, or deploy that."
        )
    yield Difference(
        object="migrations",
        aspect="head",
        expected=", ".join(sorted(newest)) or None,
        found=", ".join(sorted(heads)) or None,
        fix=fix,
    )
