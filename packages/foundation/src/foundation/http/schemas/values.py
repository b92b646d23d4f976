"""General values as JSON schemas (draft 2020-12).

Patterns are regular expressions of ECMA-262 with the flag u, as JSON Schema asks (Core, 6.4), in what RE2 and Python
understand alike: no look-around, no properties of Unicode, no escapes but those of ASCII and of two hexadecimal digits,
no more than 1,000 repetitions. A pattern admits all that the service takes; what is stricter is in the description.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

from foundation.kernel.pagination import DEFAULT_LIMIT, MAX_LIMIT
from foundation.kernel.queries import SortOrder

MAX_TEXT_LENGTH: Final = 1024
"""Characters of a text in a request, with the blanks around it that a value object may trim."""
MAX_CURSOR_LENGTH: Final = 6144
"""Characters of a cursor, which has the value of the last item that the list is sorted by, and that may be a text."""

# RFC 3339, 5.6, in years that the proleptic Gregorian calendar of Python has.
_YEAR: Final = r"(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
_DATE: Final = rf"{_YEAR}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_CLOCK: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_ZONE: Final = r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
_TIME_EXAMPLES: Final = ["2025-12-16T10:00:00.000000Z"]

SENT_TIME: Final[dict[str, Any]] = {
    "type": "string",
    "format": "date-time",
    "pattern": rf"^{_DATE}[Tt]{_CLOCK}(?:\.[0-9]{{1,6}})?{_ZONE}$",
    "maxLength": 32,
    "examples": _TIME_EXAMPLES,
}
KEPT_TIME: Final[dict[str, Any]] = {
    "type": "string",
    "format": "date-time",
    "pattern": rf"^{_DATE}T{_CLOCK}\.[0-9]{{6}}Z$",
    "maxLength": 27,
    "examples": _TIME_EXAMPLES,
}
ID: Final[dict[str, Any]] = {
    "type": "integer",
    "format": "int32",
    "minimum": 1,
    "maximum": 2**31 - 1,
    "examples": [42],
}
COUNT: Final[dict[str, Any]] = {
    "type": "integer",
    "format": "int64",
    "minimum": 0,
    "maximum": 2**53 - 1,
    "examples": [12],
}
LIMIT: Final[dict[str, Any]] = {
    "type": "integer",
    "format": "int32",
    "minimum": 1,
    "maximum": MAX_LIMIT,
    "default": DEFAULT_LIMIT,
    "description": "How many items a page holds at most.",
}
CURSOR: Final[dict[str, Any]] = {
    "type": "string",
    "pattern": "^[A-Za-z0-9_-]{64,}$",
    "maxLength": MAX_CURSOR_LENGTH,
    "description": "Where the page starts: `next_cursor` of the page before, unchanged, with the same sort and filter.",
    "examples": ["q83vEjRWeJCrze8SNFZ4kFsxLCAiaWQiLCAiNGY1M2NkYTE4YzJiYWEwYyIsIDUwLCA1MF0"],
}


def one_of(values: type[StrEnum], description: str, default: StrEnum | None = None) -> dict[str, Any]:
    """The schema of one of the values of an enumeration."""
    return {
        "type": "string",
        "enum": [value.value for value in values],
        "x-enum-varnames": [value.name for value in values],  # what generators call them, where `-id` is no name
        **({} if default is None else {"default": default.value}),
        "description": description,
    }


def sort_order(orders: type[SortOrder], default: SortOrder) -> dict[str, Any]:
    """The schema of the order of a list."""
    description = "The order of the list; a minus sign is for the reverse order. Ties are in the order of ids."
    return one_of(orders, description, default)


def some_of(names: Sequence[str], description: str, examples: Sequence[str]) -> dict[str, Any]:
    """The schema of a list of some of the `names`, each once: a text with commas between them.

    It is a text for generated clients, too. Many of them repeat the parameter for each item of an array, whatever
    `explode` says, and a parameter that is repeated is refused.
    """
    one = f"(?:{'|'.join(names)})"
    return {
        "type": "string",
        "pattern": f"^{one}(?:,{one}){{0,{len(names) - 1}}}$",
        "maxLength": len(",".join(names)),
        "description": description,
        "examples": [",".join(examples)],
    }


def decimal_number(digits: int, places: int, description: str, example: str, *, signed: bool = True) -> dict[str, Any]:
    """The schema of a decimal number, written as a text, with at most `places` of its `digits` behind the point."""
    return {
        "type": "string",
        "pattern": decimal_pattern(digits, places, signed=signed),
        "maxLength": digits + 2,
        "description": description,
        "examples": [example],
    }


def decimal_pattern(digits: int, places: int, *, signed: bool = True) -> str:
    """The regular expression of a decimal number with a plain spelling: no exponent, no plus sign, no leading zero."""
    fraction = rf"(?:\.[0-9]{{1,{places}}})?" if places else ""
    sign = "-?" if signed else ""
    return rf"^{sign}(?:0|[1-9][0-9]{{0,{digits - places - 1}}}){fraction}$"
