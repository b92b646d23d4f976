"""Partitions that no mapping makes: they come and go while a database is used, and are no difference."""

from typing import Final

from sqlalchemy import Connection, text

from schema_tools.catalog.objects import Catalog

_NAMES: Final = """
SELECT nullif(n.nspname, current_schema()), c.relname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relispartition AND c.relkind IN ('r', 'p', 'f')
"""


def without_partitions(expected: Catalog, found: Catalog) -> Catalog:
    """What was found without partitions and what belongs to them; all of it where a partition is expected.

    Args:
        expected: What the mapping makes.
        found: What there is.
    """
    if _partitions(expected):
        return found
    out = _partitions(found)
    return {label: one for label, one in found.items() if one.name not in out and one.table not in out}


def unmapped_partitions(connection: Connection, tables: frozenset[str]) -> frozenset[tuple[str | None, str]]:
    """The partitions of a database that are none of `tables`, by the schema, None for the default one, and the name."""
    if connection.dialect.name != "postgresql":
        return frozenset()
    found = {(schema, name) for schema, name in connection.execute(text(_NAMES))}
    return frozenset(one for one in found if ".".join(filter(None, one)) not in tables)


def _partitions(catalog: Catalog) -> frozenset[str]:
    return frozenset(one.name for one in catalog.values() if one.kind == "table" and one.aspects.get("partition"))
