"""Admits requests to routes: counts them, finds out who sends them, and checks the scope."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.requests import Request

from foundation.http.access.authentication import Authentication
from foundation.http.access.limits import RequestLimits
from foundation.http.limits import HEALTH_CHECKS
from foundation.http.problems import kinds
from foundation.http.problems.problem import Problem
from foundation.kernel.access.policy import Forbidden
from foundation.kernel.access.principal import ANONYMOUS, begin_call


class AccessControl:
    """What stands before every route that declares a scope.

    Without `authentication`, every request is of the anonymous principal, of this `tenant`, which no scope is asked of.
    """

    def __init__(self, authentication: Authentication | None, limits: RequestLimits, tenant: str | None = None) -> None:
        self._authentication = authentication
        self._limits = limits
        self._anonymous = replace(ANONYMOUS, tenant=tenant)

    def direct_client(self, scope: Mapping[str, Any]) -> str | None:
        """The address of a connection, as `is_throttled` takes it; None if it is never throttled, as a proxy."""
        return None if self._authentication is None else self._limits.direct_client(scope)

    def is_throttled(self, address: str) -> bool:
        """Whether the client has sent so many invalid credentials that further ones are queued."""
        return self._limits.has_failed_too_often(address)

    def is_attempt(self, scope: Mapping[str, Any]) -> bool:
        """Whether the request has a credential that was not verified recently. Health checks are never attempts."""
        authentication = self._authentication
        return authentication is not None and scope["path"] not in HEALTH_CHECKS and authentication.is_attempt(scope)

    async def admit(self, request: Request, scope: str) -> None:
        """Let the request in; from now on, the task works for its principal.

        Raises:
            Problem: 401, 403 or 429.
            CredentialUnverifiable: see `Authentication.principal`.
        """
        limits, authentication = self._limits, self._authentication
        if limits.count_addresses:
            await limits.count_address(request)
        principal = self._anonymous
        if authentication is not None:
            principal = authentication.recognized(request) or await authentication.principal(request)
            if limits.count_principals:
                await limits.count_principal(request, principal)
            if not principal.may(scope):
                raise lacking(scope)
        begin_call(principal, request.scope["state"]["request_id"])


def lacking(scope: str) -> Problem:
    """The problem of a principal without this scope (RFC 6750, 3.1)."""
    challenge = f'Bearer error="insufficient_scope", scope="{scope}"'
    return Problem(kinds.FORBIDDEN, f"The credential lacks the scope {scope}.", headers={"WWW-Authenticate": challenge})


def forbidden(error: Forbidden) -> Problem:
    """The problem of what a policy does not allow."""
    return lacking(error.scope) if error.scope else Problem(kinds.FORBIDDEN, str(error))
