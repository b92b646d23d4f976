"""Scratch databases: one made by the migrations and one from the mapping, on each kind of database."""

import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Final
from uuid import uuid4

from sqlalchemy import URL, Connection, Engine, MetaData, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateSchema

from schema_tools.catalog.mapped import MappingNotMade, make_mapped, mapped_schemas
from schema_tools.catalog.naming import invented_names
from schema_tools.catalog.objects import CatalogObject
from schema_tools.catalog.reading import read_catalog
from schema_tools.catalog.stored_code import StoredCode, in_authors_words, recorded_statements, stored_code
from schema_tools.errors import SchemaToolsError
from schema_tools.migrations import runner
from schema_tools.migrations.connection import postgresql_engine, sqlite_engine
from schema_tools.migrations.scripts import UNCOMMITTED, ancestry, applied_heads, script_directory
from schema_tools.postgres.binaries import preferred_installation
from schema_tools.postgres.databases import RunningPostgres
from schema_tools.postgres.server import ON_THIS_MACHINE, PostgresServer
from schema_tools.project import SchemaProject
from schema_tools.rehearsal.baseline import begin_with

_NEEDED_BY_MAPPINGS: Final = frozenset({"extension", "function", "procedure"})


@dataclass(frozen=True, slots=True)
class ScratchDatabase:
    """A throwaway database.

    Attributes:
        statements: What was executed to make what is in it.
        invented: The names of indexes in it that the mapping does not name.
        borrowed: The labels of what was made in it before the mapping, because that needs something of the migrations.
        kinds: The kinds of which the mapping makes all that there should be.
        schemas: Those that are compared, None for the default one.
    """

    url: URL
    statements: Sequence[str] = ()
    invented: frozenset[str] = frozenset()
    borrowed: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    schemas: tuple[str | None, ...] = (None,)

    def engine(self) -> Engine:
        """An engine of it; SQLite as in migrations, without enforced foreign keys."""
        return engine_of(self.url)

    def code(self) -> StoredCode:
        """The triggers and functions in it, in the words of the statements that made them."""
        with self.engine().connect() as connection:
            code = stored_code(connection)
        # SQLite keeps a statement as it was written.
        return code if self.url.get_backend_name() == "sqlite" else in_authors_words(code, list(self.statements))


@dataclass(frozen=True, slots=True)
class ScratchPair:
    """One schema made in two ways: by every migration, and from the mapping for comparison."""

    head: ScratchDatabase
    mapping: ScratchDatabase

    def code(self) -> tuple[StoredCode, StoredCode]:
        """The triggers and functions that the migrations make, and those that there should be."""
        head = self.head.code()
        return head, _with_unmapped_code(self.mapping.code(), head, self.mapping.borrowed, self.mapping.kinds)


@contextmanager
def scratch_pairs(
    project: SchemaProject, server: RunningPostgres | None = None, heads: Mapping[str, URL] = MappingProxyType({})
) -> Iterator[Mapping[str, ScratchPair]]:
    """A pair on each of the project's databases, by dialect name; what is made here is dropped afterwards.

    Args:
        project: The mapping and the migrations.
        server: Where PostgreSQL databases are created, by default a throwaway server.
        heads: Databases, by dialect name, that every migration was applied to already. Others are made.

    Raises:
        SchemaToolsError: A revision fails, or no PostgreSQL can be had.
        MappingNotMade: The database refuses what the mapping says.
    """
    with ExitStack() as stack:
        places = stack.enter_context(throwaway_places(project, project.databases, server))
        pairs = {}
        for dialect in project.databases:
            mapping = places.create(dialect, "scratch_mapping")
            stack.callback(places.drop, mapping)
            with recorded_statements() as migrated:
                if dialect in heads:
                    head = heads[dialect]
                else:
                    head = _at_head(project, places, dialect)
                    stack.callback(places.drop, head)
            if project.environment.search_path is not None and dialect == "postgresql":
                _make_default_schema(head, mapping)
            with recorded_statements() as mapped:
                borrowed = _make_mapping(project.metadata, head, mapping)
            pairs[dialect] = ScratchPair(
                ScratchDatabase(head, migrated),
                ScratchDatabase(
                    mapping,
                    mapped,
                    invented_names(project.metadata),
                    borrowed,
                    project.mapped_kinds,
                    (None, *mapped_schemas(project.metadata)),
                ),
            )
        yield pairs


def _at_head(project: SchemaProject, places: "Places", dialect: str) -> URL:
    """A new database that the migrations are applied to."""
    head = places.create(dialect, "scratch_head")
    script = script_directory(project)
    if project.baseline is not None:
        begin_with(project.baseline, script, project.environment, head)
    before = _applied(head)
    runner.upgrade(project, head, "heads", locked=False)
    if _applied(head) == before and not ancestry(script, before).issuperset(script.get_heads()):
        raise SchemaToolsError(f"what the migrations did {UNCOMMITTED}")
    return head


def _make_default_schema(head: URL, mapping: URL) -> None:
    """Make the schema that comes first on the search path where the migrations were applied, if it is not there."""
    with engine_of(head).connect() as connection:
        default = connection.scalar(text("SELECT current_schema()"))
    with engine_of(mapping).begin() as connection:
        connection.execute(CreateSchema(default, if_not_exists=True))


def _applied(database: URL) -> tuple[str, ...]:
    with engine_of(database).connect() as connection:
        return applied_heads(connection)


@contextmanager
def made_by_migrations(project: SchemaProject, dialect: str) -> Iterator[Connection]:
    """A connection to a throwaway database with all that the migrations make.

    Raises:
        SchemaToolsError: A revision fails, or no PostgreSQL can be had.
    """
    with throwaway_places(project, [dialect], None) as places:
        head = _at_head(project, places, dialect)
        with engine_of(head).connect() as connection:
            yield connection


def _make_mapping(metadata: MetaData, head: URL, mapping: URL) -> frozenset[str]:
    """Make what the mapping says, which may need extensions and functions that only the migrations make.

    Returns the labels of those that were made for it.
    """
    with suppress(DBAPIError):
        _try(metadata, mapping)
        return frozenset()
    # DDL of the mapping may make its schemas itself, so they are made only where they are missed.
    with suppress(DBAPIError):
        _try(metadata, mapping, schemas=_named(metadata))
        return frozenset()
    with engine_of(head).connect() as connection:
        catalog = read_catalog(connection, None, *_named(metadata), absent=True).values()
    needed = [one for one in catalog if one.kind in _NEEDED_BY_MAPPINGS]
    try:
        _try(metadata, mapping, schemas=_named(metadata), needed=needed)
    except DBAPIError as error:
        raise MappingNotMade(error) from error
    return frozenset(one.label for one in needed)


def _named(metadata: MetaData) -> list[str]:
    return [name for name in mapped_schemas(metadata) if name]


def _try(
    metadata: MetaData, mapping: URL, *, schemas: Sequence[str] = (), needed: Sequence[CatalogObject] = ()
) -> None:
    on_postgresql = mapping.get_backend_name() == "postgresql"
    with engine_of(mapping).begin() as connection:
        for name in schemas if on_postgresql else ():
            connection.execute(CreateSchema(name, if_not_exists=True))
        if on_postgresql:
            # A function may read tables that are not there yet.
            connection.exec_driver_sql("SET LOCAL check_function_bodies = off")
        for one in needed if on_postgresql else ():
            with suppress(DBAPIError), connection.begin_nested():
                connection.exec_driver_sql(one.create, execution_options={"no_parameters": True})
        make_mapped(connection, metadata)


def _with_unmapped_code(
    mapping: StoredCode, head: StoredCode, borrowed: frozenset[str], kinds: frozenset[str]
) -> StoredCode:
    """What the mapping makes, and what only the migrations make: of a kind of which the mapping has none."""
    told = {one.kind for label, one in mapping.items() if label not in borrowed} | kinds
    unmapped = {label: one for label, one in head.items() if one.kind not in told and label not in mapping}
    return {**mapping, **unmapped}


@dataclass(frozen=True, slots=True)
class Places:
    """Where throwaway databases are made: those of PostgreSQL on `server`, SQLite's files in `directory`.

    Attributes:
        search_path: What is set in those of PostgreSQL; None for the usual one.
    """

    server: RunningPostgres | None
    directory: Path
    search_path: str | None = None

    def create(self, dialect: str, purpose: str, template: URL | None = None) -> URL:
        """A new database, a copy of `template` if one is given; its name begins with `purpose`."""
        name = f"{purpose}_{uuid4().hex}"
        if self.server is not None and dialect == "postgresql":
            made = self.server.create_database(name, template.database if template is not None else None)
            if self.search_path is not None:
                # Of the database, so that each connection to it finds what env.py does on its own.
                with engine_of(made).begin() as connection:
                    connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET search_path = {self.search_path}')
            return made
        url = URL.create("sqlite", database=str(self.directory / f"{name}.db"))
        if template is not None and Path(str(template.database)).exists():
            shutil.copy(str(template.database), str(url.database))
        return url

    def drop(self, url: URL) -> None:
        """Drop a database; SQLite's file goes with the directory."""
        if self.server is not None and url.get_backend_name() == "postgresql":
            self.server.drop_database(str(url.database))


@contextmanager
def throwaway_places(
    project: SchemaProject, dialects: Collection[str], server: RunningPostgres | None
) -> Iterator[Places]:
    """Places for databases of these dialects; a server that is needed and not given is stopped at the end."""
    with ExitStack() as stack:
        if server is None and "postgresql" in dialects:
            started = stack.enter_context(PostgresServer(preferred_installation(project.postgres_bindir)))
            server = replace(started, admin=started.admin.update_query_dict(ON_THIS_MACHINE))
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="rehearsal-")))
        yield Places(server, directory, project.environment.search_path)


def engine_of(url: URL) -> Engine:
    """An engine for the database at `url`, as migrations use it."""
    return sqlite_engine(url) if url.get_backend_name() == "sqlite" else postgresql_engine(url)
