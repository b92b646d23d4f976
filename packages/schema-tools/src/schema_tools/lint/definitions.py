"""Columns, types, constraints and expressions as a statement defines them, and which of them rewrite a table.

Sources: https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES, "binary coercible"; the
functions that tell the planner when a change of length does nothing, such as `varchar_support`;
https://www.postgresql.org/docs/current/xfunc-volatility.html, and `pg_proc.provolatile`. CURRENT_TIMESTAMP and the like
are not functions of the grammar, and stable.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SERIAL_TYPES: Final = {"smallserial": "smallint", "serial": "integer", "bigserial": "bigint"}

# The digits of a second that these keep when they are not told otherwise.
_PRECISE: Final = frozenset({"interval", "time", "timetz", "timestamp", "timestamptz"})
_MICROSECONDS: Final = 6
_COERCIBLE: Final = frozenset({("cidr", "inet"), ("xml", "text"), ("int4", "oid"), ("oid", "regclass")})
_NOT_VOLATILE: Final = frozenset(
    """
    abs age array_append array_cat array_fill array_length array_prepend array_to_json array_to_string btrim cardinality
    ceil ceiling char_length chr concat concat_ws current_database current_schema current_setting date_bin date_part
    date_trunc decode div encode exp floor format hashtext initcap int4range int8range isfinite json_build_array
    json_build_object jsonb_build_array jsonb_build_object justify_days justify_hours justify_interval left length ln
    log lower lpad ltrim make_date make_interval make_time make_timestamp make_timestamptz md5 mod now numrange
    octet_length overlay pg_backend_pid position power quote_ident quote_literal regexp_replace repeat replace reverse
    right round rpad rtrim scale sha224 sha256 sha384 sha512 sign split_part sqrt statement_timestamp string_to_array
    strpos substr substring textcat timezone to_char to_date to_hex to_json to_jsonb to_number to_timestamp to_tsvector
    transaction_timestamp translate trim trunc tsrange tstzrange upper
    """.split()  # noqa: SIM905 -- a hundred words read better so
)


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


def is_rewritten(before: SqlType, after: SqlType) -> bool:
    """Whether the rows are written anew, or at least read and checked, when the type changes."""
    if before.is_array != after.is_array:
        return True
    old, new = before.modifiers, after.modifiers
    # Without a modifier a length has no end.
    narrower = bool(new) and (not old or new[0] < old[0])
    match before.name, after.name:
        case ("text" | "varchar", "text" | "varchar") | ("varbit", "varbit"):
            return narrower
        case name, other if name != other:
            return (name, other) not in _COERCIBLE
        case "numeric", _:
            # Every row is rounded to another scale.
            return narrower or (bool(new) and (new[1:] or (0,)) != (old[1:] or (0,)))
        case name, _ if name in _PRECISE:
            return (new or (_MICROSECONDS,))[-1] < (old or (_MICROSECONDS,))[-1]
    return old != new


def volatile_functions(default: Expression, own: Mapping[str, bool]) -> list[str]:
    """The functions of an expression that may give another value for each row.

    An unknown function counts as volatile, as it does for PostgreSQL unless its author says otherwise. `own` are the
    functions that revisions have made, and whether they are volatile.
    """
    return sorted(name for name in default.functions if own.get(name, name not in _NOT_VOLATILE))
