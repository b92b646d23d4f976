"""The routes of the application as a whole, with the prefixes of the routers that they came in."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.routing import RouteContext, iter_route_contexts


def templates_by_endpoint(app: FastAPI) -> dict[Callable[..., Any], str]:
    """The whole path template of each endpoint, such as `/api/v1/things/{thing_id}`."""
    return {
        route.endpoint: route.path_format
        for route in iter_route_contexts(app.routes)
        if route.endpoint is not None and route.path_format is not None
    }


def allowed_methods(app: FastAPI, path: str) -> list[str]:
    """The methods of every route with this path, in alphabetical order; where GET is, HEAD is, and OPTIONS is always.

    Starlette's own answer to a method that is not allowed names those of the first route only.
    """
    return _with_implied(method for route in _routes_at(app, path) for method in route.methods or ())


def known_methods(app: FastAPI) -> list[str]:
    """The methods of the application as a whole, which `OPTIONS *` asks for (RFC 9110, 9.3.7)."""
    return _with_implied(method for route in iter_route_contexts(app.routes) for method in route.methods or ())


def readable_media_types(app: FastAPI, path: str) -> dict[str, str]:
    """`Accept-Post` and `Accept-Patch`, where the path has these methods: the media types that the documents name.

    Sources: the W3C's Linked Data Platform, 7.1, and RFC 5789, 3.1.
    """
    found: dict[str, str] = {}
    for route in _routes_at(app, path):
        media_types = ((route.openapi_extra or {}).get("requestBody") or {}).get("content", {})
        for method in {"POST", "PATCH"} & (route.methods or set()):
            if media_types:
                found[f"Accept-{method.title()}"] = ", ".join(media_types)
    return found


def _routes_at(app: FastAPI, path: str) -> Iterator[RouteContext]:
    return (route for route in iter_route_contexts(app.routes) if route.path_regex.match(path))


def _with_implied(methods: Iterable[str]) -> list[str]:
    known = {*methods, "OPTIONS"}
    return sorted(known | ({"HEAD"} if "GET" in known else set()))
