"""The data dictionary: one line per column, for spreadsheets."""

import csv
import io
import json
from typing import Any, Final

from sqlalchemy import Column, MetaData, Table

from schema_tools.document.sql_words import default_sql
from schema_tools.document.table_facts import (
    ordered_tables,
    primary_key,
    relationships,
    type_words,
    unique_keys,
)

HEAD: Final = (
    "table", "position", "column", "type", "nullable", "default", "keys", "references", "description", "example",
)  # fmt: skip

# A spreadsheet takes a cell that begins with one of these for a formula:
# https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


def data_dictionary(metadata: MetaData) -> str:
    """Every column, tables by name, as CSV (RFC 4180) with a head.

    A cell that a spreadsheet would run has an apostrophe before it.
    """
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(HEAD)
    for table in ordered_tables(metadata):
        references = _references(table, metadata)
        for position, column in enumerate(table.columns, start=1):
            writer.writerow(_harmless(cell) for cell in _row(position, column, references))
    return written.getvalue()


def _row(position: int, column: Column[Any], references: dict[str, str]) -> tuple[str, ...]:
    return (
        column.table.fullname,
        str(position),
        column.name,
        type_words(column),
        "yes" if column.nullable else "no",
        default_sql(column) or "",
        ", ".join(_keys(column)),
        references.get(column.name, ""),
        column.comment or "",
        _example(column.info.get("example")),
    )


def _keys(column: Column[Any]) -> list[str]:
    words = ["primary key"] if column.name in primary_key(column.table) else []
    words += ["unique"] if (column.name,) in unique_keys(column.table) else []
    return words + (["foreign key"] if column.foreign_keys else [])


def _references(table: Table, metadata: MetaData) -> dict[str, str]:
    """What each column refers to; a column may be part of several foreign keys."""
    found: dict[str, list[str]] = {}
    for one in relationships(metadata):
        if one.source is table:
            for name, referred in zip(one.columns, one.referred, strict=True):
                found.setdefault(name, []).append(f"{one.target.fullname}.{referred}")
    return {name: ", ".join(places) for name, places in found.items()}


def _example(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, default=str)


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
