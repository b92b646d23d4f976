"""Tokens that were verified a moment ago, so that their next requests cost no signature."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from foundation.kernel.access.principal import Principal

MAX_TOKENS: Final = 10_000
"""How many tokens are remembered; the one that was verified first is forgotten first."""
MAX_AGE: Final = 60.0
"""Seconds for which a verification is good, so that a key that the provider withdrew soon counts for nothing."""


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """What is known of a token that is valid. Times are seconds since 1970.

    Attributes:
        principal: Whom it proves.
        expires_at: When it expires.
        issued_at: When it was issued, if it says so.
        key_id: The id of the key that signed it, if that has one.
        token_id: Its own id, if it has one.
    """

    principal: Principal
    expires_at: float
    issued_at: float | None
    key_id: str | None
    token_id: str | None


class VerifiedTokens:
    """Remembers tokens by their digest, so that no token can be read from memory. Never beyond their expiry."""

    def __init__(self, max_tokens: int = MAX_TOKENS) -> None:
        self._max_tokens = max_tokens
        self._tokens: OrderedDict[bytes, tuple[VerifiedToken, float]] = OrderedDict()

    def find(self, token: str, now: float, monotonic: float) -> VerifiedToken | None:
        """What was verified of this token at most `MAX_AGE` seconds ago; None if nothing was, or it has expired.

        Args:
            token: The token, of ASCII characters.
            now: The time, in seconds since 1970.
            monotonic: The time by a clock that is never set, in seconds.
        """
        found = self._tokens.get(_digest(token))
        if found is None or monotonic >= found[1] or now >= found[0].expires_at:
            return None
        return found[0]

    def was_valid(self, token: str, now: float) -> bool:
        """Whether the token was verified before, however long ago, and has not expired.

        Args:
            token: The token, of ASCII characters.
            now: The time, in seconds since 1970.
        """
        found = self._tokens.get(_digest(token))
        return found is not None and now < found[0].expires_at

    def remembered_until(self, token: str) -> float:
        """When it is forgotten, by the clock that is never set, in seconds; 0 for one that is not remembered."""
        found = self._tokens.get(_digest(token))
        return 0.0 if found is None else found[1]

    def forget(self, token: str) -> None:
        """Remember nothing of the token."""
        self._tokens.pop(_digest(token), None)

    def keep(self, token: str, verified: VerifiedToken, monotonic: float) -> None:
        """Remember that the token is valid."""
        digest = _digest(token)
        self._tokens[digest] = verified, monotonic + MAX_AGE
        self._tokens.move_to_end(digest)
        if len(self._tokens) > self._max_tokens:
            self._tokens.popitem(last=False)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("ascii")).digest()
