"""Indexes that are not a constraint's."""

import re
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from schema_tools.catalog.objects import CatalogObject
from schema_tools.catalog.postgresql.found import Found, catalog_object, parameters
from schema_tools.catalog.statements import joined

# What a partition has from its parent is the parent's. The definition always names the schema, so what comes before
# the method is taken off it.
_INDEXES: Final = """
SELECT c.oid, quote_ident(c.relname) AS name, r.oid::regclass::text AS "table", i.indisunique AS unique,
       split_part(definition.full, definition.head, 2) AS rest,
       i.indisvalid AND i.indisready AND i.indislive AS valid, i.indisclustered AS clustered,
       i.indisreplident AS replica_identity, ts.spcname AS tablespace, de.description AS comment,
       (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(c.reloptions) AS o) AS options
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class r ON r.oid = i.indrelid
LEFT JOIN pg_tablespace ts ON ts.oid = c.reltablespace
LEFT JOIN pg_description de ON de.classoid = 'pg_class'::regclass AND de.objoid = c.oid AND de.objsubid = 0
CROSS JOIN LATERAL (
  SELECT pg_get_indexdef(c.oid) AS full,
         format('INDEX %I ON %s%I.%I USING ', c.relname, CASE WHEN c.relkind = 'I' THEN 'ONLY ' ELSE '' END,
                r.relnamespace::regnamespace::name, r.relname) AS head
) AS definition
WHERE r.relnamespace = :namespace AND r.relkind IN ('r', 'p', 'm')
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x'))
  AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = c.oid)
ORDER BY r.relname, c.relname
"""

_PARAMETERS: Final = re.compile(r" WITH \((?:\w+=(?:'[^']*'|\w+)(?:, )?)+\)")


def indexes(connection: Connection, namespace: int) -> Iterator[Found]:
    """The indexes of a schema's tables and materialized views that are not a constraint's."""
    for row in connection.execute(text(_INDEXES), {"namespace": namespace}).all():
        yield Found(("pg_class", row.oid, 0), _index(row))


def _index(row: Row[Any]) -> CatalogObject:
    # The parameters are an aspect of their own.
    rest = _PARAMETERS.sub("", row.rest, count=1) if row.options else row.rest
    unique = "UNIQUE " if row.unique else ""
    target = f"INDEX {row.name}"
    storage, reset = parameters(target, row.options)
    alter = {
        **storage,
        "clustered": f"ALTER TABLE {row.table} "
        + (f"CLUSTER ON {row.name}" if row.clustered else "SET WITHOUT CLUSTER"),
        "tablespace": f"ALTER {target} SET TABLESPACE {row.tablespace or 'pg_default'}",
    }
    if row.valid:
        alter["validity"] = f"REINDEX {target}"
    return catalog_object(
        "index",
        target,
        row,
        joined(
            f"CREATE {unique}{target} ON {row.table} USING {rest}",
            storage["storage parameters"],
            alter["clustered"] if row.clustered else "",
            alter["tablespace"] if row.tablespace else "",
            f"ALTER TABLE {row.table} REPLICA IDENTITY USING INDEX {row.name}" if row.replica_identity else "",
        ),
        aspects={
            "definition": f"{unique}{rest}",
            "validity": "valid" if row.valid else "invalid",
            "clustered": row.clustered,
            "storage parameters": row.options,
            "tablespace": row.tablespace,
        },
        alter=alter,
        of_table=True,
        reset=reset,
        rename=f"ALTER {target} RENAME TO",
    )
