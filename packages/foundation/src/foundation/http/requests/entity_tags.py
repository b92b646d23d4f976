"""Entity tags and preconditions (RFC 9110, 8.8.3 and 13.1)."""

import re
from collections.abc import Container
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


class _AllBut(Container[datetime]):
    """Every version but some."""

    def __init__(self, versions: frozenset[datetime]) -> None:
        self._versions = versions

    def __contains__(self, version: object) -> bool:
        return version not in self._versions


def expected_versions(request: Request, entity_id: int, *, required: bool | None = None) -> Container[datetime] | None:
    """The versions of the entity with this id that the preconditions admit; None when every version will do.

    They are those that `If-Match` names, without those that `If-None-Match` names. A tag that is weak names no version
    in the former, and neither does one that this service never gave for this entity.
    `required` is what the application was made with, unless it is given.
    Raises `Problem`: 400 for a header that is not a list of entity tags, 428 when it is `required` and missing.
    """
    named, unwanted = _list_of(request, "if-match"), _list_of(request, "if-none-match")
    if named is None and (request.app.state.require_if_match if required is None else required):
        raise Problem(kinds.PRECONDITION_REQUIRED)
    if unwanted == "*":
        return frozenset()
    refused = _versions(unwanted or "", entity_id, weak=True)
    if named is None or named == "*":
        return _AllBut(refused) if refused else None
    return _versions(named, entity_id, weak=False) - refused


def check_match(request: Request, view: Versioned) -> None:
    """Raise `Problem` unless `If-Match` names the version that is to be read: 412, and 400 for a malformed header."""
    named = _list_of(request, "if-match")
    if named is not None and named != "*" and view.updated_at not in _versions(named, view.id, weak=False):
        raise Problem(kinds.PRECONDITION_FAILED)


def matches_any(request: Request, view: Versioned) -> bool:
    """Whether `If-None-Match` names this version, so that the client has it already."""
    header = _list_of(request, "if-none-match") or ""
    if header in {"", "*"}:
        return header == "*"
    return entity_tag(view).strip('"') in {tag for _weak, tag in _tags(header)}


def _list_of(request: Request, name: str) -> str | None:
    """The value of a header that is a list; None where there is no such header."""
    values = request.headers.getlist(name)
    return ",".join(values).strip() if values else None


def _versions(header: str, entity_id: int, *, weak: bool) -> frozenset[datetime]:
    """The versions that the list names; by its `weak` tags, too, if they count.

    Raises `Problem`: 412 when they do not count, and there are no others. "It has changed" would mislead the client.
    """
    tags = _tags(header)
    if tags and not weak and all(is_weak for is_weak, _ in tags):
        raise Problem(
            kinds.PRECONDITION_FAILED,
            "If-Match names weak entity tags only, and those match nothing (RFC 9110, 13.1.1). A proxy that compresses"
            " may have weakened them: send the tag without W/.",
        )
    # A header may name thousands; those of other entities are told apart fast, and each is read once.
    beginning = f"{entity_id:x}-"
    named = {tag for is_weak, tag in tags if (weak or not is_weak) and tag.startswith(beginning)}
    versions = (_version(tag, entity_id) for tag in named)
    return frozenset(version for version in versions if version is not None)


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
