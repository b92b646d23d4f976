"""Reading schemas of a PostgreSQL database."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, text

from schema_tools.catalog.objects import Catalog
from schema_tools.catalog.postgresql.attached import ATTACHED
from schema_tools.catalog.postgresql.columns import COLUMNS, SEQUENCES
from schema_tools.catalog.postgresql.constraints import CONSTRAINTS
from schema_tools.catalog.postgresql.found import Address, Found, Source
from schema_tools.catalog.postgresql.needs import in_order
from schema_tools.catalog.postgresql.tables import VIEWS, tables
from schema_tools.catalog.postgresql.types import TYPES
from schema_tools.errors import SchemaToolsError

_SCHEMA: Final = """
SELECT n.oid, quote_ident(n.nspname) AS quoted,
       concat_ws(', ', quote_ident(n.nspname), (
         SELECT string_agg(DISTINCT quote_ident(e.nspname), ', ') FROM pg_extension x
         JOIN pg_namespace e ON e.oid = x.extnamespace WHERE e.nspname NOT IN ('pg_catalog', n.nspname)
       )) AS path
FROM pg_namespace n WHERE n.nspname = CAST(:schema AS text)
"""

# What is read is worded by these, so they are the same for everything that is compared.
_WORDING: Final = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "quote_all_identifiers": "off",
    "standard_conforming_strings": "on",
}

# A rehearsal reads the catalog after each step, which changes little. So the last row of an address is kept, by query,
# and what it makes: an equal row makes the same, also one of another database.
_kept: Final[dict[str, dict[Address, tuple[tuple[Any, ...], Found]]]] = {}

_OF_EXTENSIONS: Final = "SELECT classid::regclass::text, objid FROM pg_depend WHERE deptype = 'e'"

_SET: Final = """
SELECT name, current_setting(name) AS before, set_config(name, value, false)
FROM json_each_text(CAST(:settings AS json)) AS wanted(name, value)
"""


def read_postgresql(
    connection: Connection, schemas: Sequence[str | None], leave_out: frozenset[str], *, absent: bool = False
) -> Catalog:
    """The objects of schemas, worded without the name of a single one: about twenty queries for each of them.

    Left out are the objects of extensions, of the tables named by `leave_out`, and everything internal: TOAST, the
    indexes and triggers of constraints, the sequences of identities, and what partitions have from their parents.

    Raises:
        SchemaToolsError: There is no such schema, and it may not be `absent`.
    """
    with as_read(connection, schemas, absent=absent) as places:
        objects = [one for place in places for one in _of_schema(connection, place)]
        foreign = {tuple(row) for row in connection.execute(text(_OF_EXTENSIONS))}
        internal = {place.prefix + name for place in places for name in leave_out}
        kept = [one for one in objects if one.address[:2] not in foreign and one.object.name not in internal]
        owners = {one.object.name for one in kept if one.object.table is None} | {None}
        return in_order(connection, [one for one in kept if one.object.table in owners])


class Place(NamedTuple):
    """A schema: its identifier, and what stands before the names of its objects, such as `sales.`, or nothing."""

    namespace: int
    prefix: str


@contextmanager
def as_read(connection: Connection, schemas: Sequence[str | None], *, absent: bool = False) -> Iterator[list[Place]]:
    """The settings with which the texts of a catalog are worded, and so are understood; gives the schemas.

    Where there are several, the search path is empty, so that every name has its schema before it.

    Raises:
        SchemaToolsError: There is no such schema, and it may not be `absent`.
    """
    asked = dict.fromkeys(name or connection.scalar(text("SELECT current_schema()")) for name in schemas or (None,))
    rows = {name: connection.execute(text(_SCHEMA), {"schema": name}).one_or_none() for name in asked}
    for name, row in rows.items():
        if row is None and not absent:
            where = f"the schema {name}" if name else "a schema: its search_path names none that exists"
            raise SchemaToolsError(f"the database does not have {where}")
    there = [row for row in rows.values() if row is not None]
    several = len(asked) > 1
    path = "" if several or not there else there[0].path
    with _settings(connection, {**_WORDING, "search_path": path}):
        yield [Place(row.oid, f"{row.quoted}." if several else "") for row in there]


def _of_schema(connection: Connection, place: Place) -> list[Found]:
    columns = list(_found(connection, place, COLUMNS))
    others = (*TYPES, SEQUENCES, tables(columns), *CONSTRAINTS, VIEWS, *ATTACHED)
    return [*columns, *(one for source in others for one in _found(connection, place, source))]


def _found(connection: Connection, place: Place, source: Source) -> Iterator[Found]:
    known = _kept.setdefault(source.query, {}) if source.of_row_alone else {}
    for row in connection.execute(text(source.query), place._asdict()):
        address, values = (source.catalog, row.oid, getattr(row, "attnum", 0)), tuple(row)
        before = known.get(address)
        if before is None or before[0] != values:
            others = ((catalog, getattr(row, column), 0) for column, catalog in source.aliases.items())
            found = Found(address, source.object_of(row), [other for other in others if other[1] is not None])
            before = known[address] = values, found
        yield before[1]


def search_path(connection: Connection, schema: str) -> str:
    """The `search_path` on which names of `schema`, and of extensions, need no schema before them."""
    path: str = connection.execute(text(_SCHEMA), {"schema": schema}).one().path
    return path


@contextmanager
def _settings(connection: Connection, settings: dict[str, str]) -> Iterator[None]:
    """Other settings while the context lasts; a failure ends the transaction, which sets them back as well."""
    before = {
        row.name: row.before
        for row in connection.execute(text(_SET), {"settings": json.dumps(settings, ensure_ascii=False)})
    }
    yield
    connection.execute(text(_SET), {"settings": json.dumps(before, ensure_ascii=False)})
