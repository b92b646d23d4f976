"""What the values of several headers are made of, as regular expressions: possessive, so that no text is read twice."""

import re
from collections.abc import Iterator
from typing import Final

from starlette.requests import Request

# token and quoted-string of RFC 9110, 5.6.2 and 5.6.4.
WORD: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
QUOTED: Final = r'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*+"'


def readable_members(member: re.Pattern[str], value: str) -> Iterator[re.Match[str]]:
    """As `members`, without those that `member` does not match."""
    position = 0
    while position < len(value):
        if (match := member.match(value, position)) is not None:
            yield match
            position = match.end()
        else:
            position = (value.find(",", position) + 1) or len(value)


def members(member: re.Pattern[str], value: str) -> Iterator[re.Match[str]]:
    """The members of a list (RFC 9110, 5.6.1), each matched by `member` up to its comma. They may be empty.

    Raises:
        ValueError: from here on, the value is not such a list.
    """
    position = 0
    while position < len(value):
        match = member.match(value, position)
        if match is None:
            raise ValueError("not a list")
        yield match
        position = match.end()


def given(request: Request, name: bytes) -> str:
    """The value of a header that is a list, its lines joined; `name` is in lower case. Empty where there is none."""
    values = [value for each, value in request.scope["headers"] if each == name]
    return b",".join(values).decode("latin-1") if values else ""
