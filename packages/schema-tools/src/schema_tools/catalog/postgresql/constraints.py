"""Constraints of tables, those with an index together with it."""

import re
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from schema_tools.catalog.objects import CatalogObject
from schema_tools.catalog.postgresql.found import Found, catalog_object, parameters
from schema_tools.catalog.statements import joined

# What a partition has from its parent is the parent's. NOT NULL is the column's.
_CONSTRAINTS: Final = """
SELECT c.oid, c.conrelid::regclass::text AS "table", quote_ident(c.conname) AS name, c.contype::text AS type,
       pg_get_constraintdef(c.oid) AS definition, c.convalidated,
       CASE WHEN c.contype IN ('p', 'u', 'x') THEN k.oid END AS index_oid, quote_ident(k.relname) AS index_name,
       (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(k.reloptions) AS o) AS options,
       i.indisclustered AS clustered, i.indisreplident AS replica_identity, i.indisvalid AS index_valid,
       ts.spcname AS tablespace, de.description AS comment,
       (SELECT string_agg(DISTINCT t.tgenabled::text, '') FROM pg_trigger t
        WHERE t.tgconstraint = c.oid AND t.tgisinternal) AS enforcement
FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid
LEFT JOIN pg_index i ON i.indexrelid = c.conindid AND c.contype IN ('p', 'u', 'x')
LEFT JOIN pg_class k ON k.oid = i.indexrelid
LEFT JOIN pg_tablespace ts ON ts.oid = k.reltablespace
LEFT JOIN pg_description de ON de.classoid = 'pg_constraint'::regclass AND de.objoid = c.oid
WHERE c.connamespace = :namespace AND c.contype IN ('c', 'f', 'p', 'u', 'x')
  AND c.conparentid = 0 AND (c.coninhcount = 0 OR c.conislocal)
ORDER BY r.relname, c.conname
"""

_KINDS: Final = {
    "c": "check constraint",
    "f": "foreign key",
    "p": "primary key",
    "u": "unique constraint",
    "x": "exclusion constraint",
}

# What pg_get_constraintdef adds at the end: decompile_conbin and its callers in PostgreSQL's ruleutils.c.
_ENDING: Final = re.compile(
    r"(?P<deferrable> DEFERRABLE)?(?P<deferred> INITIALLY DEFERRED)?(?: NOT (VALID|ENFORCED))?$"
)


def constraints(connection: Connection, namespace: int) -> Iterator[Found]:
    """The constraints of a schema's tables, but NOT NULL."""
    for row in connection.execute(text(_CONSTRAINTS), {"namespace": namespace}).all():
        aliases = (("pg_class", row.index_oid, 0),) if row.index_oid is not None else ()
        yield Found(("pg_constraint", row.oid, 0), _constraint(row), aliases)


def _constraint(row: Row[Any]) -> CatalogObject:
    this = f"ALTER TABLE {row.table}"
    ending = _ENDING.search(row.definition)
    assert ending is not None  # noqa: S101 -- everything in it is optional
    validity = _validity(row)
    deferrability = " ".join(
        [
            "DEFERRABLE" if ending["deferrable"] else "NOT DEFERRABLE",
            "INITIALLY DEFERRED" if ending["deferred"] else "INITIALLY IMMEDIATE",
        ]
    )
    storage, reset = parameters(f"INDEX {row.index_name}", row.options) if row.index_oid is not None else ({}, {})
    aspects = {
        "definition": row.definition[: ending.start()],
        "validity": validity,
        "deferrability": None if row.type == "c" else deferrability,
        # The triggers that enforce it may be disabled.
        "enforcement": None if row.enforcement in {None, "O"} else "triggers disabled or only on a replica",
        "index validity": None if row.index_oid is None or row.index_valid else "invalid",
        "storage parameters": row.options,
        "clustered": row.clustered,
        "tablespace": row.tablespace,
    }
    alter = {**storage}
    if row.index_oid is not None:
        alter["clustered"] = f"{this} {f'CLUSTER ON {row.index_name}' if row.clustered else 'SET WITHOUT CLUSTER'}"
        alter["tablespace"] = f"ALTER INDEX {row.index_name} SET TABLESPACE {row.tablespace or 'pg_default'}"
        alter["index validity"] = f"REINDEX INDEX {row.index_name}"
    if row.type == "f":
        alter["deferrability"] = f"{this} ALTER CONSTRAINT {row.name} {deferrability}"
    if validity == "valid":
        alter["validity"] = f"{this} VALIDATE CONSTRAINT {row.name}"
    return catalog_object(
        _KINDS[row.type],
        f"CONSTRAINT {row.name} ON {row.table}",
        row,
        joined(
            f"{this} ADD CONSTRAINT {row.name} {row.definition}",
            storage.get("storage parameters", ""),
            alter["clustered"] if row.clustered else "",
            alter["tablespace"] if row.tablespace else "",
            f"{this} REPLICA IDENTITY USING INDEX {row.index_name}" if row.replica_identity else "",
        ),
        aspects=aspects,
        drop=f"{this} DROP CONSTRAINT {row.name}",
        alter=alter,
        of_table=True,
        reset=reset,
        rename=f"{this} RENAME CONSTRAINT {row.name} TO",
    )


def _validity(row: Row[Any]) -> str:
    if row.definition.endswith(" NOT ENFORCED"):
        return "not enforced"
    return "valid" if row.convalidated else "not valid"
