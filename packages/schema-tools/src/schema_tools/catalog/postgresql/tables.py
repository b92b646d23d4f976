"""Tables, with partitions and children."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from schema_tools.catalog.objects import CatalogObject
from schema_tools.catalog.postgresql.columns import definition
from schema_tools.catalog.postgresql.found import Found, catalog_object, parameters
from schema_tools.catalog.statements import joined

_TABLES: Final = """
SELECT c.oid, c.reltype, c.oid::regclass::text AS name, c.relpersistence::text AS persistence,
       am.amname AS access_method, ts.spcname AS tablespace, c.relrowsecurity, c.relforcerowsecurity,
       c.relreplident::text AS identity, pg_get_partkeydef(c.oid) AS partitioned,
       pg_get_expr(c.relpartbound, c.oid) AS bound, de.description AS comment,
       CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END AS of_type,
       (SELECT quote_ident(k.relname) FROM pg_index i JOIN pg_class k ON k.oid = i.indexrelid
        WHERE i.indrelid = c.oid AND i.indisreplident) AS identity_index,
       (SELECT string_agg(h.inhparent::regclass::text, ', ' ORDER BY h.inhseqno)
        FROM pg_inherits h WHERE h.inhrelid = c.oid) AS parents,
       (SELECT string_agg(o, ', ' ORDER BY o) FROM (
          SELECT unnest(c.reloptions) UNION ALL SELECT 'toast.' || unnest(toast.reloptions)) AS every(o)) AS options
FROM pg_class c
LEFT JOIN pg_am am ON am.oid = c.relam
LEFT JOIN pg_tablespace ts ON ts.oid = c.reltablespace
LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid
LEFT JOIN pg_description de ON de.classoid = 'pg_class'::regclass AND de.objoid = c.oid AND de.objsubid = 0
WHERE c.relnamespace = :namespace AND c.relkind IN ('r', 'p')
ORDER BY c.relname
"""


def tables(connection: Connection, namespace: int, columns: Iterable[Found]) -> Iterator[Found]:
    """The tables of a schema, each made with those of `columns` that are its own."""
    clauses: dict[int, list[str]] = defaultdict(list)
    for one in columns:
        clauses[one.address[1]].append(definition(one.object) if "type" in one.object.aspects else "")
    for row in connection.execute(text(_TABLES), {"namespace": namespace}).all():
        yield Found(("pg_class", row.oid, 0), _table(row, clauses[row.oid]), aliases=(("pg_type", row.reltype, 0),))


def _table(row: Row[Any], clauses: list[str]) -> CatalogObject:
    this = f"ALTER TABLE {row.name}"
    target = f"TABLE {row.name}"
    storage, storage_reset = parameters(target, row.options)
    unlogged = row.persistence == "u"
    partition = f"of {row.parents} {row.bound}" if row.bound else None
    inherits = None if row.bound else row.parents
    aspects = {
        "persistence": "unlogged" if unlogged else "permanent",
        "partitioned by": row.partitioned,
        "partition": partition,
        "inherits": inherits,
        "of type": row.of_type,
        "access method": row.access_method,
        "tablespace": row.tablespace,
        "storage parameters": row.options,
        "row security": row.relrowsecurity,
        "forced row security": row.relforcerowsecurity,
        "replica identity": _identity(row),
    }
    parents = (inherits or "").split(", ") if inherits else []
    alter: Mapping[str, str] = {
        **storage,
        "persistence": f"{this} SET {'UNLOGGED' if unlogged else 'LOGGED'}",
        "partition": f"ALTER TABLE {row.parents} ATTACH PARTITION {row.name} {row.bound}" if row.bound else "",
        "inherits": joined(*(f"{this} INHERIT {parent}" for parent in parents)),
        "of type": f"{this} OF {row.of_type}" if row.of_type else "",
        "access method": f"{this} SET ACCESS METHOD {row.access_method}",
        "tablespace": f"{this} SET TABLESPACE {row.tablespace or 'pg_default'}",
        "row security": f"{this} {'ENABLE' if row.relrowsecurity else 'DISABLE'} ROW LEVEL SECURITY",
        "forced row security": f"{this} {'FORCE' if row.relforcerowsecurity else 'NO FORCE'} ROW LEVEL SECURITY",
        "replica identity": f"{this} REPLICA IDENTITY {_identity_clause(row)}",
    }
    reset = {
        **storage_reset,
        "partition": f"ALTER TABLE {row.parents} DETACH PARTITION {row.name}" if row.bound else "",
        "inherits": joined(*(f"{this} NO INHERIT {parent}" for parent in parents)),
        "of type": f"{this} NOT OF" if row.of_type else "",
    }
    return catalog_object(
        "table",
        target,
        row,
        joined(
            _create(row, clauses, inherits),
            alter["row security"] if row.relrowsecurity else "",
            alter["forced row security"] if row.relforcerowsecurity else "",
            # The index, if it is one, is not there yet, and says so itself.
            alter["replica identity"] if row.identity in {"f", "n"} else "",
        ),
        aspects=aspects,
        alter=alter,
        reset=reset,
    )


def _create(row: Row[Any], clauses: list[str], inherits: str | None) -> str:
    unlogged = "UNLOGGED " if row.persistence == "u" else ""
    head = f"CREATE {unlogged}TABLE {row.name}"
    if row.bound:
        parts = [f"{head} PARTITION OF {row.parents} {row.bound}"]
    elif row.of_type:
        parts = [f"{head} OF {row.of_type}"]
    else:
        parts = [f"{head} (\n  " + ",\n  ".join(clauses) + "\n)" if clauses else f"{head} ()"]
    if inherits:
        parts.append(f"INHERITS ({inherits})")
    if row.partitioned:
        parts.append(f"PARTITION BY {row.partitioned}")
    if row.access_method not in {None, "heap"}:
        parts.append(f"USING {row.access_method}")
    if row.options:
        parts.append(f"WITH ({row.options})")
    if row.tablespace:
        parts.append(f"TABLESPACE {row.tablespace}")
    return " ".join(parts)


def _identity(row: Row[Any]) -> str:
    words = {"d": "default", "n": "nothing", "f": "full", "i": f"index {row.identity_index}"}
    return words[row.identity]


def _identity_clause(row: Row[Any]) -> str:
    return f"USING INDEX {row.identity_index}" if row.identity == "i" else _identity(row).upper()
