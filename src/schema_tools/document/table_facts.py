"""What a table is, in the words of the schema document: types, constraints, indexes, relationships, example."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    CheckConstraint,
    Column,
    Computed,
    DefaultClause,
    Enum,
    ForeignKeyConstraint,
    MetaData,
    Table,
    UniqueConstraint,
)
from sqlalchemy.sql.elements import ClauseElement

from schema_tools.writing.rendering import DIALECTS

_POSTGRESQL: Final = DIALECTS["postgresql"]
_CLOCKS: Final = frozenset({"now()", "current_timestamp", "statement_timestamp()", "clock_timestamp()"})


@dataclass(frozen=True, slots=True)
class Relationship:
    """A foreign key.

    Attributes:
        source: The table that has it.
        columns: The columns of it.
        target: The table that it refers to.
        referred: The columns that it refers to.
        on_delete: What happens to the rows when the row they refer to is deleted.
        optional: Whether a row may refer to none.
        single: Whether at most one row refers to a row.
    """

    source: Table
    columns: tuple[str, ...]
    target: Table
    referred: tuple[str, ...]
    on_delete: str
    optional: bool
    single: bool


def ordered_tables(metadata: MetaData) -> list[Table]:
    """Every table by name."""
    return [metadata.tables[name] for name in sorted(metadata.tables)]


def sql_type(column: Column[Any]) -> str:
    """The column's type as PostgreSQL words it."""
    return str(column.type.compile(dialect=_POSTGRESQL))


def type_words(column: Column[Any]) -> str:
    """The column's type for people: as PostgreSQL words it, an enum with its values."""
    words = sql_type(column)
    if isinstance(column.type, Enum):
        return f"{words} ({', '.join(column.type.enums)})"
    return words


def constraint_words(column: Column[Any]) -> list[str]:
    """What holds for the column, most telling first.

    The words are PRIMARY KEY, UNIQUE, NOT NULL, INDEX, DEFAULT, ON UPDATE, GENERATED, CHECK and FOREIGN KEY. INDEX
    says that an index begins with the column, be it the one of the primary key or of a unique constraint.
    """
    words = []
    if column.primary_key:
        words.append("PRIMARY KEY")
    if (column.name,) in unique_keys(column.table):
        words.append("UNIQUE")
    if not column.nullable and not column.primary_key:
        words.append("NOT NULL")
    if any(key[0] == column.name for key in (primary_key(column.table), *index_keys(column.table)) if key):
        words.append("INDEX")
    words += [*_default_words(column), *_check_words(column)]
    if column.foreign_keys:
        words.append("FOREIGN KEY")
    return words


def primary_key(table: Table) -> tuple[str, ...]:
    """The columns of the primary key; none when there is no key."""
    return tuple(column.name for column in table.primary_key.columns)


def unique_keys(table: Table) -> list[tuple[str, ...]]:
    """The columns, or expressions, of each unique constraint and unique index, in a stable order."""
    constraints = [
        tuple(column.name for column in one.columns) for one in table.constraints if isinstance(one, UniqueConstraint)
    ]
    indexes = [_index_key(index) for index in table.indexes if index.unique]
    return sorted({*constraints, *indexes})


def index_keys(table: Table) -> list[tuple[str, ...]]:
    """The columns, or expressions, of each index beside the primary key's.

    A unique constraint is an index too, so it is listed here as well.
    """
    return sorted({*unique_keys(table), *(_index_key(index) for index in table.indexes)})


def spanning_checks(table: Table) -> list[str]:
    """The text of each CHECK constraint that concerns not exactly one column."""
    return sorted(text for columns, text in _checks(table) if len(columns) != 1)


def relationships(metadata: MetaData) -> list[Relationship]:
    """Every foreign key, in a stable order."""
    found = [
        _relationship(constraint)
        for table in ordered_tables(metadata)
        for constraint in table.constraints
        if isinstance(constraint, ForeignKeyConstraint)
    ]
    return sorted(found, key=lambda one: (one.source.fullname, one.columns, one.target.fullname, one.referred))


def example_row(table: Table) -> dict[str, Any]:
    """The example of each column: `Column.info["example"]`; a nullable column without one has None."""
    return {column.name: column.info.get("example") for column in table.columns}


def findings(metadata: MetaData) -> list[str]:
    """What the document would lack: a table or column without comment, a NOT NULL column without example."""
    found = []
    for table in ordered_tables(metadata):
        if not (table.comment or "").strip():
            found.append(
                f"{table.fullname} has no comment: say in one sentence what it stores, with Table(comment=...)"
            )
        for column in table.columns:
            name = f"{table.fullname}.{column.name}"
            if not (column.comment or "").strip():
                found.append(f"{name} has no comment: say what it means, with Column(comment=...)")
            if "example" not in column.info and not column.nullable:
                found.append(f'{name} has no example: give one, with Column(info={{"example": ...}})')
    return found


def _default_words(column: Column[Any]) -> Iterator[str]:
    default = column.server_default
    if isinstance(default, Computed):
        yield f"GENERATED ALWAYS AS ({_sql(default.sqltext)})"
    elif isinstance(default, DefaultClause):
        text = default.arg if isinstance(default.arg, str) else _sql(default.arg)
        quoted = f"'{text}'" if isinstance(default.arg, str) else text
        yield "DEFAULT NOW" if text.lower() in _CLOCKS else f"DEFAULT {quoted}"
    if column.server_onupdate is not None and column.computed is None:
        yield "ON UPDATE NOW" if sql_type(column).startswith("TIMESTAMP") else "ON UPDATE"


def _check_words(column: Column[Any]) -> Iterator[str]:
    yield from sorted(f"CHECK ({text})" for columns, text in _checks(column.table) if columns == {column.name})


def _checks(table: Table) -> Iterator[tuple[set[str], str]]:
    of_columns = (constraint for column in table.columns for constraint in column.constraints)
    for constraint in (*table.constraints, *of_columns):
        # A constraint that a type brings along says no more than the type.
        if isinstance(constraint, CheckConstraint) and not getattr(constraint, "_type_bound", False):
            sql = _sql(constraint.sqltext)
            # A condition that was written as text does not say which columns it is about.
            words = set(re.findall(r"\w+", re.sub(r"'[^']*'", "", sql)))
            yield words & set(table.columns.keys()), sql


def _relationship(constraint: ForeignKeyConstraint) -> Relationship:
    columns = tuple(constraint.column_keys)
    table = constraint.table
    return Relationship(
        source=table,
        columns=columns,
        target=constraint.referred_table,
        referred=tuple(element.column.name for element in constraint.elements),
        on_delete=(constraint.ondelete or "NO ACTION").upper(),
        optional=any(table.columns[name].nullable for name in columns),
        single=any(set(key) <= set(columns) for key in (primary_key(table), *unique_keys(table)) if key),
    )


def _index_key(index: Any) -> tuple[str, ...]:
    names = [one.name if isinstance(one, Column) else _sql(one) for one in index.expressions]
    predicate = _predicate(index)
    if predicate is not None:
        names[-1] += f" WHERE {_sql(predicate)}"
    return tuple(names)


def _predicate(index: Any) -> Any:
    return index.dialect_options["postgresql"]["where"]


def _sql(element: ClauseElement) -> str:
    """`element` in PostgreSQL's words, in one line, without the table's name before a column's."""
    options = {"literal_binds": True, "include_table": False}
    return " ".join(str(element.compile(dialect=_POSTGRESQL, compile_kwargs=options)).split())
