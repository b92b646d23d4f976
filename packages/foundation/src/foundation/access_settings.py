"""The settings of authentication, limits and the audit trail: see `foundation.access`."""

from datetime import timedelta
from typing import Annotated

from pydantic_settings import BaseSettings, NoDecode

from foundation.kernel.rate_limit import RateLimit
from foundation.setting_values import (
    Audience,
    AuthMode,
    AuthModes,
    ClaimName,
    Days,
    Issuer,
    MaybeBoolean,
    Networks,
    OneRateLimit,
    OptionalRateLimit,
    Origins,
    RateLimitStore,
    SettingsError,
    Storage,
    TenantName,
    TokenTypes,
)


class AccessSettings(BaseSettings):
    """Which credentials requests need, how many requests there may be, and what is noted of changes."""

    allow_public_bind: bool = False
    """Whether an address other than loopback may be bound without authentication, since a proxy authenticates."""

    auth_mode: Annotated[AuthModes, NoDecode] = frozenset()
    """The credentials that requests need: `disabled`, `api-keys`, `oidc` (access tokens), or `api-keys,oidc`."""

    oidc_issuer: Issuer = None
    """The identity provider, whose access tokens are accepted, as it names itself in them."""

    oidc_audience: Audience = None
    """The name of this service in the audience of access tokens."""

    oidc_token_types: Annotated[TokenTypes, NoDecode] = frozenset({"at+jwt"})
    """The types of access tokens: `at+jwt` (RFC 9068), and `jwt` for providers that do not follow it."""

    oidc_owner_claim: ClaimName = None
    """The claim of access tokens that says for whom they are, as policies about own rows need it."""

    oidc_tenant_claim: ClaimName = None
    """The claim of access tokens that names the tenant."""

    tenant: TenantName = None
    """The tenant that commands work for, and requests while AUTH_MODE is disabled."""

    audit_trail: MaybeBoolean = None
    """Whether each change has an entry in the audit trail. Unset, it has one unless AUTH_MODE is disabled."""

    audit_trail_retention: Days = timedelta(days=365)
    """Days for which entries of the audit trail are kept."""

    trusted_proxies: Annotated[Networks, NoDecode] = ()
    """The proxies that tell the address of the client, by `X-Forwarded-For` or `Forwarded`. None: the peer is it."""

    rate_limit: Annotated[OptionalRateLimit, NoDecode] = None
    """How many requests each principal may send, such as `100/1m`; one more is answered 429. Unset, any number."""

    rate_limit_by_address: Annotated[OptionalRateLimit, NoDecode] = None
    """How many requests each address may send, of any principal; one more is answered 429. Unset, any number."""

    rate_limit_store: RateLimitStore = RateLimitStore.WORKER
    """What counts requests: `worker`, each for itself, or `database`, all of them together with a small error."""

    failed_authentication_limit: Annotated[OneRateLimit, NoDecode] = RateLimit(20, 60)
    """How many credentials that are not valid each address may try before its requests are answered 429."""

    cors_allowed_origins: Annotated[Origins, NoDecode] = frozenset()
    """The origins whose pages may call the API from a browser, such as `https://app.example.com`. None, by default."""

    @property
    def audited(self) -> bool:
        """Whether changes have entries in the audit trail."""
        return bool(self.auth_mode) if self.audit_trail is None else self.audit_trail

    def check_access(self, storage: Storage) -> None:
        """Raise `SettingsError` for a combination that would not protect as it says, on this storage."""
        self._check_authentication(storage)
        self._check_rate_limits(storage)

    def _check_authentication(self, storage: Storage) -> None:
        tokens = {
            "OIDC_ISSUER": self.oidc_issuer,
            "OIDC_AUDIENCE": self.oidc_audience,
            "OIDC_OWNER_CLAIM": self.oidc_owner_claim,
            "OIDC_TENANT_CLAIM": self.oidc_tenant_claim,
        }
        if AuthMode.OIDC in self.auth_mode:
            for name in ("OIDC_ISSUER", "OIDC_AUDIENCE"):
                if tokens[name] is None:
                    raise SettingsError(f"AUTH_MODE=oidc needs {name}, or tokens that were not meant for it would do.")
        elif given := [name for name, value in tokens.items() if value is not None]:
            raise SettingsError(f"{given[0]} is set, and AUTH_MODE does not include oidc; add it, or unset {given[0]}.")
        if self.auth_mode == {AuthMode.API_KEYS} and storage is Storage.MEMORY:
            raise SettingsError(
                "AUTH_MODE=api-keys needs a storage that `keys create` reaches, which memory:// is not; "
                "use another DATABASE_URL."
            )

    def _check_rate_limits(self, storage: Storage) -> None:
        if self.rate_limit is not None and not self.auth_mode:
            raise SettingsError(
                "RATE_LIMIT is for each principal, and AUTH_MODE=disabled knows none: use RATE_LIMIT_BY_ADDRESS."
            )
        if self.rate_limit_store is RateLimitStore.DATABASE and storage is Storage.MEMORY:
            raise SettingsError(
                "RATE_LIMIT_STORE=database needs a database, and DATABASE_URL is memory://; "
                "use RATE_LIMIT_STORE=worker or another DATABASE_URL."
            )
