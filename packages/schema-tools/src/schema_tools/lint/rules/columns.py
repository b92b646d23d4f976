"""Columns of the mapping: types that PostgreSQL's own authors advise against, comments, and the times of rows.

Source: https://wiki.postgresql.org/wiki/Don%27t_Do_This
"""

import re
from collections.abc import Callable, Iterator

from sqlalchemy import Column, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateColumn

from schema_tools.document.table_facts import sql_type
from schema_tools.lint.rule import TableHit, table_rule

_ADVICE = "https://wiki.postgresql.org/wiki/Don%27t_Do_This"
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


@table_rule(
    fires="a column of type json",
    source="datatype-json.html",
    example='Table("notes", metadata, Column("details", postgresql.JSON))',
    safe='Table("notes", metadata, Column("details", postgresql.JSONB))',
)
def json_type(table: Table) -> Iterator[TableHit]:
    """Json keeps the text, so it has no equality, no index and a parse for each access; jsonb has all three."""
    return _typed(table, r"JSON(\[\])*", lambda column: f'Column("{column.name}", postgresql.JSONB)')


@table_rule(
    fires="a column of type timestamp without time zone",
    source=f"{_ADVICE}#Don.27t_use_timestamp_.28without_time_zone.29",
    example='Table("notes", metadata, Column("read_at", DateTime))',
    safe='Table("notes", metadata, Column("read_at", DateTime(timezone=True)))',
)
def timestamp_without_zone(table: Table) -> Iterator[TableHit]:
    """It is not a point in time: its meaning depends on who wrote it, and it jumps by an hour twice a year."""
    pattern = r"TIMESTAMP(\(\d\))? WITHOUT TIME ZONE(\[\])*"
    return _typed(table, pattern, lambda column: f'Column("{column.name}", DateTime(timezone=True))')


@table_rule(
    fires="a column of type serial",
    source=f"{_ADVICE}#Don.27t_use_serial",
    example='Table("notes", metadata, Column("id", Integer, primary_key=True))',
    safe='Table("notes", metadata, Column("id", Integer, Identity(), primary_key=True))',
)
def serial_type(table: Table) -> Iterator[TableHit]:
    """Its sequence has its own owner and privileges, and any number can be inserted; an identity prevents both."""
    for column in table.columns:
        worded = str(CreateColumn(column).compile(dialect=_DIALECT))
        if re.search(r"\b(SMALL|BIG)?SERIAL\b", worded) and column.table.autoincrement_column is column:
            fix = f'Column("{column.name}", {type(column.type).__name__}, Identity(), primary_key=True)'
            yield _hit(column, "is serial", fix)


@table_rule(
    fires="a column of type char(n)",
    source=f"{_ADVICE}#Don.27t_use_char.28n.29",
    example='Table("notes", metadata, Column("country", CHAR(2)))',
    safe='Table("notes", metadata, Column("country", String(2)))',
)
def char_type(table: Table) -> Iterator[TableHit]:
    """It is padded with blanks, which count in some comparisons and not in others; it is no faster."""

    def fix(column: Column[object]) -> str:
        return f'Column("{column.name}", String({getattr(column.type, "length", None) or 1}))'

    return _typed(table, r"CHAR(\(\d+\))?(\[\])*", fix)


@table_rule(
    fires="a column of type money",
    source=f"{_ADVICE}#Don.27t_use_money",
    example='Table("notes", metadata, Column("price", postgresql.MONEY))',
    safe='Table("notes", metadata, Column("price", Numeric(12, 2)))',
)
def money_type(table: Table) -> Iterator[TableHit]:
    """It stores no currency, and its number of digits depends on the server's locale."""
    return _typed(table, r"MONEY(\[\])*", lambda column: f'Column("{column.name}", Numeric(12, 2))')


def _typed(table: Table, pattern: str, fix: Callable[[Column[object]], str]) -> Iterator[TableHit]:
    for column in table.columns:
        words = sql_type(column)
        if re.fullmatch(pattern, words):
            yield _hit(column, f"is {words.lower()}", fix(column))


def _hit(column: Column[object], message: str, fix: str) -> TableHit:
    place = f"{column.table.fullname}.{column.name}"
    return TableHit(place, f"{place} {message}", fix, column.info)


@table_rule(
    fires="a table or column without a comment",
    source="sql-comment.html",
    example='Table("notes", metadata, Column("title", Text))',
    safe='Table("notes", metadata, Column("title", Text, comment="Title"), comment="Stores notes.")',
)
def missing_comment(table: Table) -> Iterator[TableHit]:
    """The schema document cannot describe it."""
    if not (table.comment or "").strip():
        fix = f'comment="Stores {table.name.replace("_", " ")}."'
        yield TableHit(table.fullname, f"what does {table.fullname} store?", fix, table.info)
    for column in table.columns:
        if not (column.comment or "").strip():
            place = f"{table.fullname}.{column.name}"
            words = column.name.replace("_", " ").capitalize()
            fix = f'comment="{words}"'
            yield TableHit(place, f"what does {place} mean?", fix, column.info)


@table_rule(
    fires="a table without created_at and updated_at, each timestamptz, NOT NULL and with a default, and without "
    'info={"append_only": "reason"}, with which it needs neither',
    source="datatype-datetime.html",
    example='Table("notes", metadata, Column("title", Text))',
    safe="""
Table(
    "notes",
    metadata,
    Column("created_at", DateTime(timezone=True), server_default=func.now(), nullable=False, comment="Creation"),
    Column("updated_at", DateTime(timezone=True), server_default=func.now(), nullable=False, comment="Last update"),
    comment="Stores notes.",
)
""",
)
def missing_timestamps(table: Table) -> Iterator[TableHit]:
    """There is no record of when a row was created or last changed."""
    # Whether a trigger maintains the second is checked in the database.
    if table.info.get("append_only"):
        return
    for name in ("created_at", "updated_at"):
        fix = f'Column("{name}", DateTime(timezone=True), server_default=func.now(), nullable=False)'
        column = table.columns.get(name)
        if column is None:
            yield TableHit(table.fullname, f"{table.fullname} has no {name}", fix, table.info)
            continue
        faults = _faults(column)
        if faults:
            place = f"{table.fullname}.{name}"
            yield TableHit(place, f"{place} {' and '.join(faults)}", fix, column.info)


def _faults(column: Column[object]) -> list[str]:
    faults = []
    words = sql_type(column)
    if not (words.startswith("TIMESTAMP") and words.endswith("WITH TIME ZONE")):
        faults.append(f"is {words.lower()}, not timestamp with time zone")
    if column.nullable:
        faults.append("may be null")
    if column.server_default is None:
        faults.append("has no default in the database")
    return faults
