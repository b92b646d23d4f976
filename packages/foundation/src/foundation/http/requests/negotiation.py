"""Chooses the media type of an answer by what the client accepts (RFC 9110, 12.5.1)."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from starlette.requests import Request

from foundation.http.problems import kinds
from foundation.http.problems.problem import Problem
from foundation.http.requests.field_syntax import QUOTED, WORD, given, readable_members

_PARAMETER: Final = rf"{WORD}=(?:{WORD}|{QUOTED})"
# One member of the list; it may be empty (RFC 9110, 5.6.1.2). Possessive (++), so that no text is read twice.
_MEMBER: Final = re.compile(
    rf"[ \t]*+(?:(?P<type>{WORD})(?:/(?P<subtype>{WORD}))?+"
    rf"(?P<parameters>(?:[ \t]*+;[ \t]*+(?:{_PARAMETER})?+)*+)[ \t]*+)?(?:,|$)"
)
# Members that are read; browsers send ten. The header may have thousands, each of which takes microseconds.
_MAX_MEMBERS: Final = 200
_ONE_PARAMETER: Final = re.compile(_PARAMETER)
_WEIGHT: Final = re.compile(r"0?(?:\.[0-9]{1,3})|0\.?|1(?:\.0{0,3})?")
# What every answer is written in, so that asking for it asks for nothing else.
_OWN_PARAMETERS: Final = frozenset({"charset=utf-8", 'charset="utf-8"', "header=present"})


@dataclass(frozen=True, slots=True)
class _Range:
    type: str
    subtype: str
    parameters: frozenset[str]
    weight: float

    def precedence(self, media_type: str) -> int:
        """How closely it describes the media type, more being closer; -1 when it does not."""
        type_, _, subtype = media_type.partition("/")
        if self.type == self.subtype == "*":
            return 0
        if self.type != type_ or self.subtype not in {"*", subtype} or self.parameters - _OWN_PARAMETERS:
            return -1
        return 1 if self.subtype == "*" else 2 + len(self.parameters)


def negotiate(request: Request, *offered: str) -> str:
    """The one of the `offered` media types (lower-case, without parameters) that the client likes best.

    Of equally liked ones, and for a client without preferences, it is the first. The closest range of `Accept` that
    describes a media type decides about it. What is no media range is passed over: clients of all ages send the header.
    Raises `Problem`: 406 when none is acceptable.
    """
    header = given(request, b"accept")
    if header in offered:
        return header
    ranges = _parse(header)
    if not ranges:
        return offered[0]
    best = max(offered, key=lambda media_type: _weight(ranges, media_type))
    if not _weight(ranges, best):
        raise Problem(kinds.NOT_ACCEPTABLE, f"The answer can be had as {' or '.join(offered)}.")
    return best


def answers(*offered: str) -> Callable[[Request], Awaitable[str]]:
    """A dependency of a route that answers in one of the `offered` media types: see `negotiate`.

    As a dependency it refuses before anything is carried out.
    """

    # Asynchronous, because FastAPI sends synchronous dependencies to a thread.
    async def choose(request: Request) -> str:
        return negotiate(request, *offered)

    return choose


def _parse(header: str) -> list[_Range]:
    # What nearly every client sends; the answer is the same without reading on.
    if header in {"", "*/*"}:
        return []
    matches = islice(readable_members(_MEMBER, header), _MAX_MEMBERS)
    found = [match.groups() for match in matches if match["type"] is not None]
    ranges = (_read_range(type_.lower(), (subtype or "").lower(), rest.lower()) for type_, subtype, rest in found)
    return [one for one in ranges if one is not None]


def _read_range(type_: str, subtype: str, rest: str) -> _Range | None:
    """None for what is not a media range. Older clients of Java write `*` for any media type, and weights as `.2`."""
    if type_ == "*" and subtype in {"", "*"}:
        subtype = "*"
    elif type_ == "*" or not subtype:
        return None
    parameters: set[str] = set()
    weight = 1.0
    for parameter in _ONE_PARAMETER.findall(rest):
        if not parameter.startswith("q="):
            parameters.add(parameter)
        elif _WEIGHT.fullmatch(parameter, 2):
            weight = float(parameter[2:])
        else:
            return None
    return _Range(type_, subtype, frozenset(parameters), weight)


def _weight(ranges: Sequence[_Range], media_type: str) -> float:
    precedence, weight = max((each.precedence(media_type), each.weight) for each in ranges)
    return weight if precedence >= 0 else 0.0
