"""Page cursors: a position in a list as an opaque, signed text, bound to its sort and filter, and to the client."""

import dataclasses
import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

import orjson

from foundation.kernel.access.principal import ANONYMOUS
from foundation.kernel.pagination import Position
from foundation.kernel.queries import SortOrder
from foundation.kernel.value_object import ValueObject

_VERSION: Final = 3
_SIGNATURE_LENGTH: Final = 16


class InvalidCursor(Exception):
    """The text is not a cursor of this service, or belongs to another principal, or another sort or filter."""


class CursorCodec:
    """Writes and reads cursors. Codecs with the same key understand each other.

    The filter of a list is a frozen dataclass, whose fields are value objects, times, numbers, texts, or None.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def encode(self, position: Position, sort: SortOrder, where: Any, holder: str = ANONYMOUS.name) -> str:
        """The cursor for the page behind `position`, for the principal of this name."""
        payload = json.dumps([_VERSION, sort.value, _digest(where, holder), _plain(position.key), position.id]).encode()
        return _text(self._sign(payload) + payload)

    def decode(self, cursor: str, sort: SortOrder, where: Any, holder: str = ANONYMOUS.name) -> Position:
        """The position in the list with this sort and filter, if `holder` got the cursor. Raises `InvalidCursor`."""
        try:
            content = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        except ValueError:
            raise InvalidCursor from None
        if _text(content) != cursor:
            raise InvalidCursor  # the decoder skips characters that are not in the alphabet of Base64
        signature, payload = content[:_SIGNATURE_LENGTH], content[_SIGNATURE_LENGTH:]
        if not hmac.compare_digest(signature, self._sign(payload)):
            raise InvalidCursor
        # Of another version only its number is known, and that it comes first.
        version, *rest = orjson.loads(payload)
        if version != _VERSION or rest[:2] != [sort.value, _digest(where, holder)]:
            raise InvalidCursor
        key, row_id = rest[2:]
        return Position(_restored(key), row_id)

    def _sign(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, payload, "sha256")[:_SIGNATURE_LENGTH]


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


# The pages of one list share their filter.
@lru_cache(maxsize=64)
def _digest(where: Any, holder: str = ANONYMOUS.name) -> str:
    """A digest of the filter and the holder: the class, the fields that are given, by name, and the principal."""
    given = {field.name: getattr(where, field.name) for field in dataclasses.fields(where)}
    parts = [type(where).__name__, {name: _plain(value) for name, value in given.items() if value is not None}, holder]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _plain(value: Any) -> Any:
    """The value as JSON has it; what JSON does not have is marked, so that no two values are written equally."""
    if isinstance(value, datetime):
        return {"time": value.isoformat()}
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, ValueObject):
        return _plain(value.value)
    return value


def _restored(key: Any) -> Any:
    match key:
        case {"time": text}:
            return datetime.fromisoformat(text)
        case {"decimal": text}:
            return Decimal(text)
        case _:
            return key
