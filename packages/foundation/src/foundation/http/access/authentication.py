"""Finds out who sends a request (RFC 6750)."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final, Protocol

from starlette.requests import Request

from foundation.http.access.limits import RequestLimits
from foundation.http.problems import kinds
from foundation.http.problems.problem import Problem
from foundation.kernel.access.credentials import CredentialRejected
from foundation.kernel.access.principal import Principal

MAX_CREDENTIAL_LENGTH: Final = 8192
"""Bytes of a credential, before anything is decoded."""

_MOST_RECOGNIZED: Final = 10_000
"""Credentials that a worker recognizes; the one that was verified first is forgotten first."""

# Bearer credentials (RFC 6750, 2.1): b64token, after the scheme, whose name has no case (RFC 9110, 11.1).
_BEARER: Final = re.compile(rb"[Bb][Ee][Aa][Rr][Ee][Rr] +([A-Za-z0-9._~+/-]+=*)")


class CredentialAuthenticator(Protocol):
    """An authenticator of one kind of credentials. See `foundation.kernel.access.credentials`."""

    def takes(self, credential: str) -> bool:
        """Whether the credential is of this kind, right or wrong."""
        ...

    def knows(self, credential: str) -> bool:
        """Whether the credential was good when it was last looked at: then it is in use, and not an attempt."""
        ...

    async def authenticate(self, credential: str) -> Principal:
        """See `Authenticator.authenticate`."""
        ...

    def good_until(self, credential: str) -> float:
        """Until when what was just found of the credential may be trusted, by the clock of `time.monotonic`."""
        ...


class _RejectsAll:
    """Authenticates what no other authenticator takes."""

    def takes(self, _credential: str) -> bool:
        return True

    def knows(self, _credential: str) -> bool:
        return False

    def good_until(self, _credential: str) -> float:
        return 0.0

    async def authenticate(self, _credential: str) -> Principal:
        raise CredentialRejected("Credentials of this kind are not accepted here.")


class Authentication:
    """Authenticates requests by their `Authorization` header. The first that takes a credential decides about it."""

    def __init__(
        self,
        authenticators: Sequence[CredentialAuthenticator],
        limits: RequestLimits,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._authenticators = (*authenticators, _RejectsAll())
        self._limits = limits
        self._monotonic = monotonic
        self._recognized: dict[bytes, tuple[Principal, float]] = {}

    def recognized(self, request: Request) -> Principal | None:
        """Who sends the request, if its credential was verified a moment ago; this is the way of most requests."""
        value = None
        for name, found in request.scope["headers"]:
            if name == b"authorization":
                if value is not None:
                    return None
                value = found
        if value is None:
            return None
        known = self._recognized.get(sha256(value).digest())
        return known[0] if known is not None and self._monotonic() < known[1] else None

    async def principal(self, request: Request) -> Principal:
        """Who sends the request.

        Raises:
            Problem: 401 without a valid credential, 429 after too many of them.
            CredentialUnverifiable: whether it is valid cannot be found out now.
        """
        values = _values(request.scope)
        if not values:
            # Without an error code, since no credential was sent (RFC 6750, 3.1).
            raise Problem(kinds.UNAUTHENTICATED, headers={"WWW-Authenticate": "Bearer"})
        if not self._knows(values):
            # Not those that are in use: a client is not locked out by others at its address.
            self._limits.check_failures(request)
        try:
            credential = _credential(values)
            authenticator = self._authenticator_of(credential)
            principal = await authenticator.authenticate(credential)
        except CredentialRejected as error:
            await self._limits.count_failure(request)
            raise rejected(str(error)) from None
        self._remember(request, principal, authenticator.good_until(credential))
        return principal

    def is_attempt(self, scope: Mapping[str, Any]) -> bool:
        """Whether the request has a credential that was not verified recently."""
        values = _values(scope)
        return bool(values) and not self._knows(values)

    def _knows(self, values: Sequence[bytes]) -> bool:
        try:
            credential = _credential(values)
        except CredentialRejected:
            return False
        return self._authenticator_of(credential).knows(credential)

    def _authenticator_of(self, credential: str) -> CredentialAuthenticator:
        return next(one for one in self._authenticators if one.takes(credential))

    def _remember(self, request: Request, principal: Principal, until: float) -> None:
        digest = sha256(request.headers["authorization"].encode("latin-1")).digest()
        self._recognized.pop(digest, None)
        self._recognized[digest] = principal, until
        if len(self._recognized) > _MOST_RECOGNIZED:
            del self._recognized[next(iter(self._recognized))]


def _values(scope: Mapping[str, Any]) -> list[bytes]:
    return [value for name, value in scope["headers"] if name == b"authorization"]


def _credential(values: Sequence[bytes]) -> str:
    """The credential of a request with these headers, of which there is one at least. Raises `CredentialRejected`."""
    if len(values) > 1:
        raise CredentialRejected("The request has more than one Authorization header.")
    [value] = values
    match = _BEARER.fullmatch(value) if len(value) <= MAX_CREDENTIAL_LENGTH else None
    if match is None:
        raise CredentialRejected(
            f"Send Authorization: Bearer and one credential of at most {MAX_CREDENTIAL_LENGTH} bytes."
        )
    return match[1].decode()


def rejected(sentence: str) -> Problem:
    """The problem of a credential that is not valid; the sentence, which is plain ASCII, says why."""
    challenge = f'Bearer error="invalid_token", error_description="{sentence}"'
    return Problem(kinds.UNAUTHENTICATED, sentence, headers={"WWW-Authenticate": challenge})
