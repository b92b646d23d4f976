"""Whether two expressions that PostgreSQL words differently mean the same, as its planner tells."""

import re
from typing import Any, Final

from sqlalchemy import Connection, CursorResult
from sqlalchemy.exc import DBAPIError

from schema_tools.catalog.objects import Catalog, Difference

_CONDITIONS: Final = frozenset({("check constraint", "definition"), ("column", "generated")})

# PostgreSQL keeps each of these as it was written, and documents them as the same:
# https://www.postgresql.org/docs/current/functions-datetime.html#FUNCTIONS-DATETIME-CURRENT
_SYNONYMS: Final = {
    "CURRENT_TIMESTAMP": "now()",
    "transaction_timestamp()": "now()",
    "LOCALTIMESTAMP": "(now())::timestamp without time zone",
    "CURRENT_DATE": "(now())::date",
    "CURRENT_TIME": "(now())::time with time zone",
    "LOCALTIME": "(now())::time without time zone",
}
# Texts and quoted names are passed over; a precision, as in CURRENT_TIMESTAMP(0), makes another expression.
_WORD: Final = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|(?<![\w.])(?:" + "|".join(map(re.escape, _SYNONYMS)) + r")(?![\w(])"
)


_CHECK: Final = re.compile(
    r"((?:CHECK|ALWAYS AS) \()(.*)\)((?: STORED| VIRTUAL| NO INHERIT| NOT VALID| NOT ENFORCED)*)", re.DOTALL
)

# PostgreSQL itself takes two trees for equal whatever these say: how a call was written, and where.
_TREES: Final = r"""
SELECT regexp_replace(adbin::text, ':(location|funcformat|coercionform|relabelformat|coerceformat) -?\d+', '', 'g')
FROM pg_attrdef WHERE adrelid = 'pg_temp.meaning'::regclass ORDER BY adnum
"""


def may_be_other_words(one: Difference) -> bool:
    """Whether the two sides of a difference are expressions."""
    return one.expected is not None and one.found is not None and one.aspect in {"default", "definition", "generated"}


def in_other_words(connection: Connection, one: Difference, expected: Catalog) -> bool:
    """Whether a difference is none: a default, a CHECK or a generated column that means the same on both sides.

    Args:
        connection: To the database in which the difference was found, in a transaction and on the same search path.
        one: The difference.
        expected: All that is expected.
    """
    wanted = expected.get(one.object)
    if wanted is None or one.expected is None or one.found is None:
        return False  # A new name is no expression.
    if one.aspect == "default" and "type" in wanted.aspects:
        return _same_default(connection, one.expected, one.found, wanted.aspects["type"])
    if wanted.table is None or (wanted.kind, one.aspect) not in _CONDITIONS:
        return False
    sides = [_CHECK.fullmatch(each) for each in (one.expected, one.found)]
    if not all(sides) or len({(side[1], side[3]) for side in sides if side}) != 1:
        return False
    conditions = [f"({side[2]})" for side in sides if side]
    return len(set(_planned(connection, conditions, f" FROM ONLY {wanted.table}"))) == 1


def _same_default(connection: Connection, one: str, other: str, type_name: str) -> bool:
    forms = _planned(connection, [f"CAST({each} AS {type_name})" for each in (one, other)])
    return bool(forms) and (len(set(forms)) == 1 or _same_tree(connection, forms, type_name))


def _same_tree(connection: Connection, forms: list[str], type_name: str) -> bool:
    """Whether expressions are one to PostgreSQL, such as `timezone('UTC', now())` and `now() AT TIME ZONE 'UTC'`."""
    columns = ", ".join(f"c{number} {type_name} DEFAULT ({form})" for number, form in enumerate(forms))
    try:
        with connection.begin_nested() as tried:
            _execute(connection, f"CREATE TEMPORARY TABLE meaning ({columns})")
            trees = list(_execute(connection, _TREES).scalars())
            tried.rollback()
    except DBAPIError:
        return False
    return len(set(trees)) == 1


def _planned(connection: Connection, expressions: list[str], source: str = "") -> list[str]:
    """The expressions as the planner has them, all folded that is constant; none where one of them fails here.

    Nothing is executed but functions that are immutable, which is to say that they only compute.
    """
    statements = (_WORD.sub(lambda found: _SYNONYMS.get(found[0], found[0]), each) for each in expressions)
    found: list[str] = []
    try:
        with connection.begin_nested():
            for each in statements:
                explained = _execute(connection, f"EXPLAIN (VERBOSE, COSTS OFF, FORMAT JSON) SELECT {each}{source}")
                found += explained.scalar_one()[0]["Plan"]["Output"]
    except DBAPIError:
        return []
    return found


def _execute(connection: Connection, statement: str) -> CursorResult[Any]:
    return connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
