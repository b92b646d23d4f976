"""Fields of requests: how a value of the domain is read from JSON or from a query, and how it is described.

Values are never converted: a text is not a number, and a number is not a text. Two kinds of values are sent as texts,
because JSON has no form for them that every reader understands in the same way: a time, as RFC 3339 writes it, and a
decimal number, since many readers make a binary fraction of a JSON number.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Final, TypeAlias, TypeVar, get_args

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from foundation.http.problems.validation import OURS
from foundation.http.schemas.values import LIMIT, MAX_TEXT_LENGTH, SENT_TIME, decimal_number, decimal_pattern, one_of
from foundation.kernel.errors import DomainError, InvalidValue
from foundation.kernel.pagination import check_limit
from foundation.kernel.unset import Unset
from foundation.times import read_rfc3339

# Above it, a float may stand for several integers.
_MAX_EXACT: Final = 2**53
_WHOLE_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,9}")

T = TypeVar("T")
Choice = TypeVar("Choice", bound=StrEnum)


class InvalidTime(InvalidValue):
    """The text is not a time with a zone."""

    code = "invalid-time"

    def __init__(self) -> None:
        super().__init__(
            "must be an RFC 3339 time with a zone, such as 2025-12-16T10:00:00Z; a + is written %2B in a URL"
        )


class InvalidDecimal(InvalidValue):
    """The text is not a decimal number, or one with too many digits."""

    code = "invalid-decimal"


class UnknownChoice(InvalidValue):
    """The text is none of the values of an enumeration."""

    code = "unknown-value"


@dataclass(frozen=True, slots=True, eq=False)
class ValueField:
    """The annotation of a field of a request: a function that reads its value, and the JSON schema of what it takes."""

    validate: Callable[[Any], object]
    schema: Mapping[str, Any]

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.validate)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return dict(self.schema)


class _Given:
    """The annotation of a field that may be absent: if it is given, it is read like any other."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler.generate_schema(get_args(source)[0])


class _OrNull:
    """The annotation of a field that may be null."""

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.nullable_schema(handler.generate_schema(get_args(source)[0]))


Settable: TypeAlias = Annotated[T | Unset, _Given()]
"""A field of a merge patch: `name: Settable[NameField] = UNSET`. Null is refused, unless the field is `Nullable`."""
IfGiven: TypeAlias = Annotated[T | None, _Given()]
"""A parameter of a query that may be absent: `name: IfGiven[NameField] = None`."""
Nullable: TypeAlias = Annotated[T | None, _OrNull()]
"""A field that may be null: `note: Nullable[NoteField] = None`, and in a patch `Settable[Nullable[NoteField]]`."""


def from_text(read: Callable[[str], object], schema: Mapping[str, Any]) -> ValueField:
    """A field that is sent as a text, which `read` makes a value of, such as a value object.

    The code and the message of a `DomainError` that `read` raises are those that the client is shown.
    """

    def validate(value: object) -> object:
        if not isinstance(value, str):
            raise _refused("not-a-string", "must be a string, and not null")
        if len(value) > MAX_TEXT_LENGTH:
            raise _refused("text-too-long", f"must have at most {MAX_TEXT_LENGTH} characters")
        return _read(read, value)

    return ValueField(validate, schema)


def from_integer(read: Callable[[int], object], schema: Mapping[str, Any]) -> ValueField:
    """A field of a body that is sent as a JSON integer, which `read` makes a value of.

    JSON has one type of numbers: 7.0 is an integer, too (JSON Schema Validation, 6.1.1).
    """

    def validate(value: object) -> object:
        if isinstance(value, float) and value.is_integer() and abs(value) <= _MAX_EXACT:
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise _refused("not-an-integer", "must be an integer, and not null")
        return _read(read, value)

    return ValueField(validate, schema)


def from_digits(read: Callable[[int], object], schema: Mapping[str, Any]) -> ValueField:
    """A parameter of a query that is a whole number of at most ten digits, which `read` makes a value of."""

    def read_digits(text: str) -> object:
        return read(int(text) if _WHOLE_NUMBER.fullmatch(text) else -1)

    return from_text(read_digits, schema)


def from_boolean(description: str) -> ValueField:
    """A field of a body that is true or false."""

    def validate(value: object) -> object:
        if not isinstance(value, bool):
            raise _refused("not-a-boolean", "must be true or false, and not null")
        return value

    return ValueField(validate, {"type": "boolean", "description": description})


def from_decimal(
    digits: int,
    places: int,
    description: str,
    example: str,
    read: Callable[[Decimal], object] = lambda number: number,
    *,
    signed: bool = True,
) -> ValueField:
    """A decimal number, sent as a text: at most `digits` in all, and at most `places` of them behind the point."""
    pattern = re.compile(decimal_pattern(digits, places, signed=signed))

    def read_decimal(text: str) -> object:
        if not pattern.fullmatch(text):
            raise InvalidDecimal(f"must be a decimal number such as {example}, in a string")
        return read(Decimal(text))

    return from_text(read_decimal, decimal_number(digits, places, description, example, signed=signed))


def from_choice(choices: type[StrEnum], schema: Mapping[str, Any], error: type[InvalidValue]) -> ValueField:
    """One of the values of an enumeration; another one is an `error`."""

    def read(text: str) -> StrEnum:
        try:
            return choices(text)
        except ValueError:
            raise error("must be one of " + ", ".join(choices)) from None

    return from_text(read, schema)


def choice(choices: type[StrEnum], description: str, default: StrEnum | None = None) -> ValueField:
    """One of the values of an enumeration."""
    return from_choice(choices, one_of(choices, description, default), UnknownChoice)


def _read(read: Callable[[Any], object], value: object) -> object:
    try:
        return read(value)
    except DomainError as error:
        raise _refused(error.code, str(error)) from None


def _refused(code: str, message: str) -> PydanticCustomError:
    return PydanticCustomError(code, message, OURS)


def _read_time(text: str) -> datetime:
    try:
        return read_rfc3339(text)
    except ValueError:
        raise InvalidTime from None


def _checked_limit(limit: int) -> int:
    check_limit(limit)
    return limit


TimeField: TypeAlias = Annotated[datetime, from_text(_read_time, SENT_TIME)]
"""A time with a zone."""
LimitField: TypeAlias = Annotated[int, from_digits(_checked_limit, LIMIT)]
"""How many items a page may have."""
