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
