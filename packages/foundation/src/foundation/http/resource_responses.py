"""Answers that have one resource, with its entity tag."""

from collections.abc import Callable
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from foundation.http.json_response import json_response
from foundation.http.requests.entity_tags import Versioned, entity_tag, matches_any
from foundation.http.requests.idempotency import replay_headers
from foundation.kernel.idempotency import Outcome

ViewT = TypeVar("ViewT", bound=Versioned)


def resource_response(view: ViewT, present: Callable[[ViewT], dict[str, Any]]) -> Response:
    """200, with the resource as it is now."""
    return json_response(present(view), ETag=entity_tag(view))


def read_response(request: Request, view: ViewT, present: Callable[[ViewT], dict[str, Any]]) -> Response:
    """200, or 304 for a client that has this version already. Raises `Problem` for a malformed `If-None-Match`."""
    if matches_any(request, view):
        return Response(status_code=304, headers={"ETag": entity_tag(view)})
    return resource_response(view, present)


def created_response(request: Request, outcome: Outcome[ViewT], present: Callable[[ViewT], dict[str, Any]]) -> Response:
    """201, with the address of the new resource, which is below that of its list."""
    view = outcome.value
    location = f"{request.scope['path']}/{view.id}"
    return json_response(present(view), 201, ETag=entity_tag(view), Location=location, **replay_headers(outcome))
