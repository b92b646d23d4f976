"""Columns of the mapping: types that PostgreSQL's own authors advise against, comments, times of rows, foreign keys.

Source: https://wiki.postgresql.org/wiki/Don%27t_Do_This
"""

import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ForeignKeyConstraint, Table
from sqlalchemy.schema import CreateColumn

from schema_tools.dialects import DIALECTS
from schema_tools.document.table_facts import full_name, sql_type
from schema_tools.findings import Group
from schema_tools.lint.actions import short
from schema_tools.lint.keys import leading_columns
from schema_tools.lint.rule import TableHit, table_rule

_ADVICE = "https://wiki.postgresql.org/wiki/Don%27t_Do_This"
_SOURCE = "ddl-constraints.html#DDL-CONSTRAINTS-FK"
_TEAMS = 'Table("teams", metadata, Column("id", BigInteger, Identity(), primary_key=True))\n'


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
    group=Group.OPINION,
)
def serial_type(table: Table) -> Iterator[TableHit]:
    """Its sequence has its own owner and privileges, and any number can be inserted; an identity prevents both."""
    for column in table.columns:
        worded = str(CreateColumn(column).compile(dialect=DIALECTS["postgresql"]))
        if re.search(r"\b(SMALL|BIG)?SERIAL\b", worded) and _counted(table) is column:
            fix = f'Column("{column.name}", {type(column.type).__name__}, Identity(), primary_key=True)'
            yield TableHit(column, f"{full_name(column)} is serial", fix)


@table_rule(
    fires="a column of type char(n)",
    source=f"{_ADVICE}#Don.27t_use_char.28n.29",
    example='Table("notes", metadata, Column("country", CHAR(2)))',
    safe='Table("notes", metadata, Column("country", String(2)))',
)
def char_type(table: Table) -> Iterator[TableHit]:
    """It is padded with blanks, which count in some comparisons and not in others; it is no faster."""
    # CHAR is CHAR(1).
    pattern = r"CHAR(\(\d+\))?(\[\])*"
    return _typed(table, pattern, lambda one: f'Column("{one.name}", String({getattr(one.type, "length", 0) or 1}))')


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
            yield TableHit(column, f"{full_name(column)} is {words.lower()}", fix(column))


@table_rule(
    fires="a table or column without a comment",
    source="sql-comment.html",
    example='Table("notes", metadata, Column("title", Text))',
    safe='Table("notes", metadata, Column("title", Text, comment="Title"), comment="Stores notes.")',
    group=Group.OPINION,
)
def missing_comment(table: Table) -> Iterator[TableHit]:
    """The schema document cannot describe it."""
    if not (table.comment or "").strip():
        fix = f'comment="Stores {table.name.replace("_", " ")}."'
        yield TableHit(table, f"what does {table.fullname} store?", fix)
    for column in table.columns:
        if not (column.comment or "").strip():
            words = column.name.replace("_", " ").capitalize()
            yield TableHit(column, f"what does {full_name(column)} mean?", f'comment="{words}"')


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
    group=Group.OPINION,
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
            yield TableHit(table, f"{table.fullname} has no {name}", fix)
            continue
        words = sql_type(column)
        faults = {
            f"is {words.lower()}, not timestamp with time zone": not re.fullmatch("TIMESTAMP.*WITH TIME ZONE", words),
            "may be null": column.nullable,
            "has no default in the database": column.server_default is None,
        }
        if any(faults.values()):
            found = " and ".join(words for words, holds in faults.items() if holds)
            yield TableHit(column, f"{full_name(column)} {found}", fix)


@table_rule(
    fires="a foreign key whose type is not that of the column it refers to",
    source=_SOURCE,
    example=_TEAMS
    + 'Table("notes", metadata, Column("team_id", Integer, ForeignKey("teams.id", ondelete="CASCADE"), index=True))',
    safe=_TEAMS
    + 'Table("notes", metadata, Column("team_id", BigInteger, ForeignKey("teams.id", ondelete="CASCADE"), index=True))',
)
def foreign_key_type(table: Table) -> Iterator[TableHit]:
    """Each lookup converts the value, which may rule out an index, and a value may not fit."""
    for constraint in _foreign_keys(table):
        for element in constraint.elements:
            column: Column[object] = element.parent
            own, other = sql_type(column), sql_type(element.column)
            if own != other:
                target = full_name(element.column)
                wanted = getattr(element.column.type, "impl_instance", element.column.type)
                fix = f'Column("{column.name}", {wanted!r}, ForeignKey("{target}"))'
                yield TableHit(column, f"{full_name(column)} is {own.lower()}, and {target} is {other.lower()}", fix)


@table_rule(
    fires="a foreign key that no index begins with",
    source=_SOURCE,
    example=_TEAMS + 'Table("notes", metadata, Column("team_id", ForeignKey("teams.id", ondelete="CASCADE")))',
    safe=_TEAMS + 'Table("notes", metadata, Column("team_id", ForeignKey("teams.id", ondelete="CASCADE"), index=True))',
)
def foreign_key_without_index(table: Table) -> Iterator[TableHit]:
    """Each DELETE or key change in the other table reads this whole table; so do joins."""
    # The order of its columns in the index does not matter.
    for constraint in _foreign_keys(table):
        columns = list(constraint.columns)
        names = {column.name for column in columns}
        if not any(set(key[: len(names)]) == names for key in leading_columns(table)):
            listed = ", ".join(f'"{column.name}"' for column in columns)
            message = f"no index of {table.fullname} begins with {', '.join(column.name for column in columns)}"
            yield TableHit(columns[0], message, f"Index(None, {listed})")


@table_rule(
    fires="a foreign key that does not say what a delete does",
    source=_SOURCE,
    example=_TEAMS + 'Table("notes", metadata, Column("team_id", ForeignKey("teams.id"), index=True))',
    safe=_TEAMS
    + 'Table("notes", metadata, Column("team_id", ForeignKey("teams.id", ondelete="RESTRICT"), index=True))',
    group=Group.OPINION,
)
def foreign_key_without_on_delete(table: Table) -> Iterator[TableHit]:
    """NO ACTION may be intended or forgotten; that is unclear until a delete fails."""
    for constraint in _foreign_keys(table):
        if not constraint.ondelete:
            column = next(iter(constraint.columns))
            target = f"{constraint.referred_table.fullname}.{constraint.elements[0].column.name}"
            message = f"what happens to {table.fullname} when a row of {constraint.referred_table.fullname} is deleted?"
            fix = f'ForeignKey("{target}", ondelete="RESTRICT")  # or CASCADE, or SET NULL'
            yield TableHit(column, message, fix)


@table_rule(
    fires="a column called *_id that may be the key of another table, without a foreign key and without "
    'info={"not_a_reference": "reason"}: there is a table of that name, or it is an integer or a UUID as a key is',
    source=_SOURCE,
    example=_TEAMS + 'Table("notes", metadata, Column("team_id", Integer))',
    safe=_TEAMS
    + 'Table("notes", metadata, Column("team_id", Integer, info={"not_a_reference": "It is of another system."}))',
)
def reference_without_foreign_key(table: Table) -> Iterator[TableHit]:
    """Nothing keeps it from referring to a missing row."""
    for column in table.columns:
        if not column.name.endswith("_id") or column.foreign_keys or column.info.get("not_a_reference"):
            continue
        named = _named_like(column)
        if named is not None:
            fix = f'ForeignKey("{named}.id", ondelete="RESTRICT")'
        elif _is_like_a_key(column):
            fix = 'info={"not_a_reference": "It identifies something in another system."}'
        else:
            continue  # a text that another system gave, such as a number of a tax office
        yield TableHit(column, f"{full_name(column)} is called a reference, and is none", fix)


def _named_like(column: Column[Any]) -> str | None:
    """The table that a column called `team_id` names."""
    other = column.name.removesuffix("_id")
    names = {other, f"{other}s", f"{other}es", re.sub("y$", "ies", other)}
    return next((name for name in sorted(column.table.metadata.tables) if short(name) in names), None)


def _is_like_a_key(column: Column[Any]) -> bool:
    """Whether it is an integer or a UUID, and so is the key of a table."""
    keys = (one for table in column.table.metadata.tables.values() for one in table.primary_key.columns)
    kind = _python_type(column)
    return kind in {int, UUID} and any(_python_type(one) is kind for one in keys)


def _python_type(column: Column[Any]) -> type | None:
    try:
        return column.type.python_type
    except NotImplementedError:
        return None


def _foreign_keys(table: Table) -> list[ForeignKeyConstraint]:
    return sorted(table.foreign_key_constraints, key=lambda one: tuple(one.column_keys))


def _counted(table: Table) -> Column[Any] | None:
    """The column of a table that is counted; SQLAlchemy before 2.0.4 has no public name for it."""
    if hasattr(table, "autoincrement_column"):
        return table.autoincrement_column
    return table._autoincrement_column  # noqa: SLF001 -- see above
