"""Assembles what decides who may come in, as the settings say."""

from functools import cached_property
from typing import TYPE_CHECKING

from foundation.http.access.limits import Limiters
from foundation.kernel.access.api_keys.use_cases import ApiKeyUseCases
from foundation.kernel.access.revocations.use_cases import RevocationUseCases
from foundation.kernel.forget_full_buckets import ForgetFullBucketsHandler
from foundation.kernel.rate_limit import RateLimit, RateLimiter, WorkerRateLimiter
from foundation.kernel.shared_rate_limit import SharedRateLimiter
from foundation.kernel.storage import Storage
from foundation.setting_values import AuthMode, RateLimitStore
from foundation.settings import ServiceSettings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from foundation.http.access.authentication import CredentialAuthenticator
    from foundation.oidc.signing_keys import SigningKeys
    from foundation.oidc.verifier import TokenVerifier


class Access:
    """The authenticators and the limiters of a service.

    Attributes:
        limiters: The limits of requests; None where nothing is counted.
        background_tasks: What keeps the storage of the limits small, by the names that the log calls the tasks.
    """

    def __init__(
        self, settings: ServiceSettings, storage: Storage, api_keys: ApiKeyUseCases, revocations: RevocationUseCases
    ) -> None:
        self._settings = settings
        self._api_keys = api_keys
        self._revocations = revocations
        self._keys: SigningKeys | None = None
        self.limiters = _limiters(settings, storage)
        self.background_tasks: dict[str, Callable[[], Awaitable[object]]] = {}
        if settings.rate_limit_store is RateLimitStore.DATABASE:
            forget = ForgetFullBucketsHandler(storage.shared_buckets())
            self.background_tasks["forgetting rate limits that nothing is used of"] = forget

    @cached_property
    def authenticators(self) -> "Sequence[CredentialAuthenticator]":
        """One for each kind of credentials that AUTH_MODE names; made for a server, since commands need none."""
        accepted: list[CredentialAuthenticator] = []
        if AuthMode.API_KEYS in self._settings.auth_mode:
            accepted.append(self._api_keys.authenticator)
        if AuthMode.OIDC in self._settings.auth_mode:
            accepted.append(self._token_verifier())
        return accepted

    def start(self) -> None:
        """Begin what the first request would wait for. For a server, in its event loop."""
        if self._keys is not None:
            self._keys.prefetch()

    async def close(self) -> None:
        """End what is under way. The storage is closed after this."""
        await self._api_keys.authenticator.aclose()
        await self._revocations.known.aclose()
        if self._keys is not None:
            await self._keys.aclose()

    def _token_verifier(self) -> "TokenVerifier":
        # An HTTP client and cryptography take a tenth of a second to load.
        from foundation.oidc.settings import OidcSettings
        from foundation.oidc.signing_keys import SigningKeys
        from foundation.oidc.verifier import TokenVerifier

        settings = self._settings
        accepted = OidcSettings(
            settings.oidc_issuer or "",
            settings.oidc_audience or "",
            tenant_claim=settings.oidc_tenant_claim,
            owner_claim=settings.oidc_owner_claim,
            allow_http=True,  # on loopback only
            token_types=settings.oidc_token_types,
        )
        self._keys = SigningKeys(accepted)
        return TokenVerifier(accepted, self._keys, revocations=self._revocations.known)


def _limiters(settings: ServiceSettings, storage: Storage) -> Limiters | None:
    if not settings.auth_mode and settings.rate_limit_by_address is None:
        return None

    def limiter(name: str, limit: RateLimit | None) -> RateLimiter | None:
        if limit is None:
            return None
        if settings.rate_limit_store is RateLimitStore.DATABASE:
            return SharedRateLimiter(name, limit, storage.shared_buckets())
        return WorkerRateLimiter(limit)

    return Limiters(
        by_address=limiter("address", settings.rate_limit_by_address),
        by_principal=limiter("principal", settings.rate_limit),
        of_failures=WorkerRateLimiter(settings.failed_authentication_limit) if settings.auth_mode else None,
        trusted_proxies=settings.trusted_proxies,
    )
