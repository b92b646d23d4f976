"""The scopes of routes: each route declares one, which is checked before anything else is looked at."""

from collections.abc import Callable, Coroutine
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from fastapi import Depends, Request
from fastapi.routing import APIRoute

from foundation.http.problems import kinds
from foundation.http.problems.problem import Problem
from foundation.kernel.access.policy import Forbidden
from foundation.kernel.access.principal import ANONYMOUS, Caller, begin_call

if TYPE_CHECKING:
    from foundation.http.access.authentication import Authentication
    from foundation.http.access.limits import RequestLimits

MARK: Final = "x-scope"
"""The member of an operation that names its scope until the document is made: see `openapi.security`."""

_Check = Callable[[Request], Coroutine[Any, Any, None]]
_scopes: Final[dict[Callable[..., Any], str]] = {}


@cache
def _requires(scope: str) -> _Check:
    async def check_scope(request: Request) -> None:
        state = request.app.state
        limits: RequestLimits | None = state.limits
        if limits is not None:
            await limits.count_address(request)
        authentication: Authentication | None = state.authentication
        principal = ANONYMOUS
        if authentication is not None:
            principal = await authentication.principal(request)
            if limits is not None:
                await limits.count_principal(request, principal)
            if not principal.may(scope):
                raise lacking(scope)
        begin_call(Caller(principal, request.scope["state"]["request_id"]))

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


def lacking(scope: str) -> Problem:
    """The problem of a principal without this scope (RFC 6750, 3.1)."""
    challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
    return Problem(kinds.FORBIDDEN, f"The credential lacks the scope {scope}.", headers={"WWW-Authenticate": challenge})


def forbidden(error: Forbidden) -> Problem:
    """The problem of what a policy does not allow."""
    return lacking(error.scope) if error.scope else Problem(kinds.FORBIDDEN, str(error))
