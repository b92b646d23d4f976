"""The shapes of the tables of a SQLite database, whose types are names with an affinity."""

import re
from typing import Any, Final

from sqlalchemy import Connection, Inspector, inspect

from schema_tools.rehearsal.shapes import (
    CheckShape,
    ColumnShape,
    KeyShape,
    ReferenceShape,
    TableShape,
    ValueType,
    quoted,
    source,
)

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
    return TableShape(
        name=name,
        sql=quoted(name),
        columns=tuple(_column(row, primary) for row in rows),
        checks=tuple(
            CheckShape(
                name=str(check["name"] or f"check {number}"),
                columns=_mentioned(check["sqltext"], columns),
                condition=check["sqltext"],
            )
            for number, check in checks
        ),
        keys=(
            *([KeyShape(name="primary key", columns=primary, primary=True)] if primary else []),
            *_unique_keys(connection, name),
        ),
        references=tuple(_reference(inspector, found) for found in inspector.get_foreign_keys(name)),
    )


def _reference(inspector: Inspector, found: Any) -> ReferenceShape:
    referred = found["referred_columns"] or inspector.get_pk_constraint(found["referred_table"])["constrained_columns"]
    return ReferenceShape(
        name=str(found["name"] or f"foreign key to {found['referred_table']}"),
        columns=tuple(found["constrained_columns"]),
        table=found["referred_table"],
        referred=tuple(referred),
    )


def _unique_keys(connection: Connection, table: str) -> list[KeyShape]:
    """The unique constraints and indexes: https://www.sqlite.org/pragma.html#pragma_index_list."""
    indexes = connection.exec_driver_sql(f"PRAGMA index_list({quoted(table)})").mappings().all()
    return [KeyShape(name=one["name"], columns=_indexed(connection, one["name"])) for one in indexes if one["unique"]]


def _indexed(connection: Connection, index: str) -> tuple[str, ...]:
    """The columns of an index; an expression has no name."""
    rows = connection.exec_driver_sql(f"PRAGMA index_info({quoted(index)})").mappings()
    return tuple(row["name"] for row in rows if row["name"] is not None)


def _column(row: Any, primary: tuple[str, ...]) -> ColumnShape:
    declared = str(row["type"])
    family, cast = next(
        ((family, cast) for pattern, family, cast in _FAMILIES if re.search(pattern, declared, re.IGNORECASE)),
        ("text", ""),
    )
    limits = tuple(int(number) for number in re.findall(r"\d+", declared))
    # https://www.sqlite.org/lang_createtable.html#rowid: such a column counts by itself.
    counts = primary == (row["name"],) and declared.upper() == "INTEGER"
    return ColumnShape(
        name=row["name"],
        type=ValueType(name=cast, family=family, limits=limits),
        nullable=not row["notnull"] and not row["pk"],
        source=source(generated=row["hidden"] in _GENERATED, counted=counts, default=row["dflt_value"] is not None),
    )


def _mentioned(condition: str, columns: list[str]) -> tuple[str, ...]:
    words = set(re.findall(r"\w+", re.sub(r"'[^']*'", "", condition)))
    return tuple(name for name in columns if name in words)
