"""The data dictionary: one line per column, for spreadsheets."""

import csv
import io
import json
from typing import Any, Final

from sqlalchemy import Column, MetaData

from schema_tools.document.relationships import relationships
from schema_tools.document.table_facts import default_sql, ordered_tables, primary_key, type_words, unique_keys

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
    references: dict[tuple[str, str], list[str]] = {}
    for one in relationships(metadata):
        for name, referred in zip(one.columns, one.referred, strict=True):
            references.setdefault((one.source.fullname, name), []).append(f"{one.target.fullname}.{referred}")
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(HEAD)
    for table in ordered_tables(metadata):
        for position, column in enumerate(table.columns, start=1):
            cells = _cells(position, column, references.get((table.fullname, column.name), []))
            writer.writerow(f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells)
    return written.getvalue()


def _cells(position: int, column: Column[Any], references: list[str]) -> tuple[str, ...]:
    keys = ["primary key"] if column.name in primary_key(column.table) else []
    keys += ["unique"] if (column.name,) in unique_keys(column.table) else []
    keys += ["foreign key"] if column.foreign_keys else []
    example = column.info.get("example")
    if example is not None and not isinstance(example, str):
        example = json.dumps(example, ensure_ascii=False, default=str)
    return (
        column.table.fullname,
        str(position),
        column.name,
        type_words(column),
        "yes" if column.nullable else "no",
        default_sql(column) or "",
        ", ".join(keys),
        ", ".join(references),
        column.comment or "",
        example or "",
    )
