"""Which changes of a column's type PostgreSQL makes in its catalog alone.

Source: https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES, "binary coercible", and the
functions that tell the planner when a change of length does nothing, such as `varchar_support`.
"""

from typing import Final

from schema_tools.lint.definitions import SqlType

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
