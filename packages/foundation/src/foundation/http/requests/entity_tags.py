"""Entity tags and preconditions (RFC 9110, 8.8.3 and 13.1)."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from starlette.requests import Request

from foundation.http.problems import kinds
from foundation.http.problems.problem import Problem
from foundation.http.requests.field_syntax import members

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
# One member of the list: weak or strong, then the opaque tag between quotes. It may be empty (RFC 9110, 5.6.1.2).
# Possessive (++), so that a long run of blanks is read once, and not once from each of them.
_MEMBER: Final = re.compile(r'[ \t]*+(?:(W/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*+)?(?:,|$)')
# As `entity_tag` writes it, without leading zeros, so that no other text names the same version.
_OUR_TAG: Final = re.compile(r"([1-9a-f][0-9a-f]{0,7})-(0|[1-9a-f][0-9a-f]{0,14})")


class Versioned(Protocol):
    """A read model of something that has an id and a version."""

    @property
    def id(self) -> int:
        """The id."""
        ...

    @property
    def updated_at(self) -> datetime:
        """The version: when it was last changed."""
        ...


def entity_tag(view: Versioned) -> str:
    """The strong entity tag: the id and the version."""
    return f'"{view.id:x}-{(view.updated_at - _EPOCH) // _MICROSECOND:x}"'


def expected_versions(request: Request, entity_id: int, *, required: bool | None = None) -> frozenset[datetime] | None:
    """The versions that `If-Match` names for the entity with this id; None when every version will do.

    A tag that is weak, or that this service never gave for this entity, names no version, so it never matches.
    `required` is what the application was made with, unless it is given.
    Raises `Problem`: 400 for a header that is not a list of entity tags, 428 when it is `required` and missing.
    """
    values = request.headers.getlist("if-match")
    if not values:
        if request.app.state.require_if_match if required is None else required:
            raise Problem(kinds.PRECONDITION_REQUIRED)
        return None
    header = ",".join(values).strip()
    if header == "*":
        return None
    versions = (_version(tag, entity_id) for weak, tag in _tags(header) if not weak)
    return frozenset(version for version in versions if version is not None)


def matches_any(request: Request, view: Versioned) -> bool:
    """Whether `If-None-Match` names this version, so that the client has it already."""
    header = ",".join(request.headers.getlist("if-none-match")).strip()
    if header in {"", "*"}:
        return header == "*"
    return entity_tag(view).strip('"') in {tag for _weak, tag in _tags(header)}


def _tags(header: str) -> list[tuple[bool, str]]:
    """The entity tags of the list, each with whether it is weak."""
    try:
        return [(match[1] is not None, match[2]) for match in members(_MEMBER, header) if match[2] is not None]
    except ValueError:
        raise Problem(kinds.MALFORMED_REQUEST, "A precondition header is not a list of entity tags.") from None


def _version(tag: str, entity_id: int) -> datetime | None:
    match = _OUR_TAG.fullmatch(tag)
    if match is None or int(match[1], 16) != entity_id:
        return None
    try:
        return _EPOCH + int(match[2], 16) * _MICROSECOND
    except OverflowError:
        return None
