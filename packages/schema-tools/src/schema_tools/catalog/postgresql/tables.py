"""Tables, with partitions and children; views, materialized or not."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Row

from schema_tools.catalog.objects import CatalogObject
from schema_tools.catalog.postgresql.columns import definition
from schema_tools.catalog.postgresql.found import Aspect, Found, Source, catalog_object, clauses, parameters, tablespace
from schema_tools.catalog.statements import joined

_TABLES: Final = """
SELECT c.oid, c.reltype, c.oid::regclass::text AS name, c.relpersistence = 'u' AS unlogged,
       am.amname AS access_method, ts.spcname AS tablespace, c.relrowsecurity, c.relforcerowsecurity,
       c.relreplident::text AS identity, pg_get_partkeydef(c.oid) AS partitioned,
       pg_get_expr(c.relpartbound, c.oid) AS bound, obj_description(c.oid, 'pg_class') AS comment,
       CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END AS of_type,
       (SELECT quote_ident(k.relname) FROM pg_index i JOIN pg_class k ON k.oid = i.indexrelid
        WHERE i.indrelid = c.oid AND i.indisreplident) AS identity_index,
       (SELECT string_agg(h.inhparent::regclass::text, ', ' ORDER BY h.inhseqno)
        FROM pg_inherits h WHERE h.inhrelid = c.oid) AS parents,
       (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM (
          SELECT unnest(c.reloptions) UNION ALL SELECT 'toast.' || unnest(toast.reloptions)) AS every(o)) AS options
FROM pg_class c
LEFT JOIN pg_am am ON am.oid = c.relam
LEFT JOIN pg_tablespace ts ON ts.oid = c.reltablespace
LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid
WHERE c.relnamespace = :namespace AND c.relkind IN ('r', 'p')
"""

# What the view reads is what its rule depends on.
_VIEWS: Final = """
SELECT c.oid, c.reltype, c.oid::regclass::text AS name, c.relkind = 'm' AS materialized,
       rtrim(pg_get_viewdef(c.oid), ';') AS definition, c.relispopulated AS populated, am.amname AS access_method,
       ts.spcname AS tablespace, obj_description(c.oid, 'pg_class') AS comment, r.oid AS rule,
       (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(c.reloptions) AS o) AS options
FROM pg_class c JOIN pg_rewrite r ON r.ev_class = c.oid AND r.rulename = '_RETURN'
LEFT JOIN pg_am am ON am.oid = c.relam
LEFT JOIN pg_tablespace ts ON ts.oid = c.reltablespace
WHERE c.relnamespace = :namespace AND c.relkind IN ('v', 'm')
"""


def tables(columns: Iterable[Found]) -> Source:
    """The tables of a schema, each made with those of `columns` that are its own."""
    definitions: dict[str | None, list[str]] = defaultdict(list)
    for one in (found.object for found in columns):
        if "type" in one.aspects:
            definitions[one.table].append(definition(one.own_name, one.aspects))
    return Source(
        "pg_class",
        _TABLES,
        lambda row: _table(row, definitions[row.name]),
        {"reltype": "pg_type"},
        of_row_alone=False,
    )


def _table(row: Row[Any], columns: Sequence[str]) -> CatalogObject:
    target = f"TABLE {row.name}"
    this = f"ALTER {target}"
    identity = {"d": "default", "n": "nothing", "f": "full", "i": f"index {row.identity_index}"}[row.identity]
    identity_clause = f"USING INDEX {row.identity_index}" if row.identity == "i" else identity.upper()
    partition = inherits = of_type = None
    if row.bound:
        attach = f"ALTER TABLE {row.parents} ATTACH PARTITION {row.name} {row.bound}"
        detach = f"ALTER TABLE {row.parents} DETACH PARTITION {row.name}"
        partition = Aspect(f"of {row.parents} {row.bound}", attach, detach)
    elif row.parents:
        inherit, disinherit = (
            joined(*(f"{this} {verb} {parent}" for parent in row.parents.split(", ")))
            for verb in ("INHERIT", "NO INHERIT")
        )
        inherits = Aspect(row.parents, inherit, disinherit)
    if row.of_type:
        of_type = Aspect(row.of_type, f"{this} OF {row.of_type}", f"{this} NOT OF")
    enable, force = "ENABLE" if row.relrowsecurity else "DISABLE", "FORCE" if row.relforcerowsecurity else "NO FORCE"
    aspects = {
        "persistence": Aspect(
            "unlogged" if row.unlogged else "permanent", f"{this} SET {'UNLOGGED' if row.unlogged else 'LOGGED'}"
        ),
        "partitioned by": row.partitioned,
        "partition": partition,
        "inherits": inherits,
        "of type": of_type,
        "access method": Aspect(row.access_method, f"{this} SET ACCESS METHOD {row.access_method}"),
        "tablespace": tablespace(target, row.tablespace),
        "storage parameters": parameters(target, row.options),
        "row security": Aspect(row.relrowsecurity, f"{this} {enable} ROW LEVEL SECURITY", follows=True),
        "forced row security": Aspect(row.relforcerowsecurity, f"{this} {force} ROW LEVEL SECURITY", follows=True),
        # The index, if it is one, is not there as soon as the table is, and brings this itself.
        "replica identity": Aspect(
            identity, f"{this} REPLICA IDENTITY {identity_clause}", follows=row.identity in "fn"
        ),
    }
    return catalog_object(row, "table", target, _create_table(row, columns), aspects)


def _create_table(row: Row[Any], columns: Sequence[str]) -> str:
    if row.bound:
        content = f"PARTITION OF {row.parents} {row.bound}"
    elif row.of_type:
        content = f"OF {row.of_type}"
    else:
        content = "(\n  " + ",\n  ".join(columns) + "\n)" if columns else "()"
    return f"CREATE {'UNLOGGED ' * row.unlogged}TABLE {row.name} {content}" + clauses(
        ("INHERITS ({})", None if row.bound else row.parents),
        ("PARTITION BY {}", row.partitioned),
        *_storage(row),
    )


def _storage(row: Row[Any]) -> Sequence[tuple[str, object]]:
    return (
        ("USING {}", None if row.access_method == "heap" else row.access_method),
        ("WITH ({})", row.options),
        ("TABLESPACE {}", row.tablespace),
    )


def _view(row: Row[Any]) -> CatalogObject:
    kind = "materialized view" if row.materialized else "view"
    target = f"{kind.upper()} {row.name}"
    create = f"CREATE {target}{clauses(*_storage(row))} AS\n{row.definition}"
    options = parameters(target, row.options)
    aspects: dict[str, object] = {"definition": row.definition.strip()}
    if row.materialized:
        data = "WITH DATA" if row.populated else "WITH NO DATA"
        create += f"\n{data}"
        aspects |= {
            "populated": Aspect(row.populated, f"REFRESH {target} {data}"),
            "storage parameters": options,
            "access method": Aspect(row.access_method, f"ALTER {target} SET ACCESS METHOD {row.access_method}"),
            "tablespace": tablespace(target, row.tablespace),
        }
    else:
        aspects["options"] = options
    return catalog_object(row, kind, target, create, aspects)


VIEWS: Final = Source("pg_class", _VIEWS, _view, {"rule": "pg_rewrite", "reltype": "pg_type"})
