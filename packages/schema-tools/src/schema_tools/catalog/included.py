"""What the `env.py` of a project leaves out of comparisons: its `include_name` and `include_object`."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Column, Connection, ForeignKeyConstraint, Index, MetaData, Table, UniqueConstraint
from sqlalchemy.types import NullType

from schema_tools.catalog.objects import Catalog, CatalogObject
from schema_tools.catalog.statements import unquoted
from schema_tools.errors import SchemaToolsError
from schema_tools.foreign_connections import only
from schema_tools.migrations.log import name_in
from schema_tools.project import SchemaProject

# How Alembic calls the kinds of objects that it asks about:
# https://alembic.sqlalchemy.org/en/latest/api/runtime.html#alembic.runtime.environment.EnvironmentContext.configure
_KINDS: Final[Mapping[str, str]] = {
    "table": "table",
    "column": "column",
    "index": "index",
    "unique constraint": "unique_constraint",
    "foreign key": "foreign_key_constraint",
}
_NAME: Final = re.compile(r'"(?:[^"]|"")*"|[^."]+')


def included(project: SchemaProject, expected: Catalog, found: Catalog) -> tuple[Catalog, Catalog]:
    """Both catalogs without what `env.py` leaves out, and without what belongs to a table that it leaves out.

    Args:
        project: The mapping, and what `env.py` says.
        expected: What the mapping makes.
        found: What there is.

    Raises:
        SchemaToolsError: `include_name` or `include_object` fails.
    """
    environment = project.environment
    if environment.include_name is None and environment.include_object is None:
        return expected, found
    both = {**found, **expected}
    out = {
        label
        for label, one in both.items()
        if one.kind in _KINDS and _leaves_out(project, one, both, is_there=label in found)
    }
    tables = {one.name for label, one in both.items() if one.kind == "table" and label in out}

    def kept(catalog: Catalog) -> Catalog:
        return {label: one for label, one in catalog.items() if label not in out and one.table not in tables}

    return kept(expected), kept(found)


def without_records(project: SchemaProject, connection: Connection, live: Catalog) -> Catalog:
    """What a live database has, without the tables in which migrations are recorded, by the names that they have there.

    Args:
        project: What `env.py` says.
        connection: To the database.
        live: What it has.
    """
    kept = project.environment
    records = {kept.version_table, name_in(connection, kept.log_table) or kept.log_table}
    if kept.version_table_schema is not None:
        records.add(f"{kept.version_table_schema}.{kept.version_table}")
    default = connection.dialect.default_schema_name
    records |= {f"{default}.{name}" for name in records if "." not in name}

    def is_record(one: CatalogObject) -> bool:
        return ".".join(in_parts(one.table or one.name)) in records

    return {label: one for label, one in live.items() if not is_record(one)}


def in_parts(name: str) -> list[str]:
    """The parts of a name as the catalog writes it, such as the schema and the table, without their quotes."""
    return [unquoted(one) for one in _NAME.findall(name)]


def _leaves_out(project: SchemaProject, one: CatalogObject, catalog: Catalog, *, is_there: bool) -> bool:
    """Whether `env.py` leaves an object out."""
    environment, kind = project.environment, _KINDS[one.kind]
    *schemas, name = in_parts(one.table or one.name)
    schema = schemas[-1] if schemas else ""
    table = project.metadata.tables.get(f"{schema}.{name}" if schema else name)
    mapped = _part(table, one) if table is not None else None
    own_name = name if one.kind == "table" else unquoted(one.own_name)
    if mapped is None and is_there and environment.include_name is not None:
        parents = {"schema_name": schema or None}
        if one.kind != "table":
            parents["table_name"] = name
        parents["schema_qualified_table_name"] = f"{schema}.{name}" if schema else name
        if not _answer(environment.include_name, one, own_name, kind, parents):
            return True
    if environment.include_object is None:
        return False
    asked = mapped if mapped is not None else _part(_reflected(name, schema, one, catalog), one)
    return not _answer(environment.include_object, one, asked, own_name, kind, mapped is None, None)


def _answer(ask: Callable[..., bool], one: CatalogObject, *arguments: Any) -> bool:
    try:
        with only(None, advice="decide by what it is given"):
            return bool(ask(*arguments))
    except Exception as error:
        raise SchemaToolsError(
            f"{ask.__name__} of env.py fails for {one.label}: {type(error).__name__}: {error}"
        ) from error


def _reflected(name: str, schema: str, one: CatalogObject, catalog: Catalog) -> Table:
    """A table that is not mapped, with its columns by name, as far as `one` is concerned."""
    owner = one.table or one.name
    columns = [Column(unquoted(each.own_name), NullType()) for each in _columns(owner, catalog)]
    table = Table(name, MetaData(), *columns, schema=schema or None)
    own_name = unquoted(one.own_name)
    match one.kind:
        case "column" if own_name not in table.columns:
            table.append_column(Column(own_name, NullType()))
        case "index":
            Index(own_name, *table.columns)
        case "unique constraint":
            table.append_constraint(UniqueConstraint(*table.columns, name=own_name))
        case "foreign key":
            names = [column.name for column in table.columns]
            table.append_constraint(ForeignKeyConstraint(names, [f"{name}.{each}" for each in names], name=own_name))
    return table


def _columns(table: str, catalog: Catalog) -> Iterator[CatalogObject]:
    return (one for one in catalog.values() if one.kind == "column" and one.table == table)


def _part(table: Table, one: CatalogObject) -> Any:
    """The part of a table that an object of the catalog is; None where it has none of that name."""
    name = unquoted(one.own_name)
    match one.kind:
        case "table":
            return table
        case "column":
            return table.columns.get(name)
        case "index":
            return next((each for each in table.indexes if each.name == name), None)
        case _:
            return next((each for each in table.constraints if each.name == name), None)
