"""Which functions give another value for each row.

Source: https://www.postgresql.org/docs/current/xfunc-volatility.html, and `pg_proc.provolatile`. CURRENT_TIMESTAMP and
the like are no functions of the grammar, and stable.
"""

from collections.abc import Mapping
from typing import Final

from schema_tools.lint.definitions import Expression

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
