"""Views, materialized or not."""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from schema_tools.catalog.objects import CatalogObject
from schema_tools.catalog.postgresql.found import Found, catalog_object, parameters

# What the view reads is what its rule depends on.
_VIEWS: Final = """
SELECT c.oid, c.reltype, c.oid::regclass::text AS name, c.relkind::text AS relkind,
       rtrim(pg_get_viewdef(c.oid), ';') AS definition, c.relispopulated AS populated, am.amname AS access_method,
       ts.spcname AS tablespace, de.description AS comment, r.oid AS rule,
       (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(c.reloptions) AS o) AS options
FROM pg_class c JOIN pg_rewrite r ON r.ev_class = c.oid AND r.rulename = '_RETURN'
LEFT JOIN pg_am am ON am.oid = c.relam
LEFT JOIN pg_tablespace ts ON ts.oid = c.reltablespace
LEFT JOIN pg_description de ON de.classoid = 'pg_class'::regclass AND de.objoid = c.oid AND de.objsubid = 0
WHERE c.relnamespace = :namespace AND c.relkind IN ('v', 'm')
ORDER BY c.relname
"""


def views(connection: Connection, namespace: int) -> Iterator[Found]:
    """The views of a schema."""
    for row in connection.execute(text(_VIEWS), {"namespace": namespace}).all():
        aliases = (("pg_rewrite", row.rule, 0), ("pg_type", row.reltype, 0))
        yield Found(("pg_class", row.oid, 0), _materialized(row) if row.relkind == "m" else _view(row), aliases)


def _view(row: Row[Any]) -> CatalogObject:
    target = f"VIEW {row.name}"
    storage, reset = parameters(target, row.options)
    return catalog_object(
        "view",
        target,
        row,
        f"CREATE {target}{f' WITH ({row.options})' if row.options else ''} AS\n{row.definition}",
        aspects={"definition": row.definition.strip(), "options": row.options},
        alter={"options": storage["storage parameters"]},
        reset={"options": reset["storage parameters"]} if reset else {},
    )


def _materialized(row: Row[Any]) -> CatalogObject:
    target = f"MATERIALIZED VIEW {row.name}"
    storage, reset = parameters(target, row.options)
    data = "DATA" if row.populated else "NO DATA"
    method = f" USING {row.access_method}" if row.access_method not in {None, "heap"} else ""
    options = f" WITH ({row.options})" if row.options else ""
    tablespace = f" TABLESPACE {row.tablespace}" if row.tablespace else ""
    return catalog_object(
        "materialized view",
        target,
        row,
        f"CREATE {target}{method}{options}{tablespace} AS\n{row.definition}\nWITH {data}",
        aspects={
            "definition": row.definition.strip(),
            "populated": row.populated,
            "storage parameters": row.options,
            "access method": row.access_method,
            "tablespace": row.tablespace,
        },
        alter={
            **storage,
            "populated": f"REFRESH {target} WITH {data}",
            "access method": f"ALTER {target} SET ACCESS METHOD {row.access_method}",
            "tablespace": f"ALTER {target} SET TABLESPACE {row.tablespace or 'pg_default'}",
        },
        reset=reset,
    )
