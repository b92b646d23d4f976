"""Columns, types, constraints and expressions, as a statement defines them."""

from dataclasses import dataclass
from enum import StrEnum


class ConstraintKind(StrEnum):
    """The kinds of constraint that the rules tell apart."""

    CHECK = "check"
    EXCLUDE = "exclude"
    FOREIGN_KEY = "foreign key"
    NOT_NULL = "not null"
    PRIMARY_KEY = "primary key"
    UNIQUE = "unique"


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlType:
    """A type: its name without `pg_catalog`, its modifiers, and its text in SQL."""

    name: str
    modifiers: tuple[int, ...] = ()
    is_array: bool = False
    sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """An SQL expression, and the functions that it calls."""

    sql: str
    functions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstraintFacts:
    """A constraint.

    Attributes:
        name: Its name, the one that PostgreSQL would choose where the statement gives none.
        columns: The columns that it is on; none for a CHECK or an EXCLUDE.
        validated: False when it was added NOT VALID.
        index: The index that it takes over, of USING INDEX.
        target: The table that a foreign key refers to.
        not_null: The columns that a CHECK proves to be not null.
        definition: Its text after `CONSTRAINT name`, without NOT VALID.
    """

    kind: ConstraintKind
    name: str
    columns: tuple[str, ...] = ()
    validated: bool = True
    index: str | None = None
    target: str | None = None
    not_null: frozenset[str] = frozenset()
    definition: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnFacts:
    """A column as a statement makes it; `generated` is `stored`, `virtual` or empty, from `expression`."""

    name: str
    type: SqlType
    not_null: bool = False
    default: Expression | None = None
    identity: bool = False
    generated: str = ""
    expression: str = ""
    constraints: tuple[ConstraintFacts, ...] = ()
