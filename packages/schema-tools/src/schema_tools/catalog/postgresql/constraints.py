"""Constraints of tables and of domains, those with an index together with it; and the other indexes."""

import re
from typing import Any, Final

from sqlalchemy import Row

from schema_tools.catalog.objects import CatalogObject
from schema_tools.catalog.postgresql.found import Aspect, Source, catalog_object, parameters, tablespace
from schema_tools.catalog.statements import joined

# What a partition has from its parent is the parent's. NOT NULL is the column's.
_CONSTRAINTS: Final = """
SELECT c.oid, quote_ident(c.conname) AS name, CASE WHEN c.conrelid = 0 THEN 'd' ELSE c.contype::text END AS type,
       CASE WHEN c.conrelid = 0 THEN c.contypid::regtype::text ELSE c.conrelid::regclass::text END AS "table",
       pg_get_constraintdef(c.oid) AS definition, c.convalidated,
       CASE WHEN c.contype IN ('p', 'u', 'x') THEN k.oid END AS index_oid, quote_ident(k.relname) AS index_name,
       k.oid::regclass::text AS index_path,
       (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(k.reloptions) AS o) AS options,
       i.indisclustered AS clustered, i.indisreplident AS replica_identity, i.indisvalid AS index_valid,
       ts.spcname AS tablespace, de.description AS comment,
       (SELECT string_agg(DISTINCT t.tgenabled::text, '') FROM pg_trigger t
        WHERE t.tgconstraint = c.oid AND t.tgisinternal) AS enforcement
FROM pg_constraint c
LEFT JOIN pg_index i ON i.indexrelid = c.conindid AND c.contype IN ('p', 'u', 'x')
LEFT JOIN pg_class k ON k.oid = i.indexrelid
LEFT JOIN pg_tablespace ts ON ts.oid = k.reltablespace
LEFT JOIN pg_description de ON de.classoid = 'pg_constraint'::regclass AND de.objoid = c.oid
WHERE c.connamespace = :namespace AND c.contype IN ('c', 'f', 'p', 'u', 'x')
  AND c.conparentid = 0 AND (c.coninhcount = 0 OR c.conislocal)
"""

# What a partition has from its parent is the parent's. The definition always names the schema, so what comes before
# the method is taken off it.
_INDEXES: Final = """
SELECT c.oid, quote_ident(c.relname) AS name, quote_ident(c.relname) AS index_name,
       c.oid::regclass::text AS index_path, r.oid::regclass::text AS "table",
       i.indisunique AS unique, split_part(definition.full, definition.head, 2) AS rest,
       i.indisvalid AND i.indisready AND i.indislive AS valid, i.indisclustered AS clustered,
       i.indisreplident AS replica_identity, ts.spcname AS tablespace, obj_description(c.oid, 'pg_class') AS comment,
       (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(c.reloptions) AS o) AS options
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class r ON r.oid = i.indrelid
LEFT JOIN pg_tablespace ts ON ts.oid = c.reltablespace
CROSS JOIN LATERAL (
  SELECT pg_get_indexdef(c.oid) AS full,
         format('INDEX %I ON %s%s.%I USING ', c.relname, CASE WHEN c.relkind = 'I' THEN 'ONLY ' ELSE '' END,
                r.relnamespace::regnamespace, r.relname) AS head
) AS definition
WHERE r.relnamespace = :namespace AND r.relkind IN ('r', 'p', 'm')
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x'))
  AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = c.oid)
"""

_KINDS: Final = {
    "c": "check constraint",
    "d": "domain constraint",
    "f": "foreign key",
    "p": "primary key",
    "u": "unique constraint",
    "x": "exclusion constraint",
}

# What pg_get_constraintdef adds at the end: decompile_conbin and its callers in PostgreSQL's ruleutils.c.
_ENDING: Final = re.compile(
    r"(?P<deferrable> DEFERRABLE)?(?P<deferred> INITIALLY DEFERRED)?(?: NOT (VALID|ENFORCED))?$"
)
_PARAMETERS: Final = re.compile(r" WITH \((?:\w+=(?:'[^']*'|\w+)(?:, )?)+\)")


def _constraint(row: Row[Any]) -> CatalogObject:
    owner = f"{'DOMAIN' if row.type == 'd' else 'TABLE'} {row.table}"
    this = f"ALTER {owner}"
    ending = _ENDING.search(row.definition)
    assert ending is not None  # noqa: S101 -- everything in it is optional
    deferrability = (
        f"{'DEFERRABLE' if ending['deferrable'] else 'NOT DEFERRABLE'}"
        f" {'INITIALLY DEFERRED' if ending['deferred'] else 'INITIALLY IMMEDIATE'}"
    )
    alter = f"{this} ALTER CONSTRAINT {row.name} {deferrability}" if row.type == "f" else None
    aspects = {
        "definition": row.definition[: ending.start()],
        "validity": _validity(row, f"{this} VALIDATE CONSTRAINT {row.name}"),
        "deferrability": Aspect(None if row.type in "cd" else deferrability, alter),
        # The triggers that enforce it may be disabled.
        "enforcement": None if row.enforcement in {None, "O"} else "triggers disabled or only on a replica",
    }
    if row.index_oid is not None:
        validity = Aspect(None if row.index_valid else "invalid", f"REINDEX INDEX {row.index_path}")
        aspects |= {"index validity": validity, **_of_index(row)}
    return catalog_object(
        row,
        _KINDS[row.type],
        f"CONSTRAINT {row.name} ON {owner.removeprefix('TABLE ')}",
        joined(f"{this} ADD CONSTRAINT {row.name} {row.definition}", _replica_identity(row)),
        aspects,
        drop=f"{this} DROP CONSTRAINT {row.name}",
        rename="" if row.type == "d" else f"{this} RENAME CONSTRAINT {row.name} TO",
    )


def _validity(row: Row[Any], validate: str) -> Aspect:
    if row.definition.endswith(" NOT ENFORCED"):
        return Aspect("not enforced")
    return Aspect("valid", validate) if row.convalidated else Aspect("not valid")


def _index(row: Row[Any]) -> CatalogObject:
    # The parameters are an aspect of their own.
    rest = _PARAMETERS.sub("", row.rest, count=1) if row.options else row.rest
    unique = "UNIQUE " if row.unique else ""
    target = f"INDEX {row.index_path}"
    aspects = {
        "definition": f"{unique}{rest}",
        "validity": Aspect("valid", f"REINDEX {target}") if row.valid else Aspect("invalid"),
        **_of_index(row),
    }
    create = joined(f"CREATE {unique}INDEX {row.name} ON {row.table} USING {rest}", _replica_identity(row))
    return catalog_object(row, "index", target, create, aspects, rename=f"ALTER {target} RENAME TO")


def _of_index(row: Row[Any]) -> dict[str, Aspect]:
    """The aspects of an index, a constraint's or not, that the statement that makes it is without."""
    target = f"INDEX {row.index_path}"
    cluster = f"CLUSTER ON {row.index_name}" if row.clustered else "SET WITHOUT CLUSTER"
    return {
        "storage parameters": parameters(target, row.options, follows=True),
        "clustered": Aspect(row.clustered, f"ALTER TABLE {row.table} {cluster}", follows=True),
        "tablespace": tablespace(target, row.tablespace, follows=True),
    }


def _replica_identity(row: Row[Any]) -> str:
    return f"ALTER TABLE {row.table} REPLICA IDENTITY USING INDEX {row.index_name}" if row.replica_identity else ""


CONSTRAINTS: Final = (
    Source("pg_constraint", _CONSTRAINTS, _constraint, {"index_oid": "pg_class"}),
    Source("pg_class", _INDEXES, _index),
)
