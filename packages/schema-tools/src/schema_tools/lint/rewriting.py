"""What makes PostgreSQL rewrite a table: a change of type, and a default that differs from row to row.

Sources: https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES, "binary coercible"; the
functions that tell the planner when a change of length does nothing, such as `varchar_support`;
https://www.postgresql.org/docs/current/xfunc-volatility.html, and `pg_proc.provolatile`. CURRENT_TIMESTAMP and the like
are not functions of the grammar, and stable.
"""

from collections.abc import Mapping
from typing import Final

from schema_tools.lint.definitions import Expression, SqlType

_TEXTS: Final = frozenset({"text", "varchar"})
# The digits of a second that these keep when they are not told otherwise.
_PRECISE: Final = frozenset({"interval", "time", "timetz", "timestamp", "timestamptz"})
_MICROSECONDS: Final = 6
_COERCIBLE: Final = frozenset({("cidr", "inet"), ("xml", "text"), ("int4", "oid"), ("oid", "regclass")})


def is_rewritten(before: SqlType, after: SqlType) -> bool:  # noqa: PLR0911 -- one rule after the other
    """Whether the rows are written anew, or at least read and checked, when the type changes."""
    if before.is_array != after.is_array:
        return True
    if before.name in _TEXTS and after.name in _TEXTS:
        return not _at_least(before.modifiers, after.modifiers)
    if before.name != after.name:
        return (before.name, after.name) not in _COERCIBLE
    if before.name == "numeric":
        return _narrows_number(before.modifiers, after.modifiers)
    if before.name in _PRECISE:
        return (after.modifiers or (_MICROSECONDS,))[-1] < (before.modifiers or (_MICROSECONDS,))[-1]
    if before.name == "varbit":
        return not _at_least(before.modifiers, after.modifiers)
    return before.modifiers != after.modifiers


def _at_least(before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    """Whether a length holds what the one before held; none is without end."""
    return not after or (bool(before) and after[0] >= before[0])


def _narrows_number(before: tuple[int, ...], after: tuple[int, ...]) -> bool:
    """Whether a numeric loses digits, or has another scale, which every row would be rounded to."""
    if not after:
        return False
    if not before:
        return True
    return after[0] < before[0] or (after[1:] or (0,)) != (before[1:] or (0,))


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


def volatile_functions(default: Expression, own: Mapping[str, bool]) -> list[str]:
    """The functions of an expression that may give another value for each row.

    A function that is not known counts as volatile, as it does for PostgreSQL unless its author says otherwise.

    Args:
        default: The expression.
        own: The functions that revisions have made, and whether they are volatile.
    """
    return sorted(name for name in default.functions if own.get(name, name not in _NOT_VOLATILE))
