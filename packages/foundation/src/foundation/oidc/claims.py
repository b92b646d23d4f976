"""The claims of an access token: for whom it is, from whom, for how long, and what it allows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from foundation.kernel.access.credentials import CredentialRejected
from foundation.oidc.settings import OidcSettings

LEEWAY: Final = 60.0
"""Seconds by which the clocks of the provider and of this machine may differ."""

MAX_SCOPES: Final = 200
"""How many scopes a token may have."""

# What only other tokens of a provider have: ID tokens (OpenID Connect Core 1.0, sections 2 and 3.3.2.11), and logout
# tokens (Back-Channel Logout 1.0, section 2.4). Keycloak says it in the payload.
_OF_OTHER_TOKENS: Final = frozenset({"nonce", "at_hash", "c_hash", "events"})
_KEYCLOAK_ID_TYPE: Final = "ID"

# RFC 6749, section 3.3.
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,100}")
_LONGEST_NAME: Final = 255
_LONGEST_TENANT: Final = 100
# The end of the year 9999, in seconds; later moments are none that a calendar has.
_LAST_MOMENT: Final = 253_402_300_799


@dataclass(frozen=True, slots=True)
class Claims:
    """What an access token says. Times are seconds since 1970.

    Attributes:
        subject: Whom it is about.
        scopes: What it allows.
        tenant: The tenant; None where the settings name no claim of it.
        owner: For whom it acts; None where the settings or the token do not say.
        expires_at: When it ceases to be valid.
        issued_at: When it was issued, if it says so.
        token_id: Its `jti`, if it has one.
    """

    subject: str
    scopes: frozenset[str]
    tenant: str | None
    owner: str | None
    expires_at: float
    issued_at: float | None
    token_id: str | None


def read_claims(payload: Mapping[str, Any], settings: OidcSettings, now: float) -> Claims:
    """The claims in the payload, which are worth nothing before the signature is verified.

    Args:
        payload: The payload as it was read.
        settings: What they must say.
        now: The time, in seconds since 1970.

    Raises:
        CredentialRejected: they are those of another token, audience, issuer or time, or have another form.
    """
    _check_parties(payload, settings)
    expires_at, issued_at = _check_times(payload, now)
    subject = _name(payload, "sub", _LONGEST_NAME)
    if subject is None:
        raise CredentialRejected("The token has no subject.")
    return Claims(
        subject=subject,
        scopes=_scopes(payload),
        tenant=_tenant(payload, settings),
        owner=None if settings.owner_claim is None else _name(payload, settings.owner_claim, _LONGEST_NAME),
        expires_at=expires_at,
        issued_at=issued_at,
        token_id=_name(payload, "jti", _LONGEST_NAME),
    )


def _tenant(payload: Mapping[str, Any], settings: OidcSettings) -> str | None:
    if settings.tenant_claim is None:
        return None
    tenant = _name(payload, settings.tenant_claim, _LONGEST_TENANT)
    if tenant is None:
        # A token that leaves it out would otherwise be that of an administrator of all tenants.
        raise CredentialRejected("The token names no tenant.")
    return tenant


def _check_parties(payload: Mapping[str, Any], settings: OidcSettings) -> None:
    if not _OF_OTHER_TOKENS.isdisjoint(payload) or payload.get("typ") == _KEYCLOAK_ID_TYPE:
        raise CredentialRejected("The token is not an access token.")
    if payload.get("iss") != settings.issuer:
        raise CredentialRejected("The token is from another issuer.")
    if settings.audience not in _audiences(payload):
        raise CredentialRejected("The token is for another audience.")


def _audiences(payload: Mapping[str, Any]) -> list[Any]:
    """The audiences (RFC 7519, section 4.1.3): one text, or a list of them."""
    named = payload.get("aud")
    audiences = named if isinstance(named, list) else [named]
    return audiences if all(isinstance(audience, str) for audience in audiences) else []


def _check_times(payload: Mapping[str, Any], now: float) -> tuple[float, float | None]:
    """When it expires and when it was issued (RFC 7519, sections 4.1.4 to 4.1.6)."""
    expires_at, not_before, issued_at = (_moment(payload, name) for name in ("exp", "nbf", "iat"))
    if expires_at is None:
        raise CredentialRejected("The token does not say when it expires.")
    if now >= expires_at + LEEWAY:
        raise CredentialRejected("The token has expired.")
    if not_before is not None and now < not_before - LEEWAY:
        raise CredentialRejected("The token is not valid yet.")
    if issued_at is not None and now < issued_at - LEEWAY:
        raise CredentialRejected("The token was issued in the future.")
    return expires_at, issued_at


def _moment(payload: Mapping[str, Any], name: str) -> float | None:
    if name not in payload:
        return None
    value = payload[name]
    # In Python, true is a number. One of thousands of digits is none that a float holds, so that it is compared first.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LAST_MOMENT:
        raise CredentialRejected("The token has a time that is not accepted.")
    return float(value)


def _name(payload: Mapping[str, Any], claim: str, longest: int) -> str | None:
    if claim not in payload:
        return None
    value = payload[claim]
    # Spaces at the ends, and characters that are not seen, would make two names look like one.
    if (
        not isinstance(value, str)
        or not 1 <= len(value) <= longest
        or not value.isprintable()
        or value != value.strip()
    ):
        raise CredentialRejected("The token has a name that is not accepted.")
    return value


def _scopes(payload: Mapping[str, Any]) -> frozenset[str]:
    """The scopes: a text with spaces between them (RFC 9068, section 2.2.3), or what some providers have instead."""
    claim = "scope" if "scope" in payload else "scp"
    granted = payload.get(claim, "")
    if isinstance(granted, str):
        granted = granted.split(" ") if granted else []
    elif claim == "scope" or not isinstance(granted, list):
        raise CredentialRejected("The token has scopes that are not accepted.")
    if len(granted) > MAX_SCOPES:
        raise CredentialRejected("The token has too many scopes.")
    if not all(isinstance(scope, str) and _SCOPE.fullmatch(scope) for scope in granted):
        raise CredentialRejected("The token has scopes that are not accepted.")
    return frozenset(granted)
