"""The shapes of the tables of a SQLite database, whose types are names with an affinity."""

import re
from typing import Any, Final

from sqlalchemy import Connection, Inspector, inspect

from schema_tools.rehearsal.shapes import CheckShape, ColumnShape, ReferenceShape, TableShape, ValueType, quoted

# What SQLAlchemy's types are called on SQLite, and how their values look; the rest goes by affinity:
# https://www.sqlite.org/datatype3.html#determination_of_column_affinity
_FAMILIES: Final = (
    (r"BOOL", "bool", "INTEGER"),
    (r"SMALLINT", "int2", "INTEGER"),
    (r"BIGINT", "int8", "INTEGER"),
    (r"INT", "int4", "INTEGER"),
    (r"JSON", "json", ""),
    (r"CHAR|CLOB|TEXT", "varchar", "TEXT"),
    (r"BLOB|BINARY", "text", "BLOB"),
    (r"REAL|FLOA|DOUB", "float8", "REAL"),
    (r"DATETIME|TIMESTAMP", "timestamp", ""),
    (r"DATE", "date", ""),
    (r"TIME", "time", ""),
    (r"NUMERIC|DECIMAL", "numeric", "NUMERIC"),
    (r"", "text", ""),
)
_GENERATED: Final = (2, 3)  # Hidden columns of https://www.sqlite.org/pragma.html#pragma_table_xinfo


def read_sqlite_shapes(connection: Connection, bookkeeping: list[str]) -> list[TableShape]:
    """Every table but SQLite's own and those in `bookkeeping`."""
    inspector = inspect(connection)
    names = [name for name in sorted(inspector.get_table_names()) if name not in bookkeeping]
    return [_table(connection, inspector, name) for name in names]


def _table(connection: Connection, inspector: Inspector, name: str) -> TableShape:
    rows = connection.exec_driver_sql(f"PRAGMA table_xinfo({quoted(name)})").mappings().all()
    primary = tuple(row["name"] for row in sorted(rows, key=lambda row: row["pk"]) if row["pk"])
    checks = enumerate(inspector.get_check_constraints(name), 1)
    columns = [row["name"] for row in rows]
    # https://www.sqlite.org/pragma.html#pragma_index_list
    indexes = connection.exec_driver_sql(f"PRAGMA index_list({quoted(name)})").mappings().all()
    unique = [_indexed(connection, one["name"]) for one in indexes if one["unique"]]
    return TableShape(
        name=name,
        sql=quoted(name),
        columns=tuple(_column(row, primary) for row in rows),
        checks=tuple(
            CheckShape(str(one["name"] or f"check {number}"), _mentioned(one["sqltext"], columns), one["sqltext"])
            for number, one in checks
        ),
        keys=(*([primary] if primary else []), *unique),
        primary_key=primary,
        references=tuple(_reference(inspector, found) for found in inspector.get_foreign_keys(name)),
    )


def _reference(inspector: Inspector, found: Any) -> ReferenceShape:
    table = found["referred_table"]
    referred = found["referred_columns"] or inspector.get_pk_constraint(table)["constrained_columns"]
    name = str(found["name"] or f"foreign key to {table}")
    return ReferenceShape(name, tuple(found["constrained_columns"]), table, tuple(referred))


def _indexed(connection: Connection, index: str) -> tuple[str, ...]:
    """The columns of an index; an expression has no name."""
    rows = connection.exec_driver_sql(f"PRAGMA index_info({quoted(index)})").mappings()
    return tuple(row["name"] for row in rows if row["name"] is not None)


def _column(row: Any, primary: tuple[str, ...]) -> ColumnShape:
    declared = str(row["type"])
    family, cast = next(found for pattern, *found in _FAMILIES if re.search(pattern, declared, re.IGNORECASE))
    limits = tuple(int(number) for number in re.findall(r"\d+", declared))
    if row["hidden"] in _GENERATED:
        source = "database"
    elif primary == (row["name"],) and declared.upper() == "INTEGER":
        source = "counter"  # https://www.sqlite.org/lang_createtable.html#rowid
    else:
        source = "writer" if row["dflt_value"] is None else "default"
    nullable = not row["notnull"] and not row["pk"]
    kind = ValueType(name=cast, family=family, limits=limits)
    return ColumnShape(name=row["name"], type=kind, nullable=nullable, source=source)


def _mentioned(condition: str, columns: list[str]) -> tuple[str, ...]:
    words = set(re.findall(r"\w+", re.sub(r"'[^']*'", "", condition)))
    return tuple(name for name in columns if name in words)
