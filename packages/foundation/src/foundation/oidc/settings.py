"""Which provider's tokens are accepted, and how its addresses must look."""

import ipaddress
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

AT_JWT: Final = "at+jwt"
"""The type of an access token (RFC 9068, section 2.1)."""


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """The provider, and what its access tokens must say.

    Attributes:
        issuer: The issuer identifier, exactly as tokens and the discovery document have it.
        audience: What this service is called in the `aud` claim.
        tenant_claim: The claim that names the tenant; None where there are no tenants.
        owner_claim: The claim that says for whom the token acts; None where no policy asks for that.
        allow_http: Whether the issuer may have a plain `http` address, which must be a loopback one then.
        token_types: The values of the header's `typ` that are admitted, in lower case and without `application/`.
            Providers that do not follow RFC 9068 need "jwt" as well.

    Raises:
        ValueError: the issuer is no address that can be used, or the audience or the token types are empty.
    """

    issuer: str
    audience: str
    tenant_claim: str | None = None
    owner_claim: str | None = None
    allow_http: bool = False
    token_types: frozenset[str] = frozenset({AT_JWT})

    def __post_init__(self) -> None:
        # OpenID Connect Discovery 1.0, section 3: the issuer has neither a query nor a fragment.
        if not is_usable(self.issuer, http=self.allow_http) or not {"?", "#"}.isdisjoint(self.issuer):
            raise ValueError("the issuer must be an https address without a query and a fragment")
        if not self.audience:
            raise ValueError("the audience must not be empty")
        if not self.token_types:
            raise ValueError("at least one type of token must be admitted")

    @property
    def on_loopback(self) -> bool:
        """Whether the provider is on this machine and reached without TLS."""
        return self.issuer.startswith("http://")

    @property
    def discovery_url(self) -> str:
        """Where the discovery document is (OpenID Connect Discovery 1.0, section 4)."""
        return f"{self.issuer.removesuffix('/')}/.well-known/openid-configuration"


def is_usable(url: str, *, http: bool) -> bool:
    """Whether keys may be fetched from the address: it is `https`, or `http` on a loopback host where `http` allows it.

    An address with credentials in it is not used: it would be logged and compared.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port  # ValueError if it is none
    except ValueError:
        return False
    if not url.isascii() or not url.isprintable() or not host or "@" in parts.netloc:
        return False
    return parts.scheme == "https" or (http and _is_loopback(parts, host))


def _is_loopback(parts: SplitResult, host: str) -> bool:
    if parts.scheme != "http":
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
