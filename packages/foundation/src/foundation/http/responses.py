"""Answers: documents, resources with their entity tags, and content that is written while it is being sent."""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from typing import Any, Final, TypeVar

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from foundation.http.requests.entity_tags import Versioned, check_match, entity_tag, matches_any
from foundation.http.requests.idempotency import replay_headers
from foundation.kernel.errors import ApplicationError
from foundation.kernel.idempotency import Outcome

logger = logging.getLogger("service.http")

_JSON: Final = (b"content-type", b"application/json")
_PRECONDITIONS: Final = frozenset({b"if-match", b"if-none-match"})

ViewT = TypeVar("ViewT", bound=Versioned)


def json_response(document: Mapping[str, Any], status: int = 200, /, **headers: str) -> Response:
    """The document in UTF-8. FastAPI passes it on as it is, without validating it a second time.

    Times in it are written as RFC 3339 has them: in UTC with a Z, and without a fraction when they have none. A page
    of 50 items takes a seventh of the time that the standard library's encoder needs with times as texts.
    """
    return _Document(orjson.dumps(document, option=orjson.OPT_UTC_Z), status, headers)


class _Document(Response):
    """A JSON document whose headers are put together at once: Starlette looks for each among the others."""

    media_type = "application/json"

    def __init__(self, content: bytes, status: int, headers: Mapping[str, str]) -> None:
        self.body, self.status_code, self.background = content, status, None
        self.raw_headers = [
            *((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()),
            (b"content-length", b"%d" % len(content)),
            _JSON,
        ]


def resource_response(view: ViewT, present: Callable[[ViewT], dict[str, Any]]) -> Response:
    """200, with the resource as it is now."""
    return json_response(present(view), ETag=entity_tag(view))


def read_response(request: Request, view: ViewT, present: Callable[[ViewT], dict[str, Any]]) -> Response:
    """200, or 304 for a client that has this version already.

    Raises `Problem`: 412 for a client that wants another version, 400 for a precondition that is malformed.
    """
    if not _PRECONDITIONS.isdisjoint([name for name, _ in request.scope["headers"]]):
        check_match(request, view)
        if matches_any(request, view):
            return Response(status_code=304, headers={"ETag": entity_tag(view)})
    return resource_response(view, present)


def created_response(request: Request, outcome: Outcome[ViewT], present: Callable[[ViewT], dict[str, Any]]) -> Response:
    """201, with the address of the new resource, which is below that of its list."""
    view = outcome.value
    location = f"{request.app.state.public_path}{request.scope['path']}/{view.id}"
    return json_response(present(view), 201, ETag=entity_tag(view), Location=location, **replay_headers(outcome))


class AnswerBrokenOff(Exception):
    """The answer has begun and can be neither finished nor taken back."""


def streamed(request: Request, content: AsyncGenerator[bytes, None], headers: Mapping[str, str]) -> StreamingResponse:
    """The content as an answer; to HEAD, its headers only.

    Each piece is asked for when the one before it has been sent, so a slow reader costs a piece of memory and nothing
    else. An `ApplicationError` breaks the connection.
    """
    if request.scope["state"]["head"]:
        return StreamingResponse(_nothing(), headers=headers)
    return StreamingResponse(_pieces(content, request.scope["state"]["request_id"]), headers=headers)


async def _pieces(content: AsyncGenerator[bytes, None], request_id: str) -> AsyncIterator[bytes]:
    async with aclosing(content):
        try:
            async for piece in content:
                yield piece
        except ApplicationError as error:
            logger.warning("answer broken off: %s", error.code, extra={"request_id": request_id})
            raise AnswerBrokenOff from error


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""
