"""Types that PostgreSQL's own authors advise against, as its DDL words them.

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
    "json-type",
    fires="a column of type json",
    why="json keeps the text, so it has no equality, no index and a parse for each access; jsonb has all three.",
    source="https://www.postgresql.org/docs/current/datatype-json.html",
    example='Table("notes", metadata, Column("details", postgresql.JSON))',
    safe='Table("notes", metadata, Column("details", postgresql.JSONB))',
)
def json_type(table: Table) -> Iterator[TableHit]:
    """Json rather than jsonb."""
    return _typed(table, r"JSON(\[\])*", lambda column: f'Column("{column.name}", postgresql.JSONB)')


@table_rule(
    "timestamp-without-zone",
    fires="a column of type timestamp without time zone",
    why="It is not a moment: what it means depends on who wrote it, and it jumps by an hour twice a year.",
    source=f"{_ADVICE}#Don.27t_use_timestamp_.28without_time_zone.29",
    example='Table("notes", metadata, Column("read_at", DateTime))',
    safe='Table("notes", metadata, Column("read_at", DateTime(timezone=True)))',
)
def timestamp_without_zone(table: Table) -> Iterator[TableHit]:
    """Times without a zone."""
    pattern = r"TIMESTAMP(\(\d\))? WITHOUT TIME ZONE(\[\])*"
    return _typed(table, pattern, lambda column: f'Column("{column.name}", DateTime(timezone=True))')


@table_rule(
    "serial-type",
    fires="a column of type serial",
    why="Its sequence has privileges and an owner of its own, and anybody may write another number; an identity not.",
    source=f"{_ADVICE}#Don.27t_use_serial",
    example='Table("notes", metadata, Column("id", Integer, primary_key=True))',
    safe='Table("notes", metadata, Column("id", Integer, Identity(), primary_key=True))',
)
def serial_type(table: Table) -> Iterator[TableHit]:
    """What SQLAlchemy makes of an integer key that says nothing else."""
    for column in table.columns:
        worded = str(CreateColumn(column).compile(dialect=_DIALECT))
        if re.search(r"\b(SMALL|BIG)?SERIAL\b", worded) and column.table.autoincrement_column is column:
            mend = f'Column("{column.name}", {type(column.type).__name__}, Identity(), primary_key=True)'
            yield _hit(column, "is serial", mend)


@table_rule(
    "char-type",
    fires="a column of type char(n)",
    why="It is filled up with blanks, which count in some comparisons and not in others; it is no faster.",
    source=f"{_ADVICE}#Don.27t_use_char.28n.29",
    example='Table("notes", metadata, Column("country", CHAR(2)))',
    safe='Table("notes", metadata, Column("country", String(2)))',
)
def char_type(table: Table) -> Iterator[TableHit]:
    """Texts of a fixed length."""

    def mend(column: Column[object]) -> str:
        return f'Column("{column.name}", String({getattr(column.type, "length", None) or 1}))'

    return _typed(table, r"CHAR(\(\d+\))?(\[\])*", mend)


@table_rule(
    "money-type",
    fires="a column of type money",
    why="It keeps no currency, and how many digits it has depends on the server's locale.",
    source=f"{_ADVICE}#Don.27t_use_money",
    example='Table("notes", metadata, Column("price", postgresql.MONEY))',
    safe='Table("notes", metadata, Column("price", Numeric(12, 2)))',
)
def money_type(table: Table) -> Iterator[TableHit]:
    """Amounts that depend on the locale."""
    return _typed(table, r"MONEY(\[\])*", lambda column: f'Column("{column.name}", Numeric(12, 2))')


def _typed(table: Table, pattern: str, mend: Callable[[Column[object]], str]) -> Iterator[TableHit]:
    for column in table.columns:
        words = sql_type(column)
        if re.fullmatch(pattern, words):
            yield _hit(column, f"is {words.lower()}", mend(column))


def _hit(column: Column[object], message: str, mend: str) -> TableHit:
    place = f"{column.table.fullname}.{column.name}"
    return TableHit(place, f"{place} {message}", mend, column.info)
