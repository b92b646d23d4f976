"""What a table is, in the words of the schema document: types, constraints, indexes, relationships, example."""

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.exc import CompileError
from sqlalchemy.sql.elements import ClauseElement

from schema_tools.catalog.naming import names_given
from schema_tools.dialects import DIALECTS
from schema_tools.errors import SchemaToolsError

_POSTGRESQL: Final = DIALECTS["postgresql"]
# A longer condition stands below the columns, where it does not stretch their table.
_CHECK_IN_A_CELL: Final = 60
_CLOCKS: Final = frozenset({"now()", "current_timestamp", "statement_timestamp()", "clock_timestamp()"})


def ordered_tables(metadata: sa.MetaData) -> list[sa.Table]:
    """Every table by name."""
    return [metadata.tables[name] for name in sorted(metadata.tables)]


def full_name(column: sa.Column[Any]) -> str:
    """The column with its table, such as `sales.orders.id`."""
    return f"{column.table.fullname}.{column.name}"


def sql_type(column: sa.Column[Any]) -> str:
    """The column's type as PostgreSQL words it.

    Raises:
        SchemaToolsError: PostgreSQL has no such type.
    """
    try:
        return str(column.type.compile(dialect=_POSTGRESQL))
    except CompileError as error:
        raise SchemaToolsError(f"{column} has a type that PostgreSQL does not have: {column.type!r}") from error


def type_words(column: sa.Column[Any]) -> str:
    """The column's type for people: as PostgreSQL words it, an enum with its values."""
    values = f" ({', '.join(column.type.enums)})" if isinstance(column.type, sa.Enum) else ""
    return sql_type(column) + values


def constraint_words(column: sa.Column[Any]) -> list[str]:
    """What holds for the column, most telling first.

    The words are PRIMARY KEY, UNIQUE, NOT NULL, INDEX, DEFAULT, ON UPDATE, GENERATED, CHECK and FOREIGN KEY. INDEX
    says that an index is on the column alone, be it the one of the primary key or of a unique constraint; those on
    several columns stand in the list of indexes.
    """
    alone = (column.name,)
    checks = sorted(text for columns, text in _checks(column.table) if columns == {column.name})
    return [
        *(["PRIMARY KEY"] if column.primary_key else []),
        *(["UNIQUE"] if alone in unique_keys(column.table) else []),
        *(["NOT NULL"] if not column.nullable and not column.primary_key else []),
        *(["INDEX"] if alone in {primary_key(column.table), *index_keys(column.table)} else []),
        *_default_words(column),
        *(f"CHECK ({text})" if len(text) <= _CHECK_IN_A_CELL else "CHECK" for text in checks),
        *(["FOREIGN KEY"] if column.foreign_keys else []),
    ]


def primary_key(table: sa.Table) -> tuple[str, ...]:
    """The columns of the primary key; none when there is no key."""
    return tuple(column.name for column in table.primary_key.columns)


def unique_keys(table: sa.Table) -> list[tuple[str, ...]]:
    """The columns, or expressions, of each unique constraint and unique index, the shortest first."""
    constraints = [one for one in table.constraints if isinstance(one, sa.UniqueConstraint)]
    keys = {tuple(column.name for column in one.columns) for one in constraints}
    return _shortest_first(keys | {_index_key(index) for index in table.indexes if index.unique})


def is_unique(table: sa.Table, columns: Collection[str]) -> bool:
    """Whether no two rows have the same values in these columns: by a key of them, or of some of them."""
    return any(set(key) <= set(columns) for key in (primary_key(table), *unique_keys(table)) if key)


def index_keys(table: sa.Table) -> list[tuple[str, ...]]:
    """The columns, or expressions, of each index beside the primary key's.

    A unique constraint is an index too, so it is listed here as well.
    """
    return _shortest_first({*unique_keys(table), *(_index_key(index) for index in table.indexes)})


def constraints(table: sa.Table) -> Iterator[sa.Constraint]:
    """Every constraint of the table and of its columns, but for what a type brings along, which says no more."""
    of_columns = (constraint for column in table.columns for constraint in column.constraints)
    for constraint in (*table.constraints, *of_columns):
        if not getattr(constraint, "_type_bound", False):
            yield constraint


def checked_columns(table: sa.Table, check: sa.CheckConstraint) -> list[str]:
    """The columns that a CHECK constraint is about, in the table's order."""
    # A condition that was written as text does not say which columns it is about.
    words = set(re.findall(r"\w+", re.sub(r"'[^']*'", "", sql(check.sqltext))))
    return [name for name in table.columns.keys() if name in words]  # noqa: SIM118 -- a collection of columns


def spanning_checks(table: sa.Table) -> list[str]:
    """The text of each CHECK constraint that concerns not exactly one column, or is too long to stand beside it."""
    return sorted(text for columns, text in _checks(table) if len(columns) != 1 or len(text) > _CHECK_IN_A_CELL)


def exclusions(table: sa.Table) -> list[str]:
    """What each exclusion constraint excludes, as PostgreSQL words it."""
    return sorted(
        constraint_sql(constraint).removeprefix("EXCLUDE ")
        for constraint in table.constraints
        if isinstance(constraint, ExcludeConstraint)
    )


def example_row(table: sa.Table) -> dict[str, Any]:
    """The example of each column: `Column.info["example"]`; a nullable column without one has None."""
    return {column.name: column.info.get("example") for column in table.columns}


def findings(metadata: sa.MetaData) -> list[str]:
    """What the document would lack: a table or column without comment, a NOT NULL column without example."""
    found = []
    for table in ordered_tables(metadata):
        if not (table.comment or "").strip():
            advice = "say in one sentence what it stores, with Table(comment=...)"
            found.append(f"{table.fullname} has no comment: {advice}")
        for column in table.columns:
            name = full_name(column)
            if not (column.comment or "").strip():
                found.append(f"{name} has no comment: say what it means, with Column(comment=...)")
            if "example" not in column.info and not column.nullable:
                found.append(f'{name} has no example: give one, with Column(info={{"example": ...}})')
    return found


def _default_words(column: sa.Column[Any]) -> Iterator[str]:
    text = default_sql(column)
    if column.identity is not None and column.identity.always:
        yield "GENERATED ALWAYS AS IDENTITY"
    if column.computed is not None:
        yield f"GENERATED ALWAYS AS ({text})"
    elif text is not None:
        yield "DEFAULT NOW" if text.lower() in _CLOCKS else f"DEFAULT {text}"
    if column.server_onupdate is not None and column.computed is None:
        yield "ON UPDATE NOW" if sql_type(column).startswith("TIMESTAMP") else "ON UPDATE"


def _checks(table: sa.Table) -> Iterator[tuple[set[str], str]]:
    for constraint in constraints(table):
        if isinstance(constraint, sa.CheckConstraint):
            yield set(checked_columns(table, constraint)), sql(constraint.sqltext)


def _shortest_first(keys: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return sorted(keys, key=lambda key: (len(key), key))


def index_words(index: sa.Index) -> tuple[tuple[str, ...], dict[str, str]]:
    """Its columns or expressions, and what else is to be said of it: USING, INCLUDE, NULLS NOT DISTINCT and WHERE."""
    keys = tuple(one.name if isinstance(one, sa.Column) else sql(one) for one in index.expressions)
    options = index.dialect_options["postgresql"]
    words = {
        "USING": options["using"],
        "INCLUDE": f"({', '.join(map(str, options['include']))})" if options["include"] else None,
        "NULLS NOT": "DISTINCT" if options.get("nulls_not_distinct") else None,
        "WHERE": sql(options["where"]) if options["where"] is not None else None,
    }
    return keys, {word: value for word, value in words.items() if value}


def _index_key(index: sa.Index) -> tuple[str, ...]:
    """Its columns or expressions; what else is to be said of it stands behind the last one."""
    (*keys, last), words = index_words(index)
    return (*keys, " ".join([last, *(f"{word} {value}" for word, value in words.items())]))


def sql(given: str | ClauseElement) -> str:
    """An expression in PostgreSQL's words, in one line, without the table's name before a column's.

    What was given as text is taken as it is.
    """
    if isinstance(given, str):
        return given
    options = {"literal_binds": True, "include_table": False}
    return " ".join(str(given.compile(dialect=_POSTGRESQL, compile_kwargs=options)).split())


def default_sql(column: sa.Column[Any]) -> str | None:
    """The column's default, or the expression that it is generated by, as PostgreSQL words it; None without one."""
    default = column.server_default
    if isinstance(default, sa.Computed):
        return sql(default.sqltext)
    if isinstance(default, sa.DefaultClause):
        return f"'{default.arg}'" if isinstance(default.arg, str) else sql(default.arg)
    return None


def constraint_sql(constraint: sa.Constraint) -> str:
    """The definition of a constraint as PostgreSQL words it, without its name."""
    with names_given([constraint]):
        # A constraint needs no statement around it, which the types of SQLAlchemy do not know.
        words = " ".join(_POSTGRESQL.ddl_compiler(_POSTGRESQL, None).process(constraint).split())  # type: ignore[arg-type]
    return re.sub(r'^CONSTRAINT ("[^"]+"|\S+) ', "", words)
