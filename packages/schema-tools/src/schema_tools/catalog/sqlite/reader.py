"""Reading a SQLite database."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from schema_tools.catalog.objects import Catalog, CatalogObject
from schema_tools.catalog.sqlite.declarations import (
    ColumnDeclaration,
    Constraint,
    TableDeclaration,
    quoted,
    table_declaration,
    tokens,
    worded,
)
from schema_tools.catalog.statements import known

# https://www.sqlite.org/pragma.html#pragma_table_list
_TABLES: Final = """
SELECT m.name AS "table", m.sql, l.wr AS without_rowid, l.strict
FROM sqlite_master m JOIN pragma_table_list l ON l.name = m.name AND l.schema = 'main' AND l.type = 'table'
WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
ORDER BY m.name
"""

# https://www.sqlite.org/pragma.html#pragma_table_xinfo
_COLUMNS: Final = """
SELECT m.name AS "table", x.name, x.type, x."notnull" AS not_null, x.dflt_value AS "default"
FROM sqlite_master m JOIN pragma_table_xinfo(m.name) x WHERE m.type = 'table' ORDER BY m.name, x.cid
"""

_OTHERS: Final = """
SELECT type, name, tbl_name AS "table", sql FROM sqlite_master
WHERE type IN ('index', 'view', 'trigger') AND sql IS NOT NULL
ORDER BY CASE type WHEN 'index' THEN 1 WHEN 'view' THEN 2 ELSE 3 END, tbl_name, name
"""

_BY_COPYING: Final = "-- SQLite changes this only by copying the table, as op.batch_alter_table does in a migration."


def read_sqlite(connection: Connection, leave_out: frozenset[str]) -> Catalog:
    """The tables of a database with what belongs to them, its views and triggers."""
    tables, columns, others = (
        [row for row in connection.execute(text(query)) if row.table not in leave_out]
        for query in (_TABLES, _COLUMNS, _OTHERS)
    )
    declarations = {row.table: table_declaration(row.sql) for row in tables}
    objects = [
        *(_table(row, declarations[row.table]) for row in tables),
        *(_column(row, declarations[row.table]) for row in columns if row.table in declarations),
        *(_constraint(quoted(table), one) for table, found in declarations.items() for one in found.constraints),
        *map(_other, others),
    ]
    return {one.label: one for one in objects}


def _object(
    kind: str, name: str, table: str | None, aspects: Mapping[str, object], *, create: str, drop: str
) -> CatalogObject:
    """An object, of `table` or by itself, whose aspects no statement changes in place."""
    return CatalogObject(
        kind=kind,
        name=f"{table}.{name}" if table else name,
        table=table,
        aspects=known(aspects),
        create=create,
        drop=drop,
        alter=dict.fromkeys(aspects, _BY_COPYING),
        needs=frozenset({f"table {table}"} if table else ()),
    )


def _table(row: Row[Any], declaration: TableDeclaration) -> CatalogObject:
    name = quoted(row.table)
    aspects = {
        "without rowid": bool(row.without_rowid),
        "strict": bool(row.strict),
        "autoincrement": declaration.autoincrement,
    }
    return _object("table", name, None, aspects, create=row.sql, drop=f"DROP TABLE {name}")


def _column(row: Row[Any], declaration: TableDeclaration) -> CatalogObject:
    table, name = quoted(row.table), quoted(row.name)
    declared = declaration.columns.get(row.name) or ColumnDeclaration(name)
    aspects = {
        "type": row.type,
        "not null": bool(row.not_null),
        "default": None if row.default is None else worded(tokens(row.default)),
        "collation": declared.collation,
        "generated": declared.generated,
    }
    create = f"ALTER TABLE {table} ADD COLUMN {declared.text}"
    return _object("column", name, table, aspects, create=create, drop=f"ALTER TABLE {table} DROP COLUMN {name}")


def _constraint(table: str, declared: Constraint) -> CatalogObject:
    name = quoted(declared.name) if declared.name else declared.definition
    aspects = {"definition": declared.definition}
    return _object(declared.kind, name, table, aspects, create=_BY_COPYING, drop=_BY_COPYING)


def _other(row: Row[Any]) -> CatalogObject:
    name = quoted(row.name)
    parts = tokens(row.sql)
    # What comes before is the name, which both sides may spell and quote differently.
    begin = {"index": "ON", "view": "AS", "trigger": name.upper()}[row.type]
    after = [part.upper() for part in parts].index(begin) + 1
    definition = worded(parts[after + (row.type == "index") :])
    if row.type == "index" and parts[1].upper() == "UNIQUE":
        definition = f"UNIQUE {definition}"
    table = None if row.type == "view" else quoted(row.table)
    drop = f"DROP {row.type.upper()} {name}"
    made = _object(row.type, name, table, {"definition": definition}, create=row.sql, drop=drop)
    # It is dropped and made again.
    return replace(made, alter={})
