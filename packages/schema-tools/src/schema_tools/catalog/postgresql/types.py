"""Types: enums, domains with their constraints, composite types; and the extensions, which bring types of their own."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from schema_tools.catalog.objects import CatalogObject
from schema_tools.catalog.postgresql.found import Found, catalog_object

_ENUMS: Final = """
SELECT t.oid, t.oid::regtype::text AS name, de.description AS comment,
       (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
        FROM pg_enum e WHERE e.enumtypid = t.oid) AS labels
FROM pg_type t
LEFT JOIN pg_description de ON de.classoid = 'pg_type'::regclass AND de.objoid = t.oid
WHERE t.typnamespace = :namespace AND t.typtype = 'e' ORDER BY t.typname
"""

_COMPOSITES: Final = """
SELECT t.oid, t.oid::regtype::text AS name, c.oid AS relation, de.description AS comment,
       (SELECT string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
                 CASE WHEN a.attcollation <> base.typcollation
                 THEN 'COLLATE ' || a.attcollation::regcollation::text END), ', ' ORDER BY a.attnum)
        FROM pg_attribute a JOIN pg_type base ON base.oid = a.atttypid
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS attributes
FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid AND c.relkind = 'c'
LEFT JOIN pg_description de ON de.classoid = 'pg_type'::regclass AND de.objoid = t.oid
WHERE t.typnamespace = :namespace ORDER BY t.typname
"""

_DOMAINS: Final = """
SELECT t.oid, t.oid::regtype::text AS name, format_type(t.typbasetype, t.typtypmod) AS base, t.typnotnull AS not_null,
       t.typdefault AS "default", de.description AS comment,
       CASE WHEN t.typcollation <> base.typcollation THEN t.typcollation::regcollation::text END AS collation
FROM pg_type t JOIN pg_type base ON base.oid = t.typbasetype
LEFT JOIN pg_description de ON de.classoid = 'pg_type'::regclass AND de.objoid = t.oid
WHERE t.typnamespace = :namespace AND t.typtype = 'd' ORDER BY t.typname
"""

_DOMAIN_CHECKS: Final = """
SELECT c.oid, t.oid::regtype::text AS "table", quote_ident(c.conname) AS name, c.convalidated AS valid,
       regexp_replace(pg_get_constraintdef(c.oid), ' NOT VALID$', '') AS definition, de.description AS comment
FROM pg_constraint c JOIN pg_type t ON t.oid = c.contypid
LEFT JOIN pg_description de ON de.classoid = 'pg_constraint'::regclass AND de.objoid = c.oid
WHERE t.typnamespace = :namespace AND c.contype = 'c' ORDER BY t.typname, c.conname
"""

_EXTENSIONS: Final = "SELECT oid, quote_ident(extname) AS name FROM pg_extension ORDER BY extname"


def extensions(connection: Connection) -> Iterator[Found]:
    """The extensions of the database, which are of no schema."""
    for row in connection.execute(text(_EXTENSIONS)).all():
        yield Found(
            ("pg_extension", row.oid, 0),
            CatalogObject(
                kind="extension",
                name=row.name,
                table=None,
                aspects={},
                create=f"CREATE EXTENSION {row.name}",
                drop=f"DROP EXTENSION {row.name}",
            ),
        )


def enums(connection: Connection, namespace: int) -> Iterator[Found]:
    """The enums of a schema, with their labels in order."""
    for row in connection.execute(text(_ENUMS), {"namespace": namespace}).all():
        yield Found(("pg_type", row.oid, 0), _type(row, "enum", "labels", row.labels, f"AS ENUM ({row.labels or ''})"))


def composites(connection: Connection, namespace: int) -> Iterator[Found]:
    """The composite types of a schema, without the row types of its tables."""
    for row in connection.execute(text(_COMPOSITES), {"namespace": namespace}).all():
        made = _type(row, "composite type", "attributes", row.attributes, f"AS ({row.attributes or ''})")
        yield Found(("pg_type", row.oid, 0), made, aliases=(("pg_class", row.relation, 0),))


def domains(connection: Connection, namespace: int) -> Iterator[Found]:
    """The domains of a schema, and their checks."""
    for row in connection.execute(text(_DOMAINS), {"namespace": namespace}).all():
        yield Found(("pg_type", row.oid, 0), _domain(row))
    for row in connection.execute(text(_DOMAIN_CHECKS), {"namespace": namespace}).all():
        yield Found(("pg_constraint", row.oid, 0), _domain_check(row))


def _type(row: Row[Any], kind: str, aspect: str, value: str | None, clause: str) -> CatalogObject:
    target = f"TYPE {row.name}"
    return catalog_object(kind, target, row, f"CREATE {target} {clause}", aspects={aspect: value})


def _domain(row: Row[Any]) -> CatalogObject:
    this = f"ALTER DOMAIN {row.name}"
    target = f"DOMAIN {row.name}"
    collation = f" COLLATE {row.collation}" if row.collation else ""
    default = f" DEFAULT {row.default}" if row.default is not None else ""
    return catalog_object(
        "domain",
        target,
        row,
        f"CREATE {target} AS {row.base}{collation}{default}{' NOT NULL' if row.not_null else ''}",
        aspects={
            "type": row.base,
            "collation": row.collation,
            "not null": row.not_null,
            "default": row.default,
        },
        alter={
            "not null": f"{this} {'SET' if row.not_null else 'DROP'} NOT NULL",
            "default": f"{this} DROP DEFAULT" if row.default is None else f"{this} SET DEFAULT {row.default}",
        },
    )


def _domain_check(row: Row[Any]) -> CatalogObject:
    this = f"ALTER DOMAIN {row.table}"
    return catalog_object(
        "domain constraint",
        f"CONSTRAINT {row.name} ON DOMAIN {row.table}",
        row,
        f"{this} ADD CONSTRAINT {row.name} {row.definition}{'' if row.valid else ' NOT VALID'}",
        aspects={"definition": row.definition, "validity": "valid" if row.valid else "not valid"},
        alter={"validity": f"{this} VALIDATE CONSTRAINT {row.name}"} if row.valid else {},
        of_table=True,
        drop=f"{this} DROP CONSTRAINT {row.name}",
    )
