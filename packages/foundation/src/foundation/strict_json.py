"""Reads JSON strictly: what one reader would understand in another way than the next is refused."""

import json
from typing import Any, Final, NoReturn

MAX_NESTING: Final = 32


class NotStrictJson(ValueError):
    """The content is no JSON document that every reader understands in the same way."""


def read_json(content: bytes) -> Any:
    """The document in `content` (RFC 8259, and I-JSON of RFC 7493).

    It must be UTF-8 without a byte order mark, with no repeated names, finite numbers, no lone surrogates, and at
    most 32 levels deep.

    Raises:
        NotStrictJson: it is not.
    """
    try:
        document = _DECODER.decode(content.decode("utf-8"))
        _check_text_and_depth(document)
    except (ValueError, RecursionError):
        # Also UnicodeDecodeError, JSONDecodeError, and an integer of more digits than Python agrees to read.
        raise NotStrictJson from None
    return document


def _object_without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a name is repeated")
    return members


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError("not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if number in {float("inf"), float("-inf")}:
        raise ValueError("the number is too large")
    return number


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object_without_repetition, parse_constant=_refuse_constant, parse_float=_finite
)


def _check_text_and_depth(value: Any, depth: int = 0) -> None:
    if isinstance(value, str):
        value.encode()  # UnicodeEncodeError, a ValueError, for a lone surrogate
        return
    if not isinstance(value, dict | list):
        return
    if depth == MAX_NESTING:
        raise ValueError("nested too deeply")
    for member in [*value, *value.values()] if isinstance(value, dict) else value:
        _check_text_and_depth(member, depth + 1)
