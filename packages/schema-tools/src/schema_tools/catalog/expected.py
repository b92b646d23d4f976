"""What is expected of a live database: what the mapping makes, and beside it what only the migrations make."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, MetaData, event, text
from sqlalchemy.exc import DBAPIError

from schema_tools.catalog.mapped import make_mapped, mapped_schemas
from schema_tools.catalog.objects import Catalog
from schema_tools.catalog.postgresql.reader import search_path
from schema_tools.catalog.reading import read_catalog
from schema_tools.catalog.unmapped import has_unmapped, unmapped_kinds, with_unmapped
from schema_tools.errors import SchemaToolsError
from schema_tools.migrations.scripts import script_directory, versions_of
from schema_tools.migrations.unmapped_words import may_make
from schema_tools.project import SchemaProject

# What a text or the body of a function says is not executed when it is made; a block is executed at once.
_BLOCK: Final = re.compile(r"\s*DO\b", re.IGNORECASE)
_LITERALS: Final = re.compile(r"'(?:[^']|'')*'|(\$\w*\$).*?\1", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Made:
    """What a mapping makes; `borrowed` are the labels of what is there only because the mapping needs it."""

    catalog: Catalog
    borrowed: frozenset[str] = frozenset()


class _NamesSchema(Exception):
    """DDL of the mapping names a schema, and would be executed on what is live."""


def compared_schemas(metadata: MetaData) -> tuple[str | None, ...]:
    """The one schema that the mapping has everything in, or else all that it names, and the default one."""
    named = mapped_schemas(metadata)
    return named if len(named) == 1 else tuple(dict.fromkeys((None, *named)))


def mapping_beside(connection: Connection, project: SchemaProject, schemas: Sequence[str | None]) -> Made:
    """What the mapping makes: in scratch schemas beside the live ones, in a transaction that is rolled back.

    Where it cannot be made so, because its DDL names a schema or because it needs a function of the migrations, it is
    made on a throwaway server.

    Raises:
        sqlalchemy.exc.DBAPIError: The mapping cannot be made.
        SchemaToolsError: The mapping cannot be worded, or there is no throwaway server for one that needs it.
    """
    default = str(connection.scalar(text("SELECT current_schema()")))
    connection.rollback()
    scratch = {name: f"drift_{uuid4().hex}" for name in dict.fromkeys(one or default for one in schemas)}
    try:
        catalog = _in_scratch_schemas(connection, project.metadata, schemas, scratch)
    except _NamesSchema:
        return _on_throwaway_server(project, schemas)
    except DBAPIError as refused:
        connection.rollback()
        try:
            return _on_throwaway_server(project, schemas)
        except Exception:  # noqa: BLE001 -- env.py and revisions may raise anything; the first error says more
            raise refused from None
    return Made(catalog if len(scratch) == 1 else _renamed(connection, catalog, scratch))


def _in_scratch_schemas(
    connection: Connection, metadata: MetaData, schemas: Sequence[str | None], scratch: Mapping[str, str]
) -> Catalog:
    named = [name for name in schemas if name]
    with connection.begin() as transaction, _refusing(connection, named):
        for name in scratch.values():
            connection.execute(text(f"CREATE SCHEMA {name}"))
        # What is in no schema, and DDL of the mapping, goes to the first.
        path = search_path(connection, next(iter(scratch.values())))
        connection.execute(text("SELECT set_config('search_path', :path, true)"), {"path": path})
        connection.execution_options(schema_translate_map={name: scratch[name] for name in named})
        try:
            make_mapped(connection, metadata)
        finally:
            connection.execution_options(schema_translate_map={})
        catalog = read_catalog(connection, *scratch.values())
        transaction.rollback()
    return catalog


@contextmanager
def _refusing(connection: Connection, schemas: Sequence[str]) -> Iterator[None]:
    """Refuse statements that name one of the schemas, which is live, while the context lasts."""
    if not schemas:
        yield
        return
    names = "|".join(map(re.escape, schemas))
    pattern = re.compile(rf'(?<![\w"])(?:{names}|"(?:{names})")\s*\.')

    def refuse(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not pattern.search(statement):
            return
        if _BLOCK.match(statement) or pattern.search(_LITERALS.sub("", statement)):
            raise _NamesSchema

    event.listen(connection, "before_cursor_execute", refuse)
    try:
        yield
    finally:
        event.remove(connection, "before_cursor_execute", refuse)


def _on_throwaway_server(project: SchemaProject, schemas: Sequence[str | None]) -> Made:
    from schema_tools.rehearsal.scratch import scratch_pairs  # noqa: PLC0415 -- it is seldom needed

    with scratch_pairs(replace(project, databases=("postgresql",))) as pairs:
        mapping = pairs["postgresql"].mapping
        with mapping.engine().connect() as connection:
            return Made(read_catalog(connection, *schemas, absent=True), mapping.borrowed)


def _renamed(connection: Connection, catalog: Catalog, scratch: Mapping[str, str]) -> Catalog:
    """The catalog with the schemas of the mapping in place of the scratch schemas, whose names occur nowhere else."""
    quote = connection.dialect.identifier_preparer.quote
    names = {made: quote(name) for name, made in scratch.items()}
    pattern = re.compile("|".join(names))

    def back(value: Any) -> Any:
        match value:
            case str():
                return pattern.sub(lambda found: names[found[0]], value)
            case Mapping():
                return {key: back(one) for key, one in value.items()}
            case frozenset():
                return frozenset(map(back, value))
        return value

    renamed = (
        replace(one, **{part.name: back(getattr(one, part.name)) for part in fields(one)}) for one in catalog.values()
    )
    return {one.label: one for one in renamed}


def with_migrations(
    connection: Connection, project: SchemaProject, mapping: Made, live: Catalog, say: Callable[[str], None]
) -> Catalog:
    """What the mapping makes, with what no mapping can tell as the migrations make it, where there is such a thing.

    Args:
        connection: To the live database.
        project: The migrations.
        mapping: What the mapping makes.
        live: What there is.
        say: Takes a sentence on what cannot be compared.
    """
    kinds = project.mapped_kinds
    there = has_unmapped(mapping.catalog, live, kinds=kinds, borrowed=mapping.borrowed)
    if not there and not _may_be_made(project, unmapped_kinds(mapping.catalog, kinds=kinds, borrowed=mapping.borrowed)):
        return mapping.catalog
    from schema_tools.rehearsal.scratch import made_by_migrations  # noqa: PLC0415 -- it is seldom needed

    try:
        with made_by_migrations(project, connection.dialect.name) as made:
            head = read_catalog(made, *compared_schemas(project.metadata), absent=True)
            same_words = _release(made) == _release(connection)
    except Exception as error:  # noqa: BLE001 -- env.py and revisions may raise anything
        what = str(error) if isinstance(error, SchemaToolsError) else f"{type(error).__name__}: {error}"
        say(f"triggers, functions, views and the like, which only the migrations make: {' '.join(what.split())}")
        return with_unmapped(mapping.catalog, live, kinds=kinds, borrowed=mapping.borrowed)
    expected = with_unmapped(mapping.catalog, head, kinds=kinds, borrowed=mapping.borrowed)
    if same_words:
        return expected
    # Another release of PostgreSQL words them otherwise, so only whether they are there can be told.
    say("definitions of triggers, functions, views and the like: the throwaway server is of another release")
    only = [label for label in expected if label not in mapping.catalog and label in live]
    return {**expected, **{label: live[label] for label in only}}


def _may_be_made(project: SchemaProject, kinds: frozenset[str]) -> bool:
    """Whether the migrations may make something of these kinds, all of which a live database may have lost."""
    return project.baseline is not None or may_make(versions_of(script_directory(project)), kinds)


def _release(connection: Connection) -> int | str:
    return (connection.dialect.server_version_info or (0,))[0]
