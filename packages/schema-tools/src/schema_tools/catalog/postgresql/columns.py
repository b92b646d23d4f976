"""Columns of tables and of views; sequences, whose options identities share."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Row

from schema_tools.catalog.objects import CatalogObject
from schema_tools.catalog.postgresql.found import Aspect, Source, catalog_object, clauses, parameters

# PostgreSQL 18 keeps NOT NULL as constraints with generated names, of which only the validity says something.
# What a partition or a child inherits is its parent's.
_COLUMNS: Final = """
SELECT a.attrelid AS oid, a.attnum, c.relkind::text AS relkind, a.attrelid::regclass::text AS "table",
       quote_ident(a.attname) AS name, format_type(a.atttypid, a.atttypmod) AS formatted,
       CASE WHEN NOT a.attnotnull THEN 'no' WHEN nn.convalidated IS FALSE THEN 'not valid' ELSE 'yes' END AS not_null,
       a.attidentity::text AS identity, a.attgenerated::text AS generated, d.oid AS default_oid,
       pg_get_expr(d.adbin, d.adrelid) AS expression,
       CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END AS collation,
       CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage::text END AS storage,
       t.typstorage::text AS usual_storage,
       nullif(a.attcompression::text, '') AS compression, nullif(a.attstattarget, -1) AS statistics,
       (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(a.attoptions) AS o) AS options,
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
ORDER BY a.attrelid, a.attnum
"""

# An identity's sequence depends on its column internally, and is part of the column.
_SEQUENCES: Final = """
SELECT c.oid, c.oid::regclass::text AS name, c.relpersistence = 'u' AS unlogged, format_type(s.seqtypid, NULL) AS type,
       s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
       o.refobjid::regclass::text AS "table", o.refobjid::regclass::text || '.' || quote_ident(a.attname) AS owner,
       obj_description(c.oid, 'pg_class') AS comment
FROM pg_class c JOIN pg_sequence s ON s.seqrelid = c.oid
LEFT JOIN pg_depend o ON o.classid = 'pg_class'::regclass AND o.objid = c.oid AND o.refclassid = 'pg_class'::regclass
  AND o.refobjsubid > 0 AND o.deptype IN ('a', 'i')
LEFT JOIN pg_attribute a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid
WHERE c.relnamespace = :namespace AND o.deptype IS DISTINCT FROM 'i'
"""

_STORAGE: Final = {"p": "PLAIN", "e": "EXTERNAL", "m": "MAIN", "x": "EXTENDED"}
_COMPRESSION: Final = {"p": "pglz", "l": "lz4"}
_IDENTITY: Final = {"a": "ALWAYS", "d": "BY DEFAULT"}
_UNSAID: Final = {"INCREMENT BY 1", "NO MINVALUE", "NO MAXVALUE", "START WITH 1", "CACHE 1", "NO CYCLE"}
_BITS: Final = {"smallint": 16, "integer": 32, "bigint": 64}


def definition(name: str, values: Mapping[str, str | None]) -> str:
    """The column as CREATE TABLE has it, from the values of its aspects."""
    return f"{name} {values['type']}" + clauses(
        ("COLLATE {}", values.get("collation")),
        ("GENERATED {}", values.get("generated")),
        ("GENERATED {}", values.get("identity")),
        ("DEFAULT {}", values.get("default")),
        ("NOT NULL", values["not null"] != "no"),
    )


def _column(row: Row[Any]) -> CatalogObject:
    if row.relkind in {"v", "m"}:
        return _of_view(row)
    kind = "STORED" if row.generated == "s" else "VIRTUAL"
    values = {
        "type": row.formatted,
        "not null": row.not_null,
        "default": None if row.generated else row.expression,
        "identity": _identity(row) if row.identity else None,
        "generated": f"ALWAYS AS ({row.expression}) {kind}" if row.generated else None,
        "collation": row.collation,
    }
    this = f"ALTER TABLE {row.table} ALTER COLUMN {row.name}"
    storage = _STORAGE[row.storage or row.usual_storage]
    compression = _COMPRESSION.get(row.compression)
    target = -1 if row.statistics is None else row.statistics
    aspects = {
        **values,
        "not null": Aspect(row.not_null, f"{this} {'DROP' if row.not_null == 'no' else 'SET'} NOT NULL"),
        "default": Aspect(values["default"], f"{this} {_default(values['default'])}"),
        "storage": Aspect(_STORAGE.get(row.storage), f"{this} SET STORAGE {storage}", follows=True),
        "compression": Aspect(compression, f"{this} SET COMPRESSION {compression or 'default'}", follows=True),
        "statistics target": Aspect(row.statistics, f"{this} SET STATISTICS {target}", follows=True),
        "options": parameters(f"TABLE {row.table} ALTER COLUMN {row.name}", row.options, follows=True),
    }
    if row.identity:
        options = " ".join(f"SET {clause}" for _, clause in _sequence_options(row).values())
        alter = f"{this} SET GENERATED {_IDENTITY[row.identity]} {options}"
        aspects["identity"] = Aspect(values["identity"], alter)
    if row.generated and row.has_set_expression:
        aspects["generated"] = Aspect(values["generated"], f"{this} SET EXPRESSION AS ({row.expression})")
    create = f"ALTER TABLE {row.table} ADD COLUMN {definition(row.name, values)}"
    drop = f"ALTER TABLE {row.table} DROP COLUMN {row.name}"
    return catalog_object(row, "column", f"COLUMN {row.table}.{row.name}", create, aspects, drop=drop)


def _of_view(row: Row[Any]) -> CatalogObject:
    """Of the column of a view, only the default and the comment are read."""
    alter = f"ALTER VIEW {row.table} ALTER COLUMN {row.name} {_default(row.expression)}"
    default = Aspect(row.expression, alter if row.relkind == "v" else None, follows=True)
    return catalog_object(row, "column", f"COLUMN {row.table}.{row.name}", "", {"default": default}, drop="")


def _default(expression: str | None) -> str:
    return "DROP DEFAULT" if expression is None else f"SET DEFAULT {expression}"


def _identity(row: Row[Any]) -> str:
    options = " ".join(clause for _, clause in _sequence_options(row).values() if clause not in _UNSAID)
    return f"{_IDENTITY[row.identity]} AS IDENTITY" + (f" ({options})" if options else "")


def _sequence(row: Row[Any]) -> CatalogObject:
    target = f"SEQUENCE {row.name}"
    options = _sequence_options(row)
    aspects = {
        "type": Aspect(row.type, f"ALTER {target} AS {row.type}"),
        **{name: Aspect(value, f"ALTER {target} {clause}") for name, (value, clause) in options.items()},
        # Not as soon as it is made: its owner may not be there yet.
        "owned by": Aspect(row.owner, f"ALTER {target} OWNED BY {row.owner or 'NONE'}"),
        # That of a sequence with an owner is its table's.
        "persistence": Aspect(
            "unlogged" if row.unlogged and row.owner is None else None,
            f"ALTER {target} SET {'UNLOGGED' if row.unlogged else 'LOGGED'}",
        ),
    }
    written = " ".join(clause for _, clause in options.values())
    create = f"CREATE {'UNLOGGED ' * row.unlogged}{target} AS {row.type} {written}"
    return catalog_object(row, "sequence", target, create, aspects, name=row.name)


def _sequence_options(row: Row[Any]) -> Mapping[str, tuple[object, str]]:
    """The value of each option of a sequence, and its clause, as CREATE SEQUENCE has them.

    A limit that is that of the type is not spelled out, so that it changes when the type does.
    https://www.postgresql.org/docs/current/sql-createsequence.html
    """
    highest = 2 ** (_BITS[row.type] - 1)
    usual = (1, highest - 1) if row.seqincrement > 0 else (-highest, -1)
    return {
        "increment": (row.seqincrement, f"INCREMENT BY {row.seqincrement}"),
        "minimum": (None, "NO MINVALUE") if row.seqmin == usual[0] else (row.seqmin, f"MINVALUE {row.seqmin}"),
        "maximum": (None, "NO MAXVALUE") if row.seqmax == usual[1] else (row.seqmax, f"MAXVALUE {row.seqmax}"),
        "start": (row.seqstart, f"START WITH {row.seqstart}"),
        "cache": (row.seqcache, f"CACHE {row.seqcache}"),
        "cycle": (row.seqcycle, "CYCLE" if row.seqcycle else "NO CYCLE"),
    }


COLUMNS: Final = Source("pg_class", _COLUMNS, _column, {"default_oid": "pg_attrdef", "sequence": "pg_class"})
SEQUENCES: Final = Source("pg_class", _SEQUENCES, _sequence)
