"""The examples of the mapping, as values that a database of any revision can be given."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import MetaData

from schema_tools.rehearsal.shapes import TableShape, ValueType

Examples = Mapping[str, Mapping[str, Any]]
"""`Column.info["example"]` by table and column."""


def examples_of(metadata: MetaData) -> Examples:
    """Every example that the mapping gives."""
    return {
        name: {column.name: column.info["example"] for column in table.columns if "example" in column.info}
        for name, table in metadata.tables.items()
    }


def examples_as_text(examples: Mapping[str, Any], table: TableShape) -> dict[str, str | None]:
    """Examples of the columns that the table has, as text. Whether they are good is for the database to say."""
    return {
        column.name: _as_text(examples[column.name], column.type) for column in table.columns if column.name in examples
    }


def _as_text(value: Any, kind: ValueType) -> str | None:
    if value is None:
        return None
    if kind.family.startswith("json"):
        return json.dumps(value)
    if isinstance(value, list | tuple):
        return "{%s}" % ",".join(_element(one, kind.element or kind) for one in value)  # noqa: UP031 -- an array's own
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"\\x{value.hex()}" if isinstance(value, bytes) else str(value)


def _element(value: Any, kind: ValueType) -> str:
    if isinstance(value, list | tuple):
        return str(_as_text(value, kind))
    text = _as_text(value, kind)
    return "NULL" if text is None else json.dumps(text, ensure_ascii=False)
