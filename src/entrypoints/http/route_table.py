"""The routes of the application as a whole, with the prefixes of the routers that they came in."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts


def templates_by_endpoint(app: FastAPI) -> dict[Callable[..., Any], str]:
    """The whole path template of each endpoint, such as `/api/v1/users/{user_id}`."""
    return {
        route.endpoint: route.path
        for route in iter_route_contexts(app.routes)
        if route.endpoint is not None and route.path is not None
    }


def allowed_methods(app: FastAPI, path: str) -> list[str]:
    """The methods of every route with this path, in alphabetical order; where GET is, HEAD is.

    Starlette's own answer to a method that is not allowed names those of the first route only.
    """
    methods: set[str] = set()
    for route in iter_route_contexts(app.routes):
        if route.path_regex.match(path):
            methods |= route.methods or set()
    return sorted(methods | ({"HEAD"} if "GET" in methods else set()))
