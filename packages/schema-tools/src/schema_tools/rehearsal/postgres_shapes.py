"""The shapes of the tables of a PostgreSQL database, from its catalog."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from schema_tools.rehearsal.shapes import CheckShape, ColumnShape, ReferenceShape, TableShape, ValueType

# Every table that holds rows of its own: not the partitions, which get theirs from the partitioned table, and not the
# tables of extensions. https://www.postgresql.org/docs/current/catalog-pg-class.html
_TABLES: Final = """
SELECT c.oid, c.relkind, format('%I.%I', n.nspname, c.relname) AS sql,
       CASE WHEN n.nspname = current_schema() THEN c.relname ELSE n.nspname || '.' || c.relname END AS name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND c.relname <> ALL (:bookkeeping)
  AND NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY name
"""

_COLUMNS: Final = """
SELECT a.attrelid, a.attname, a.atttypid, a.atttypmod, a.attnotnull, format_type(a.atttypid, a.atttypmod) AS type_name,
       CASE WHEN a.attgenerated <> '' THEN 'database'
            WHEN a.attidentity <> '' OR starts_with(pg_get_expr(d.adbin, d.adrelid), 'nextval(') THEN 'counter'
            WHEN a.atthasdef THEN 'default' ELSE 'writer' END AS source
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = ANY (:tables) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
"""

# A partitioned table takes what the bounds of its partitions allow.
_CONSTRAINTS: Final = """
WITH found (oid, name, kind, condition, numbers, referred_oid, referred_numbers) AS (
  SELECT conrelid, conname::text, contype::text, pg_get_expr(conbin, conrelid), conkey, confrelid, confkey
  FROM pg_constraint WHERE conrelid = ANY (:tables) AND contype IN ('c', 'f')
  UNION ALL
  SELECT p.partrelid, 'the bounds of the partitions', 'p', (
           SELECT string_agg('(' || coalesce(pg_get_partition_constraintdef(relid), 'TRUE') || ')', ' OR '
                             ORDER BY relid::text)
           FROM pg_partition_tree(p.partrelid) WHERE isleaf AND relid <> p.partrelid
         ), p.partattrs::int2[], 0, NULL
  FROM pg_partitioned_table p WHERE p.partrelid = ANY (:tables)
)
SELECT oid, name, kind, condition, referred_oid,
       ARRAY(SELECT attname::text FROM unnest(numbers) WITH ORDINALITY AS n (number, place)
             JOIN pg_attribute ON attrelid = oid AND attnum = number ORDER BY place) AS columns,
       ARRAY(SELECT attname::text FROM unnest(referred_numbers) WITH ORDINALITY AS n (number, place)
             JOIN pg_attribute ON attrelid = referred_oid AND attnum = number ORDER BY place) AS referred
FROM found
WHERE kind = 'f' OR condition IS NOT NULL ORDER BY oid, kind, name
"""

# The columns of an expression are in the dependencies of the index.
_KEYS: Final = """
SELECT i.indrelid, i.indisprimary, ARRAY(
         SELECT attname::text FROM pg_attribute
         WHERE attrelid = i.indrelid AND attnum > 0 AND (
           attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
           OR 0 = ANY (i.indkey::int2[]) AND EXISTS (
             SELECT FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = i.indexrelid
               AND refobjid = i.indrelid AND refobjsubid = attnum)
         ) ORDER BY attnum
       ) AS columns
FROM pg_index i WHERE i.indrelid = ANY (:tables) AND (i.indisunique OR i.indisexclusion)
ORDER BY i.indrelid, i.indexrelid::regclass::text
"""

# The types of the columns, and of what those consist of.
_TYPES: Final = """
WITH RECURSIVE needed (oid) AS (
  SELECT atttypid FROM pg_attribute WHERE attrelid = ANY (:tables) AND attnum > 0 AND NOT attisdropped
  UNION
  SELECT part.oid FROM needed JOIN pg_type t ON t.oid = needed.oid, LATERAL (
    SELECT t.typelem UNION ALL SELECT t.typbasetype
    UNION ALL SELECT rngsubtype FROM pg_range WHERE rngtypid = t.oid
    UNION ALL SELECT rngtypid FROM pg_range WHERE rngmultitypid = t.oid
    UNION ALL SELECT atttypid FROM pg_attribute
              WHERE attrelid = t.typrelid AND t.typrelid <> 0 AND attnum > 0 AND NOT attisdropped
  ) AS part (oid) WHERE part.oid <> 0
)
SELECT t.oid, t.typname, t.typtype, t.typcategory, t.typelem, t.typbasetype, t.typtypmod, t.typnotnull, t.typrelid,
       format_type(t.oid, NULL) AS name, coalesce(r.rngsubtype, m.rngtypid, 0) AS part,
       ARRAY(SELECT enumlabel::text FROM pg_enum WHERE enumtypid = t.oid ORDER BY enumsortorder) AS labels,
       ARRAY(SELECT pg_get_expr(conbin, 0) FROM pg_constraint
             WHERE contypid = t.oid AND contype = 'c' ORDER BY conname) AS checks,
       ARRAY(SELECT ROW(atttypid, atttypmod)::text FROM pg_attribute
             WHERE attrelid = t.typrelid AND t.typrelid <> 0 AND attnum > 0 AND NOT attisdropped ORDER BY attnum
       ) AS fields
FROM pg_type t LEFT JOIN pg_range r ON r.rngtypid = t.oid LEFT JOIN pg_range m ON m.rngmultitypid = t.oid
WHERE t.oid IN (SELECT oid FROM needed)
"""


def read_postgres_shapes(connection: Connection, bookkeeping: list[str]) -> list[TableShape]:
    """Every table that rows can be put into, in all schemas but the system's and without those in `bookkeeping`."""
    tables = connection.execute(text(_TABLES), {"bookkeeping": bookkeeping}).all()
    parameters = {"tables": [table.oid for table in tables]}
    types = {row.oid: row for row in connection.execute(text(_TYPES), parameters)}
    columns, constraints, keys = (
        {oid: list(rows) for oid, rows in groupby(connection.execute(text(query), parameters), itemgetter(0))}
        for query in (_COLUMNS, _CONSTRAINTS, _KEYS)
    )
    names = {table.oid: table.name for table in tables}
    return [
        TableShape(
            name=table.name,
            sql=table.sql,
            columns=tuple(_column(row, types) for row in columns.get(table.oid, ())),
            checks=tuple(
                CheckShape(one.name, tuple(one.columns), one.condition)
                for one in constraints.get(table.oid, ())
                if one.kind != "f"
            ),
            keys=tuple(tuple(one.columns) for one in keys.get(table.oid, ())),
            primary_key=next((tuple(one.columns) for one in keys.get(table.oid, ()) if one.indisprimary), ()),
            references=tuple(
                ReferenceShape(one.name, tuple(one.columns), names[one.referred_oid], tuple(one.referred))
                for one in constraints.get(table.oid, ())
                if one.kind == "f" and one.referred_oid in names
            ),
        )
        for table in tables
    ]


def _column(row: Row[Any], types: Mapping[int, Row[Any]]) -> ColumnShape:
    kind = _type(types, row.atttypid, row.atttypmod, row.type_name)
    nullable = not row.attnotnull and kind.nullable
    return ColumnShape(name=row.attname, type=kind, nullable=nullable, source=row.source)


def _type(types: Mapping[int, Row[Any]], oid: int, modifier: int = -1, name: str = "") -> ValueType:
    """The type of a number in the catalog, with the modifier of a column: `varchar` and 14 are `varchar(10)`."""
    row = types[oid]
    name = name or row.name
    if row.typtype == "d":
        over = _type(types, row.typbasetype, row.typtypmod)
        return replace(
            over,
            name=name,
            bare=over.bare or over.name,
            checks=(*over.checks, *row.checks),
            nullable=over.nullable and not row.typnotnull,
        )
    if row.typtype == "e":
        return ValueType(name=name, family="enum", labels=tuple(row.labels))
    if row.typtype in {"r", "m"}:
        part = _type(types, row.part)
        family, element = ("range", part) if row.typtype == "r" else ("multirange", part.element)
        return ValueType(name=name, family=family, element=element)
    if row.typtype == "c":
        fields = (map(int, one.strip("()").split(",")) for one in row.fields)
        parts = tuple(_type(types, number, modifier) for number, modifier in fields)
        return ValueType(name=name, family="composite", fields=parts)
    if row.typcategory == "A" and row.typelem:
        return ValueType(name=name, family="array", element=_type(types, row.typelem, modifier))
    return ValueType(name=name, family=row.typname, limits=_limits(row.typname, modifier))


def _limits(family: str, modifier: int) -> tuple[int, ...]:
    """What a type modifier means: https://www.postgresql.org/docs/current/catalog-pg-attribute.html."""
    if modifier < 0:
        return ()
    if family in {"varchar", "bpchar"}:
        return (modifier - 4,)
    if family == "numeric":
        # The scale has 11 bits and a sign: NUMERIC_TYPMOD in PostgreSQL's src/backend/utils/adt/numeric.c.
        packed = modifier - 4
        return (packed >> 16 & 0xFFFF, (packed & 0x7FF ^ 0x400) - 0x400)
    return (modifier,) if family in {"bit", "varbit"} else ()
