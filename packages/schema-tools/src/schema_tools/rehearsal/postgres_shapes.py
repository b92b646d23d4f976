"""The shapes of the tables of a PostgreSQL database, from its catalog."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from schema_tools.rehearsal.shapes import (
    CheckShape,
    ColumnShape,
    KeyShape,
    ReferenceShape,
    TableShape,
    ValueType,
    source,
)

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
SELECT a.attrelid, a.attname, a.attnum, a.atttypid, a.atttypmod, a.attnotnull, a.attidentity, a.attgenerated,
       format_type(a.atttypid, a.atttypmod) AS type_name, coalesce(pg_get_expr(d.adbin, d.adrelid), '') AS "default"
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = ANY (:tables) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
"""

_CONSTRAINTS: Final = """
SELECT conrelid, conname, contype, conkey, confrelid, confkey, pg_get_expr(conbin, conrelid) AS condition
FROM pg_constraint WHERE conrelid = ANY (:tables) AND contype IN ('c', 'f') ORDER BY conrelid, contype, conname
"""

# The columns of an expression are in the dependencies of the index.
_KEYS: Final = """
SELECT i.indrelid, c.relname, i.indisprimary, ARRAY(
         SELECT attnum FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, position)
         WHERE attnum > 0 AND position <= i.indnkeyatts
         UNION
         SELECT refobjsubid FROM pg_depend
         WHERE classid = 'pg_class'::regclass AND objid = i.indexrelid AND refobjid = i.indrelid AND refobjsubid > 0
           AND 0 = ANY (i.indkey::int2[])
       ) AS columns
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = ANY (:tables) AND (i.indisunique OR i.indisexclusion) ORDER BY i.indrelid, c.relname
"""

_PARTITIONS: Final = """
SELECT root.oid, string_agg('(' || coalesce(pg_get_partition_constraintdef(tree.relid), 'TRUE') || ')', ' OR '
       ORDER BY tree.relid::text) AS condition,
       (SELECT array_agg(DISTINCT k.attnum) FROM pg_partitioned_table p, unnest(p.partattrs::int2[]) AS k(attnum)
        WHERE p.partrelid = root.oid AND k.attnum > 0) AS columns
FROM unnest(CAST(:tables AS oid[])) AS root(oid), pg_partition_tree(root.oid) AS tree
WHERE tree.isleaf AND tree.relid <> root.oid GROUP BY root.oid
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
    types = _Types({row.oid: row for row in connection.execute(text(_TYPES), parameters)})
    columns, constraints, keys = (
        _by_table(connection.execute(text(query), parameters).all()) for query in (_COLUMNS, _CONSTRAINTS, _KEYS)
    )
    partitioned = {"tables": [table.oid for table in tables if table.relkind == "p"]}
    partitions = {row.oid: row for row in connection.execute(text(_PARTITIONS), partitioned)}
    names = {table.oid: table.name for table in tables}
    numbers = {oid: {column.attnum: column.attname for column in some} for oid, some in columns.items()}
    return [
        TableShape(
            name=table.name,
            sql=table.sql,
            columns=tuple(_column(row, types) for row in columns[table.oid]),
            checks=(*_checks(constraints[table.oid], numbers), *_partition_check(partitions.get(table.oid), numbers)),
            keys=tuple(
                KeyShape(name=row.relname, columns=_named(row.columns, numbers[table.oid]), primary=row.indisprimary)
                for row in keys[table.oid]
            ),
            references=_references(constraints[table.oid], numbers, names),
        )
        for table in tables
    ]


def _by_table(rows: Any) -> Mapping[int, list[Row[Any]]]:
    found: defaultdict[int, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        found[row[0]].append(row)
    return found


def _column(row: Row[Any], types: "_Types") -> ColumnShape:
    kind = types.of(row.atttypid, row.atttypmod, row.type_name)
    return ColumnShape(
        name=row.attname,
        type=kind,
        nullable=not row.attnotnull and kind.nullable,
        source=source(
            generated=bool(row.attgenerated),
            counted=bool(row.attidentity or row.default.startswith("nextval(")),
            default=bool(row.default),
        ),
    )


def _checks(constraints: list[Row[Any]], numbers: Mapping[int, Mapping[int, str]]) -> list[CheckShape]:
    return [
        CheckShape(name=row.conname, columns=_named(row.conkey, numbers[row.conrelid]), condition=row.condition)
        for row in constraints
        if row.contype == "c"
    ]


def _partition_check(row: Row[Any] | None, numbers: Mapping[int, Mapping[int, str]]) -> list[CheckShape]:
    if row is None:
        return []
    columns = _named(row.columns, numbers[row.oid])
    return [CheckShape(name="the bounds of the partitions", columns=columns, condition=row.condition)]


def _references(
    constraints: list[Row[Any]], numbers: Mapping[int, Mapping[int, str]], names: Mapping[int, str]
) -> tuple[ReferenceShape, ...]:
    return tuple(
        ReferenceShape(
            name=row.conname,
            columns=_named(row.conkey, numbers[row.conrelid]),
            table=names[row.confrelid],
            referred=_named(row.confkey, numbers[row.confrelid]),
        )
        for row in constraints
        if row.contype == "f" and row.confrelid in names
    )


def _named(columns: list[int] | None, names: Mapping[int, str]) -> tuple[str, ...]:
    return tuple(names[number] for number in columns or ())


class _Types:
    """The types of a database, as `ValueType`s, by their numbers in the catalog."""

    def __init__(self, rows: Mapping[int, Row[Any]]) -> None:
        self._rows = rows

    def of(self, oid: int, modifier: int, name: str | None = None) -> ValueType:
        """The type, with the modifier that a column has: `varchar` and 14 are `varchar(10)`."""
        row = self._rows[oid]
        name = name or row.name
        if row.typtype == "d":
            return self._domain(row, name)
        if row.typtype == "e":
            return ValueType(name=name, family="enum", labels=tuple(row.labels))
        if row.typtype in {"r", "m"}:
            family = "range" if row.typtype == "r" else "multirange"
            part = self.of(row.part, -1)
            return ValueType(name=name, family=family, element=part if family == "range" else part.element)
        if row.typtype == "c":
            fields = (one.strip("()").split(",") for one in row.fields)
            parts = tuple(self.of(int(number), int(modifier)) for number, modifier in fields)
            return ValueType(name=name, family="composite", fields=parts)
        if row.typcategory == "A" and row.typelem:
            return ValueType(name=name, family="array", element=self.of(row.typelem, modifier))
        return ValueType(name=name, family=row.typname, limits=_limits(row.typname, modifier))

    def _domain(self, row: Row[Any], name: str) -> ValueType:
        over = self.of(row.typbasetype, row.typtypmod)
        return ValueType(
            name=name,
            bare=over.bare or over.name,
            family=over.family,
            limits=over.limits,
            labels=over.labels,
            element=over.element,
            fields=over.fields,
            checks=(*over.checks, *row.checks),
            nullable=over.nullable and not row.typnotnull,
        )


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
