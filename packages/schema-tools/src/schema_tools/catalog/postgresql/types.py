"""Types: enums, domains, composite types; and the extensions, which bring types of their own."""

from typing import Any, Final

from sqlalchemy import Row

from schema_tools.catalog.objects import CatalogObject
from schema_tools.catalog.postgresql.found import Aspect, Source, catalog_object, clauses

_ENUMS: Final = """
SELECT t.oid, t.oid::regtype::text AS name, obj_description(t.oid, 'pg_type') AS comment,
       (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
        FROM pg_enum e WHERE e.enumtypid = t.oid) AS labels
FROM pg_type t WHERE t.typnamespace = :namespace AND t.typtype = 'e'
"""

# Without the row types of tables.
_COMPOSITES: Final = """
SELECT t.oid, t.oid::regtype::text AS name, c.oid AS relation, obj_description(t.oid, 'pg_type') AS comment,
       (SELECT string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
                 CASE WHEN a.attcollation <> base.typcollation
                 THEN 'COLLATE ' || a.attcollation::regcollation::text END), ', ' ORDER BY a.attnum)
        FROM pg_attribute a JOIN pg_type base ON base.oid = a.atttypid
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS attributes
FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid AND c.relkind = 'c' WHERE t.typnamespace = :namespace
"""

_DOMAINS: Final = """
SELECT t.oid, t.oid::regtype::text AS name, format_type(t.typbasetype, t.typtypmod) AS base, t.typnotnull AS not_null,
       t.typdefault AS "default", obj_description(t.oid, 'pg_type') AS comment,
       CASE WHEN t.typcollation <> base.typcollation THEN t.typcollation::regcollation::text END AS collation
FROM pg_type t JOIN pg_type base ON base.oid = t.typbasetype WHERE t.typnamespace = :namespace AND t.typtype = 'd'
"""

# They belong to the database, and are in no schema.
_EXTENSIONS: Final = "SELECT oid, quote_ident(extname) AS name, NULL AS comment FROM pg_extension"


def _extension(row: Row[Any]) -> CatalogObject:
    target = f"EXTENSION {row.name}"
    return catalog_object(row, "extension", target, f"CREATE {target}", {})


def _enum(row: Row[Any]) -> CatalogObject:
    create = f"CREATE TYPE {row.name} AS ENUM ({row.labels or ''})"
    return catalog_object(row, "enum", f"TYPE {row.name}", create, {"labels": row.labels})


def _composite(row: Row[Any]) -> CatalogObject:
    create = f"CREATE TYPE {row.name} AS ({row.attributes or ''})"
    return catalog_object(row, "composite type", f"TYPE {row.name}", create, {"attributes": row.attributes})


def _domain(row: Row[Any]) -> CatalogObject:
    target = f"DOMAIN {row.name}"
    default = "DROP DEFAULT" if row.default is None else f"SET DEFAULT {row.default}"
    aspects = {
        "type": row.base,
        "collation": row.collation,
        "not null": Aspect(row.not_null, f"ALTER {target} {'SET' if row.not_null else 'DROP'} NOT NULL"),
        "default": Aspect(row.default, f"ALTER {target} {default}"),
    }
    options = clauses(("COLLATE {}", row.collation), ("DEFAULT {}", row.default), ("NOT NULL", row.not_null))
    return catalog_object(row, "domain", target, f"CREATE {target} AS {row.base}{options}", aspects)


TYPES: Final = (
    Source("pg_extension", _EXTENSIONS, _extension),
    Source("pg_type", _ENUMS, _enum),
    Source("pg_type", _COMPOSITES, _composite, {"relation": "pg_class"}),
    Source("pg_type", _DOMAINS, _domain),
)
