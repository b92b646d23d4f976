"""Reading a schema of a PostgreSQL database."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, text

from schema_tools.catalog.objects import Catalog
from schema_tools.catalog.postgresql.attached import ATTACHED
from schema_tools.catalog.postgresql.columns import COLUMNS, SEQUENCES
from schema_tools.catalog.postgresql.constraints import CONSTRAINTS
from schema_tools.catalog.postgresql.found import Found, Source
from schema_tools.catalog.postgresql.needs import in_order
from schema_tools.catalog.postgresql.tables import VIEWS, tables
from schema_tools.catalog.postgresql.types import TYPES
from schema_tools.errors import SchemaToolsError

_SCHEMA: Final = """
SELECT n.oid, n.nspname AS name,
       concat_ws(', ', quote_ident(n.nspname), (
         SELECT string_agg(DISTINCT quote_ident(e.nspname), ', ') FROM pg_extension x
         JOIN pg_namespace e ON e.oid = x.extnamespace WHERE e.nspname NOT IN ('pg_catalog', n.nspname)
       )) AS path
FROM pg_namespace n WHERE n.nspname = coalesce(CAST(:schema AS text), current_schema())
"""

# What is read is worded by these, so they are the same for everything that is compared.
_WORDING: Final = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "quote_all_identifiers": "off",
}

_OF_EXTENSIONS: Final = "SELECT classid::regclass::text, objid FROM pg_depend WHERE deptype = 'e'"

_SET: Final = """
SELECT name, current_setting(name) AS before, set_config(name, value, false)
FROM json_each_text(CAST(:settings AS json)) AS wanted(name, value)
"""


def read_postgresql(connection: Connection, schema: str | None, leave_out: frozenset[str]) -> Catalog:
    """The objects of a schema, worded without its name: about twenty queries, however many tables it has.

    Left out are the objects of extensions, of the tables named by `leave_out`, and everything internal: TOAST, the
    indexes and triggers of constraints, the sequences of identities, and what partitions have from their parents.

    Raises:
        SchemaToolsError: There is no such schema.
    """
    with as_read(connection, schema) as namespace:
        columns = list(_found(connection, namespace, COLUMNS))
        others = (*TYPES, SEQUENCES, tables(columns), *CONSTRAINTS, VIEWS, *ATTACHED)
        objects = [*columns, *(one for source in others for one in _found(connection, namespace, source))]
        foreign = {tuple(row) for row in connection.execute(text(_OF_EXTENSIONS))}
        kept = [one for one in objects if one.address[:2] not in foreign and one.object.name not in leave_out]
        owners = {one.object.name for one in kept if one.object.table is None} | {None}
        return in_order(connection, [one for one in kept if one.object.table in owners])


@contextmanager
def as_read(connection: Connection, schema: str | None) -> Iterator[int]:
    """The settings with which the texts of a catalog are worded, and so are understood; gives the schema's identifier.

    Raises:
        SchemaToolsError: There is no such schema.
    """
    found = connection.execute(text(_SCHEMA), {"schema": schema}).one_or_none()
    if found is None:
        where = f"the schema {schema}" if schema else "a schema: its search_path names none that exists"
        raise SchemaToolsError(f"the database does not have {where}")
    with _settings(connection, {**_WORDING, "search_path": found.path}):
        yield found.oid


def _found(connection: Connection, namespace: int, source: Source) -> Iterator[Found]:
    for row in connection.execute(text(source.query), {"namespace": namespace}).all():
        others = ((catalog, getattr(row, column), 0) for column, catalog in source.aliases.items())
        aliases = [other for other in others if other[1] is not None]
        yield Found((source.catalog, row.oid, getattr(row, "attnum", 0)), source.object_of(row), aliases)


def search_path(connection: Connection, schema: str) -> str:
    """The `search_path` on which names of `schema`, and of extensions, need no schema before them."""
    path: str = connection.execute(text(_SCHEMA), {"schema": schema}).one().path
    return path


@contextmanager
def _settings(connection: Connection, settings: dict[str, str]) -> Iterator[None]:
    """Other settings while the context lasts; a failure ends the transaction, which sets them back as well."""
    before = {row.name: row.before for row in connection.execute(text(_SET), {"settings": json.dumps(settings)})}
    yield
    connection.execute(text(_SET), {"settings": json.dumps(before)})
