"""Credentials: how a principal proves itself."""

from typing import Protocol

from foundation.kernel.access.principal import Principal
from foundation.kernel.errors import ApplicationError


class CredentialRejected(ApplicationError):
    """The credential is not valid, or not any more. The sentence says why, and nothing that helps to forge one."""

    code = "credential-rejected"
    sentence = "The credential is not valid."


class CredentialUnverifiable(ApplicationError):
    """Whether the credential is valid cannot be found out now: what would tell cannot be reached."""

    code = "credential-unverifiable"
    sentence = "The credential cannot be verified at the moment. Try again shortly."


class Authenticator(Protocol):
    """Tells who a credential belongs to."""

    async def authenticate(self, credential: str) -> Principal:
        """The principal that the credential proves.

        Raises:
            CredentialRejected: it is not valid.
            CredentialUnverifiable: that cannot be found out now.
        """
        ...


class Revocations(Protocol):
    """Tells which credentials are not valid any more, although they prove what they say."""

    async def refresh(self) -> None:
        """Read what is revoked anew, if that is due.

        Raises:
            StorageUnavailable, StorageOverloaded, DeadlineExceeded: as their names say.
        """
        ...

    def known_until(self) -> float:
        """When that is due, by the clock of `time.monotonic`."""
        ...

    def is_revoked(self, *, subject: str, issued_at: float | None, key_id: str | None, token_id: str | None) -> bool:
        """Whether the token is revoked. Asked for each request, so that it answers from memory.

        Args:
            subject: Whom the token is about.
            issued_at: When it was issued, in seconds since 1970; None where it does not say.
            key_id: The id of the key that signed it; None where it names none.
            token_id: Its own id; None where it has none.
        """
        ...
