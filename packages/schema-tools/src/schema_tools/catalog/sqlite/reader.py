"""Reading a SQLite database."""

from typing import Any, Final

from sqlalchemy import Connection, Row, text

from schema_tools.catalog.objects import Catalog, CatalogObject
from schema_tools.catalog.sqlite.declarations import Constraint, TableDeclaration, table_declaration, tokens, worded
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


def quoted(name: str) -> str:
    """A name as SQL has it."""
    return worded(tokens('"' + name.replace('"', '""') + '"'))


def _table(row: Row[Any], declaration: TableDeclaration) -> CatalogObject:
    aspects = {
        "without rowid": bool(row.without_rowid),
        "strict": bool(row.strict),
        "autoincrement": declaration.autoincrement,
    }
    name = quoted(row.table)
    return CatalogObject(
        kind="table",
        name=name,
        table=None,
        aspects=known(aspects),
        create=row.sql,
        drop=f"DROP TABLE {name}",
        alter=dict.fromkeys(aspects, _BY_COPYING),
    )


def _column(row: Row[Any], declaration: TableDeclaration) -> CatalogObject:
    table, name = quoted(row.table), quoted(row.name)
    declared = declaration.columns.get(row.name)
    aspects = {
        "type": row.type,
        "not null": bool(row.not_null),
        "default": None if row.default is None else worded(tokens(row.default)),
        "collation": declared.collation if declared else None,
        "generated": declared.generated if declared else None,
    }
    return CatalogObject(
        kind="column",
        name=f"{table}.{name}",
        table=table,
        aspects=known(aspects),
        create=f"ALTER TABLE {table} ADD COLUMN {declared.text if declared else name}",
        drop=f"ALTER TABLE {table} DROP COLUMN {name}",
        alter=dict.fromkeys(aspects, _BY_COPYING),
        needs=frozenset({f"table {table}"}),
    )


def _constraint(table: str, declared: Constraint) -> CatalogObject:
    return CatalogObject(
        kind=declared.kind,
        name=f"{table}.{quoted(declared.name) if declared.name else declared.definition}",
        table=table,
        aspects={"definition": declared.definition},
        create=_BY_COPYING,
        drop=_BY_COPYING,
        alter={"definition": _BY_COPYING},
        needs=frozenset({f"table {table}"}),
    )


def _other(row: Row[Any]) -> CatalogObject:
    name, table = quoted(row.name), quoted(row.table)
    parts = tokens(row.sql)
    # What comes before is the name, which both sides may spell and quote differently.
    begin = {"index": "ON", "view": "AS", "trigger": row.name}[row.type]
    after = [part.upper() for part in parts].index(begin.upper() if row.type != "trigger" else name.upper()) + 1
    definition = worded(parts[after + (row.type == "index") :])
    unique = row.type == "index" and parts[1].upper() == "UNIQUE"
    return CatalogObject(
        kind=row.type,
        name=name if row.type == "view" else f"{table}.{name}",
        table=None if row.type == "view" else table,
        aspects={"definition": f"UNIQUE {definition}" if unique else definition},
        create=row.sql,
        drop=f"DROP {row.type.upper()} {name}",
        needs=frozenset() if row.type == "view" else frozenset({f"table {table}"}),
    )
