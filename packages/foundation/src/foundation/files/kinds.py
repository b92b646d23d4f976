"""How values of each type are written in files: as text in CSV, and as a string, number or boolean in JSON."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final, TypeAlias

import orjson

from foundation.times import read_rfc3339, rfc3339

CodeAndMessage: TypeAlias = tuple[str, str]

_INTEGER: Final = re.compile(r"0|-?[1-9][0-9]{0,18}")
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,99})(?:\.[0-9]{1,100})?")
_WRONG_JSON_TYPE: Final[Mapping[type, CodeAndMessage]] = {
    str: ("not-a-string", "must be a string"),
    int: ("not-an-integer", "must be a whole number"),
    bool: ("not-a-boolean", "must be true or false"),
}
# The JSON texts that are read in the same way here and by the JSON reader, with the value's text as their group. In a
# string nothing is escaped (RFC 8259, 7).
_JSON_TEXT: Final[Mapping[type, str]] = {
    str: r'"([^"\\\x00-\x1f]*+)"',
    int: r"(0|-?[1-9][0-9]{0,18})",
    bool: "(true|false)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How values of a type are written.

    Attributes:
        json_type: What JSON makes of one: `str`, `int` or `bool`.
        read: Makes a value from its text. Raises `ValueError` when the text is malformed.
        write: Makes the texts of values, of which there is at least one.
        malformed: The code and the message about a text that is malformed.
        plain: Whether no text has a character that JSON, CSV or a spreadsheet gives a meaning.
    """

    json_type: type
    read: Callable[[str], Any]
    write: Callable[[list[Any]], Sequence[str]]
    malformed: CodeAndMessage
    plain: bool = True

    @property
    def wrong_json_type(self) -> CodeAndMessage:
        """The code and the message about a JSON value of another type."""
        return _WRONG_JSON_TYPE[self.json_type]

    @property
    def json_text(self) -> str:
        """An expression for the JSON text of a value, whose only group is the text that `read` takes."""
        return _JSON_TEXT[self.json_type]

    def text_of_json(self, value: Any) -> str:
        """The text that `read` takes, from a JSON value of `json_type`."""
        return value if isinstance(value, str) else str(value).lower()


def choice(choices: type[Enum]) -> Kind:
    """The members of an enumeration by their values, all of them strings or all of them integers."""
    members = {str(member.value): member for member in choices}
    [json_type] = {type(member.value) for member in choices}

    def read(text: str) -> Enum:
        if text not in members:
            raise ValueError
        return members[text]

    return Kind(
        json_type=json_type,
        read=read,
        write=lambda values: [str(choices(value).value) for value in values],
        malformed=("unknown-value", f"must be one of {', '.join(members)}"),
        plain=json_type is not str,
    )


def _read_integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError
    return int(text)


def _read_decimal(text: str) -> Decimal:
    if not _DECIMAL.fullmatch(text):
        raise ValueError
    return Decimal(text)


def _read_boolean(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError
    return text == "true"


def _write_times(times: list[datetime]) -> Sequence[str]:
    content = orjson.dumps(times, option=orjson.OPT_UTC_Z)
    # Times with all six digits are 27 characters long, with two quotes and a comma or bracket; others are shorter, and
    # left to `rfc3339`.
    if len(content) == 30 * len(times) + 1:
        return content[2:-2].decode().split('","')
    return list(map(rfc3339, times))


KINDS: Final[Mapping[Any, Kind]] = {
    str: Kind(
        json_type=str,
        read=str,
        write=lambda values: values,
        malformed=_WRONG_JSON_TYPE[str],
        plain=False,
    ),
    int: Kind(
        json_type=int,
        read=_read_integer,
        write=lambda values: list(map(str, values)),
        malformed=_WRONG_JSON_TYPE[int],
    ),
    bool: Kind(
        json_type=bool,
        read=_read_boolean,
        write=lambda values: ["true" if value else "false" for value in values],
        malformed=_WRONG_JSON_TYPE[bool],
    ),
    Decimal: Kind(
        json_type=str,
        read=_read_decimal,
        write=lambda values: [format(value, "f") for value in values],
        malformed=("invalid-decimal", "must be a decimal number such as 12.50"),
    ),
    datetime: Kind(
        json_type=str,
        read=read_rfc3339,
        write=_write_times,
        malformed=("invalid-time", "must be an RFC 3339 time with a zone, such as 2025-12-16T10:00:00Z"),
    ),
    date: Kind(
        json_type=str,
        read=date.fromisoformat,
        write=lambda values: list(map(date.isoformat, values)),
        malformed=("invalid-date", "must be a date such as 2025-12-16"),
    ),
}
"""The kinds by type. A decimal is a string in JSON, since many readers make a number inexact."""
