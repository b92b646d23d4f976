"""The scopes of routes: each route declares one, which is checked before anything else is looked at."""

from collections.abc import Callable, Collection, Coroutine
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from fastapi import Depends, Request
from fastapi.routing import APIRoute

if TYPE_CHECKING:
    from foundation.http.access.access_control import AccessControl

MARK: Final = "x-scope"
"""The member of an operation that names its scope until the document is made: see `openapi.security`."""

_Check = Callable[[Request], Coroutine[Any, Any, None]]
_scopes: Final[dict[Callable[..., Any], str]] = {}


@cache
def _requires(scope: str) -> _Check:
    async def check_scope(request: Request) -> None:
        access: AccessControl | None = request.scope["state"]["access"]
        if access is not None:
            await access.admit(request, scope)

    _scopes[check_scope] = scope
    return check_scope


def scoped(scope: str, **route: Any) -> dict[str, Any]:
    """The keyword arguments of a route's decorator, for principals that have this scope only."""
    dependencies = [Depends(_requires(scope)), *route.pop("dependencies", ())]
    extra = {**route.pop("openapi_extra", {}), MARK: scope}
    return {**route, "dependencies": dependencies, "openapi_extra": extra}


def scope_of(route: APIRoute) -> str | None:
    """The scope that the route declares. It is its first dependency, so that it is checked before all others."""
    first = route.dependant.dependencies[0].call if route.dependant.dependencies else None
    return _scopes.get(first) if first is not None else None


def scope_checks() -> Collection[Callable[..., Any]]:
    """The dependencies that check scopes, which do nothing where there is no access control."""
    return _scopes.keys()
