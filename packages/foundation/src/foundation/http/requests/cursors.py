"""Page cursors: a position in a list as an opaque, signed text, bound to the sort and the filter of the list."""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from functools import lru_cache
from typing import Final

import orjson

from application.users.ports import UserFilter, UserSort
from foundation.kernel.pagination import Position

_VERSION: Final = 1
_SIGNATURE_LENGTH: Final = 16


class InvalidCursor(Exception):
    """The text is no cursor of this service, or belongs to a list with another sort or filter."""


class CursorCodec:
    """Writes and reads cursors. Codecs with the same key understand each other."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def encode(self, position: Position, sort: UserSort, where: UserFilter) -> str:
        """The cursor for the page behind `position`."""
        key = position.key.isoformat() if isinstance(position.key, datetime) else position.key
        payload = json.dumps([_VERSION, sort.value, _digest(where), key, position.id]).encode()
        return _text(self._sign(payload) + payload)

    def decode(self, cursor: str, sort: UserSort, where: UserFilter) -> Position:
        """The position in the list with this sort and filter. Raises `InvalidCursor`."""
        try:
            content = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        except ValueError:
            raise InvalidCursor from None
        if _text(content) != cursor:
            raise InvalidCursor  # the decoder skips characters that are none of Base64's
        signature, payload = content[:_SIGNATURE_LENGTH], content[_SIGNATURE_LENGTH:]
        if not hmac.compare_digest(signature, self._sign(payload)):
            raise InvalidCursor
        # Of another version only its number is known, and that it comes first.
        version, *rest = orjson.loads(payload)
        if version != _VERSION or rest[:2] != [sort.value, _digest(where)]:
            raise InvalidCursor
        key, row_id = rest[2:]
        return Position(datetime.fromisoformat(key) if isinstance(key, str) else key, row_id)

    def _sign(self, payload: bytes) -> bytes:
        return hmac.digest(self._key, payload, "sha256")[:_SIGNATURE_LENGTH]


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")


# The pages of one list share their filter.
@lru_cache(maxsize=64)
def _digest(where: UserFilter) -> str:
    parts = [
        where.email.value if where.email else None,
        where.created_after.isoformat() if where.created_after else None,
        where.created_before.isoformat() if where.created_before else None,
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
