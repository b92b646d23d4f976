"""Reads request bodies, of a declared or an unknown length, and never more of them than is allowed."""

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Final

from starlette.requests import ClientDisconnect, Request

from foundation.http.limits import MAX_BUFFERED_SIZE
from foundation.http.problems import kinds
from foundation.http.problems.problem import FieldError, Problem
from foundation.http.requests.field_syntax import given

# Bytes of any format (RFC 2046, 4.5.1), which nearly every generated client can send, unlike texts other than JSON.
OCTETS: Final = "application/octet-stream"

# Bytes of each body, which nearly all bodies are shorter than.
_UNCOUNTED: Final = 16 * 1024
_CHARSET: Final = frozenset({"", "charset=utf-8", 'charset="utf-8"'})
# RFC 4180, 3; there is always a header.
_OWN_PARAMETERS: Final[Mapping[str, frozenset[str]]] = {"text/csv": frozenset({"header=present"})}


def check_media_type(request: Request, media_types: Iterable[str]) -> str:
    """The media type of the body, which must be one of `media_types`, in UTF-8 and without a content coding.

    Raises `Problem`: 415 otherwise.
    """
    # A repeated header is joined, and the result is not a media type.
    content_type = given(request, b"content-type")
    codings = given(request, b"content-encoding") or "identity"
    if content_type in media_types and codings == "identity":
        return content_type
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    known = _CHARSET | _OWN_PARAMETERS.get(media_type, frozenset())
    if media_type not in media_types or not known.issuperset(parameters) or codings.strip().lower() != "identity":
        header = "Accept-Patch" if request.method == "PATCH" else "Accept-Post"
        raise Problem(kinds.UNSUPPORTED_MEDIA_TYPE, headers={header: ", ".join(media_types)})
    return media_type


def media_type_of_file(request: Request, media_types: Mapping[str, str], name: str | None) -> str:
    """The media type of a file in the body: one of the values of `media_types`, whose keys name them.

    Bytes without a media type of their own, `application/octet-stream`, are what `name` says, the value of the query
    parameter `format`. With another media type it may be absent.

    Raises `Problem`: 415 for another media type or a content coding, 422 when `name` is missing or says otherwise.
    """
    sent = check_media_type(request, [*media_types.values(), OCTETS])
    named = None if name is None else media_types[name]
    if sent == OCTETS and named is None:
        problem = ("required", f"is required for a body that is {OCTETS}")
    elif sent not in {OCTETS, named or sent}:
        problem = ("contradicts-media-type", "names another format than the media type of the body")
    else:
        return named or sent
    raise Problem(kinds.VALIDATION_FAILED, errors=[FieldError("format", *problem, in_query=True)])


async def read_pieces(request: Request, largest: int) -> AsyncIterator[bytes]:
    """The body as it arrives, counted on the way: a declared length may be missing or untrue.

    Raises `Problem`: 413 above `largest` bytes.
    """
    size = 0
    declared = given(request, b"content-length")
    if declared.isdecimal() and int(declared) > largest:
        raise _too_large(largest)
    more = True
    while more:
        # As Starlette's `stream`, without a second generator.
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        piece, more = message.get("body", b""), message.get("more_body", False)
        size += len(piece)
        if size > largest:
            raise _too_large(largest)
        if piece:
            yield piece


class _Buffered:
    """How many bytes of bodies are held that have not arrived in full."""

    size = 0


async def read_whole(request: Request, largest: int) -> bytes:
    """The whole body.

    Raises `Problem`: 413 above `largest` bytes, and 503 when too much is held of bodies that arrive slowly.
    """
    content = bytearray()
    counted = 0
    try:
        async for piece in read_pieces(request, largest):
            content += piece
            surplus = len(content) - _UNCOUNTED - counted
            if surplus > 0:
                if _Buffered.size + surplus > MAX_BUFFERED_SIZE:
                    raise Problem(kinds.OVERLOADED, headers={"Connection": "close"})
                _Buffered.size += surplus
                counted += surplus
    finally:
        _Buffered.size -= counted
    return bytes(content)


def _too_large(largest: int) -> Problem:
    return Problem(
        kinds.CONTENT_TOO_LARGE,
        f"A body may have at most {largest} bytes here.",
        headers={"Connection": "close"},
    )
