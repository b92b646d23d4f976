"""The header `Prefer` (RFC 7240): optional requests of a client."""

import re
from contextlib import suppress
from typing import Final

from starlette.requests import Request

from foundation.http.requests.field_syntax import QUOTED, WORD, given, members

_PAIR: Final = rf"{WORD}(?:[ \t]*+=[ \t]*+(?:{WORD}|{QUOTED})?+)?+"
# One member of the list with its parameters; it may be empty (RFC 9110, 5.6.1.2). Possessive, so that no text is read
# twice.
_MEMBER: Final = re.compile(
    rf"[ \t]*+(?:(?P<name>{WORD})(?:[ \t]*+=[ \t]*+(?P<value>{WORD}|{QUOTED})?+)?+"
    rf"(?:[ \t]*+;[ \t]*+(?:{_PAIR})?+)*+[ \t]*+)?+(?:,|$)"
)
_ESCAPE: Final = re.compile(r"\\(.)")


def prefers(request: Request, name: str, value: str) -> bool:
    """Whether the client would like `name` to be `value`, both in lower case and compared in any case.

    Of a preference that is given twice the first one counts; one that is unknown is ignored (RFC 7240, 2), and so is
    what follows something that is not a preference. The answer says which was honoured.
    """
    header = given(request, b"prefer")
    if not header:
        return False
    found: dict[str, str] = {}
    with suppress(ValueError):
        for match in members(_MEMBER, header):
            if match["name"] is not None:
                found.setdefault(match["name"].lower(), _unquoted(match["value"] or "").lower())
    return found.get(name) == value


def _unquoted(word: str) -> str:
    return _ESCAPE.sub(r"\1", word[1:-1]) if word.startswith('"') else word
