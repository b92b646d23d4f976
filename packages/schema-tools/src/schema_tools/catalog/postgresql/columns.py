"""Columns of tables and of views."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from schema_tools.catalog.objects import CatalogObject
from schema_tools.catalog.postgresql.found import Address, Found, catalog_object
from schema_tools.catalog.postgresql.sequences import sequence_options
from schema_tools.catalog.statements import joined, known

# PostgreSQL 18 keeps NOT NULL as constraints with generated names, of which only the validity says something.
# What a partition or a child inherits is its parent's.
_COLUMNS: Final = """
SELECT a.attrelid, a.attnum, c.relkind::text AS relkind, a.attrelid::regclass::text AS "table",
       quote_ident(a.attname) AS name, format_type(a.atttypid, a.atttypmod) AS formatted,
       CASE WHEN NOT a.attnotnull THEN 'no' WHEN nn.convalidated IS FALSE THEN 'not valid' ELSE 'yes' END AS not_null,
       a.attidentity::text AS identity, a.attgenerated::text AS generated, d.oid AS default_oid,
       pg_get_expr(d.adbin, d.adrelid) AS expression,
       CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END AS collation,
       CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage::text END AS storage,
       t.typstorage::text AS usual_storage,
       nullif(a.attcompression::text, '') AS compression, nullif(a.attstattarget, -1) AS statistics,
       (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(a.attoptions) AS o) AS options,
       i.objid AS sequence, format_type(s.seqtypid, NULL) AS type,
       s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle, de.description AS comment,
       current_setting('server_version_num')::int >= 170000 AS has_set_expression
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_constraint nn ON nn.conrelid = a.attrelid AND nn.contype = 'n' AND nn.conkey = ARRAY[a.attnum]
LEFT JOIN pg_depend i ON i.refclassid = 'pg_class'::regclass AND i.refobjid = a.attrelid AND i.refobjsubid = a.attnum
  AND i.classid = 'pg_class'::regclass AND i.deptype = 'i' AND a.attidentity <> ''
LEFT JOIN pg_sequence s ON s.seqrelid = i.objid
LEFT JOIN pg_description de ON de.classoid = 'pg_class'::regclass AND de.objoid = a.attrelid
  AND de.objsubid = a.attnum
WHERE c.relnamespace = :namespace AND c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped
  AND (a.attinhcount = 0 OR a.attislocal)
ORDER BY c.relname, a.attnum
"""

_STORAGE: Final = {"p": "PLAIN", "e": "EXTERNAL", "m": "MAIN", "x": "EXTENDED"}
_COMPRESSION: Final = {"p": "pglz", "l": "lz4"}


def columns(connection: Connection, namespace: int) -> Iterator[Found]:
    """The columns of a schema; what is inherited is left out, and of a view's only default and comment are read."""
    for row in connection.execute(text(_COLUMNS), {"namespace": namespace}).all():
        address: Address = ("pg_class", row.attrelid, row.attnum)
        if row.relkind in {"v", "m"}:
            yield Found(address, _of_view(row))
            continue
        aliases: list[Address] = []
        if row.default_oid is not None:
            aliases.append(("pg_attrdef", row.default_oid, 0))
        if row.sequence is not None:
            aliases.append(("pg_class", row.sequence, 0))
        yield Found(address, _of_table(row), tuple(aliases))


def definition(column: CatalogObject) -> str:
    """The column as CREATE TABLE has it."""
    return _clause(column.own_name, column.aspects)


def _of_table(row: Row[Any]) -> CatalogObject:
    this = f"ALTER TABLE {row.table} ALTER COLUMN {row.name}"
    aspects = known(
        {
            "type": row.formatted,
            "not null": row.not_null,
            "default": None if row.generated else row.expression,
            "identity": _identity(row),
            "generated": _generated(row),
            "collation": row.collation,
            "storage": row.storage and _STORAGE[row.storage],
            "compression": row.compression and _COMPRESSION[row.compression],
            "statistics target": row.statistics,
            "options": row.options,
        }
    )
    default = aspects.get("default")
    alter = {
        "not null": f"{this} {'DROP' if row.not_null == 'no' else 'SET'} NOT NULL",
        "default": f"{this} DROP DEFAULT" if default is None else f"{this} SET DEFAULT {default}",
        "storage": f"{this} SET STORAGE {_STORAGE[row.storage or row.usual_storage]}",
        "compression": f"{this} SET COMPRESSION {aspects.get('compression', 'default')}",
        "statistics target": f"{this} SET STATISTICS {aspects.get('statistics target', '-1')}",
        "options": "" if row.options is None else f"{this} SET ({row.options})",
    }
    if row.identity:
        clauses = " ".join(f"SET {clause}" for clause in sequence_options(row).values())
        alter["identity"] = f"{this} SET GENERATED {_IDENTITY[row.identity]} {clauses}"
    if row.generated and row.has_set_expression:
        alter["generated"] = f"{this} SET EXPRESSION AS ({row.expression})"
    names = ", ".join(one.partition("=")[0] for one in (row.options or "").split(", "))
    beside = [aspect for aspect in ("storage", "compression", "statistics target", "options") if aspect in aspects]
    return catalog_object(
        "column",
        f"COLUMN {row.table}.{row.name}",
        row,
        joined(
            f"ALTER TABLE {row.table} ADD COLUMN {_clause(row.name, aspects)}", *(alter[aspect] for aspect in beside)
        ),
        aspects=aspects,
        of_table=True,
        drop=f"ALTER TABLE {row.table} DROP COLUMN {row.name}",
        alter=alter,
        reset={"options": f"{this} RESET ({names})"} if row.options else {},
    )


def _clause(name: str, aspects: Mapping[str, str]) -> str:
    parts = [f"{name} {aspects['type']}"]
    for aspect, words in (("collation", "COLLATE"), ("generated", "GENERATED"), ("identity", "GENERATED")):
        if aspect in aspects:
            parts.append(f"{words} {aspects[aspect]}")
    if "default" in aspects:
        parts.append(f"DEFAULT {aspects['default']}")
    if aspects["not null"] != "no":
        parts.append("NOT NULL")
    return " ".join(parts)


_IDENTITY: Final = {"a": "ALWAYS", "d": "BY DEFAULT"}
_UNSAID: Final = {"INCREMENT BY 1", "NO MINVALUE", "NO MAXVALUE", "START WITH 1", "CACHE 1", "NO CYCLE"}


def _identity(row: Row[Any]) -> str | None:
    if not row.identity:
        return None
    options = " ".join(clause for clause in sequence_options(row).values() if clause not in _UNSAID)
    return f"{_IDENTITY[row.identity]} AS IDENTITY" + (f" ({options})" if options else "")


def _generated(row: Row[Any]) -> str | None:
    if not row.generated:
        return None
    return f"ALWAYS AS ({row.expression}) {'STORED' if row.generated == 's' else 'VIRTUAL'}"


def _of_view(row: Row[Any]) -> CatalogObject:
    change = "DROP DEFAULT" if row.expression is None else f"SET DEFAULT {row.expression}"
    default = f"ALTER VIEW {row.table} ALTER COLUMN {row.name} {change}"
    return catalog_object(
        "column",
        f"COLUMN {row.table}.{row.name}",
        row,
        default if row.expression else "",
        aspects={"default": row.expression},
        alter={"default": default} if row.relkind == "v" else {},
        of_table=True,
        drop="",
    )
