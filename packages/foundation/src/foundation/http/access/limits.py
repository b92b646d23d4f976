"""The limits of requests: by address, by principal, and of credentials that are tried."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request

from foundation.http.edge.client_address import Network, client_address, is_proxy
from foundation.http.requests.rate_limits import QuotaPolicy, rate_limit_headers, rate_limited
from foundation.kernel.access.principal import Principal
from foundation.kernel.rate_limit import RateLimiter, Taken, WorkerRateLimiter

_BY_ADDRESS: Final = "address"
_BY_PRINCIPAL: Final = "principal"
_TOO_MANY_FAILURES: Final = (
    "Too many invalid credentials came from this address. Wait as long as Retry-After says, and check the credential."
)
_OF_FAILURES: Final = "failed-authentication"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limiters:
    """The limiters of a service; None where there is no limit.

    Attributes:
        by_address: Of all requests of an address.
        by_principal: Of all requests of a principal.
        of_failures: Of the invalid credentials that an address sends.
        trusted_proxies: The peers that tell the address of a client.
    """

    by_address: RateLimiter | None = None
    by_principal: RateLimiter | None = None
    of_failures: WorkerRateLimiter | None = None
    trusted_proxies: Collection[Network] = ()


class RequestLimits:
    """Counts requests, and refuses those that are too many with 429."""

    def __init__(self, limiters: Limiters) -> None:
        self._limiters = limiters
        self.count_addresses = limiters.by_address is not None
        self.count_principals = limiters.by_principal is not None
        self._policies = {
            name: QuotaPolicy(name, limiter.limit)
            for name, limiter in (
                (_BY_ADDRESS, limiters.by_address),
                (_BY_PRINCIPAL, limiters.by_principal),
                (_OF_FAILURES, limiters.of_failures),
            )
            if limiter is not None
        }

    async def count_address(self, request: Request) -> None:
        """Count the request against its address. Raises `Problem`: 429."""
        limiter = self._limiters.by_address
        if limiter is not None:
            self._note(request, _BY_ADDRESS, await limiter.take(self._address(request)))

    async def count_principal(self, request: Request, principal: Principal) -> None:
        """Count the request against its principal. Raises `Problem`: 429."""
        limiter = self._limiters.by_principal
        if limiter is not None:
            self._note(request, _BY_PRINCIPAL, await limiter.take(principal.name))

    def direct_client(self, scope: Mapping[str, Any]) -> str | None:
        """The address of the peer of a connection; None if it is a proxy, or if failed attempts are not limited."""
        if self._limiters.of_failures is None or is_proxy(scope, self._limiters.trusted_proxies):
            return None
        return client_address(scope)

    def has_failed_too_often(self, address: str) -> bool:
        """Whether the address has sent too many invalid credentials. Asked for each request."""
        limiter = self._limiters.of_failures
        return limiter is not None and limiter.is_used_up(address)

    def check_failures(self, request: Request) -> None:
        """Raise `Problem`, 429, if the address has sent too many invalid credentials."""
        limiter = self._limiters.of_failures
        if limiter is not None and not (taken := limiter.peek(self._address(request))).allowed:
            raise rate_limited({self._policies[_OF_FAILURES]: taken}, _TOO_MANY_FAILURES)

    async def count_failure(self, request: Request) -> None:
        """Count an invalid credential."""
        limiter = self._limiters.of_failures
        if limiter is not None:
            await limiter.take(self._address(request))

    def _note(self, request: Request, name: str, taken: Taken) -> None:
        policy = self._policies[name]
        if not taken.allowed:
            raise rate_limited({policy: taken})
        known: dict[QuotaPolicy, Taken] = request.scope["state"].setdefault("rate_limits", {})
        known[policy] = taken

    def _address(self, request: Request) -> str:
        return client_address(request.scope, self._limiters.trusted_proxies)


def limits_of(taken: Mapping[QuotaPolicy, Taken]) -> list[tuple[bytes, bytes]]:
    """The headers that tell the client what is left of the limits that its request was counted against."""
    return [(name.lower().encode(), value.encode()) for name, value in rate_limit_headers(taken).items()]
