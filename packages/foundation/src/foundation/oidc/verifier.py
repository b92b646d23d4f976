"""Verifies access tokens of the provider."""

import time
from collections.abc import Callable

from foundation.kernel.access.credentials import CredentialRejected, Revocations
from foundation.kernel.access.principal import Principal, PrincipalKind
from foundation.oidc.claims import Claims, read_claims
from foundation.oidc.compact import check_text, read_compact
from foundation.oidc.headers import read_header
from foundation.oidc.settings import OidcSettings
from foundation.oidc.signing_keys import SigningKeys
from foundation.oidc.verified_tokens import VerifiedToken, VerifiedTokens


class TokenVerifier:
    """Verifies access tokens of the provider (RFC 9068, section 4). An `Authenticator`.

    What is cheap is looked at first, and the signature last, so that forged tokens cost little.

    Args:
        settings: What tokens must say.
        keys: The keys of the provider.
        revocations: Asked for each request, also about tokens that are remembered; None where nothing is revoked.
        wall_clock: The time, in seconds since 1970.
        monotonic: A clock that is never set, in seconds, which ages are measured by.
    """

    def __init__(
        self,
        settings: OidcSettings,
        keys: SigningKeys,
        *,
        revocations: Revocations | None = None,
        wall_clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._keys = keys
        self._revocations = revocations
        self._wall_clock = wall_clock
        self._monotonic = monotonic
        self._verified = VerifiedTokens()

    @staticmethod
    def takes(credential: str) -> bool:
        """Whether the credential looks like a JSON Web Token, which has dots between its parts."""
        return "." in credential

    def knows(self, credential: str) -> bool:
        """Whether the token was valid when it was last looked at: it is in use, and not an attempt."""
        return self._verified.was_valid(credential, self._wall_clock())

    def good_until(self, credential: str) -> float:
        """When the token is looked at anew, by the monotonic clock: when it expires, or may have been revoked since."""
        wall, monotonic = self._wall_clock(), self._monotonic()
        verified = self._verified.find(credential, wall, monotonic)
        if verified is None:
            return 0.0
        until = min(monotonic + verified.expires_at - wall, self._verified.remembered_until(credential))
        return until if self._revocations is None else min(until, self._revocations.known_until())

    async def authenticate(self, credential: str) -> Principal:
        """See `Authenticator.authenticate`. The id of the principal is the subject of the token."""
        check_text(credential)
        if self._revocations is not None:
            await self._revocations.refresh()
        verified = self._verified.find(credential, self._wall_clock(), self._monotonic())
        verified_now = verified is None
        if verified is None:
            verified = await self._verify(credential)
        if self._revocations is not None and self._revocations.is_revoked(
            subject=verified.principal.id,
            issued_at=verified.issued_at,
            key_id=verified.key_id,
            token_id=verified.token_id,
        ):
            self._verified.forget(credential)
            raise CredentialRejected("The token is revoked.")
        if verified_now:
            self._verified.keep(credential, verified, self._monotonic())
        return verified.principal

    async def _verify(self, credential: str) -> VerifiedToken:
        token = read_compact(credential)
        header = read_header(token.header, self._settings.token_types)
        claims = read_claims(token.payload, self._settings, self._wall_clock())
        key = await self._keys.find(header.key_id, header.algorithm)
        if not key.has_signed(token.message, token.signature, header.algorithm):
            raise CredentialRejected("The signature of the token is not valid.")
        return VerifiedToken(_principal(claims), claims.expires_at, claims.issued_at, key.key_id, claims.token_id)


def _principal(claims: Claims) -> Principal:
    return Principal(
        PrincipalKind.TOKEN, id=claims.subject, scopes=claims.scopes, tenant=claims.tenant, owner=claims.owner
    )
