"""What the diagram shows of a table: its name, its keys and its first columns, and how large that is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from schema_tools.document.relationships import Relationship
from schema_tools.document.table_facts import ordered_tables, sql_type
from schema_tools.report.cells import cells, shortened
from schema_tools.report.layout.model import Box, Link

ROW: Final = 20.0
HEAD: Final = 30.0
FOOT: Final = 6.0
# Pixels for one cell of a monospaced font of 12 pixels, a little more than any has.
CELL: Final = 7.4
_PADDING: Final = 12.0
_KEY: Final = 26.0
_BETWEEN: Final = 18.0
_LEAST_WIDTH: Final = 150.0
_LONGEST_NAME: Final = 28
_LONGEST_TYPE: Final = 16
_MOST_ROWS: Final = 12
_SHORT_TYPES: Final = {
    "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp",
    "double precision": "double",
}


@dataclass(frozen=True, slots=True)
class Row:
    """A column as the diagram shows it; `key` is PK, FK, UK or empty."""

    name: str
    type: str
    key: str


@dataclass(frozen=True, slots=True)
class TableBox:
    """A table as the diagram shows it; `hidden` columns are not shown."""

    table: sa.Table
    title: str
    rows: Sequence[Row]
    hidden: int
    columns: Sequence[str]

    @property
    def box(self) -> Box:
        """Its least size."""
        lines = len(self.rows) + bool(self.hidden)
        widths = [cells(one.name) * CELL + cells(one.type) * CELL + _KEY + _BETWEEN for one in self.rows]
        width = max([_LEAST_WIDTH, cells(self.title) * (CELL + 1), *widths])
        return Box(self.table.fullname, round(width + 2 * _PADDING), HEAD + lines * ROW + FOOT)

    def height_of(self, column: str) -> float:
        """How far below the top the middle of a column's row is; of a hidden one, that of the last row."""
        shown = column in self.columns
        return HEAD + FOOT / 2 + (self.columns.index(column) if shown else len(self.rows)) * ROW + ROW / 2


def table_boxes(metadata: sa.MetaData, relationships: Sequence[Relationship]) -> list[TableBox]:
    """Every table, by name."""
    linked = {
        (table.fullname, name)
        for one in relationships
        for table, name in ((one.source, one.columns[0]), (one.target, one.referred[0]))
    }
    return [
        _box(table, {name for full, name in linked if full == table.fullname}) for table in ordered_tables(metadata)
    ]


def links(boxes: Sequence[TableBox], relationships: Sequence[Relationship]) -> list[Link]:
    """A link for each foreign key, at the rows of its first column and of the one it refers to."""
    named = {one.table.fullname: one for one in boxes}
    return [
        Link(
            one.source.fullname,
            named[one.source.fullname].height_of(one.columns[0]),
            one.target.fullname,
            named[one.target.fullname].height_of(one.referred[0]),
        )
        for one in relationships
    ]


def _box(table: sa.Table, linked: set[str]) -> TableBox:
    columns = list(table.columns)
    shown = columns
    if len(columns) > _MOST_ROWS:
        needed = [one for one in columns if one.primary_key or one.name in linked]
        others = [one for one in columns if one not in needed]
        kept = {one.name for one in [*needed, *others[: max(_MOST_ROWS - 1 - len(needed), 0)]]}
        shown = [one for one in columns if one.name in kept]
    return TableBox(
        table=table,
        title=shortened(table.fullname, _LONGEST_NAME),
        rows=[_row(one) for one in shown],
        hidden=len(columns) - len(shown),
        columns=[one.name for one in shown],
    )


def _row(column: sa.Column[Any]) -> Row:
    key = "PK" if column.primary_key else "FK" if column.foreign_keys else "UK" if column.unique else ""
    words = sql_type(column).lower()
    kind = shortened(_SHORT_TYPES.get(words, words), _LONGEST_TYPE)
    return Row(shortened(column.name, _LONGEST_NAME), kind, key)
