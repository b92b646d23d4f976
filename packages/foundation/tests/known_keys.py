"""The keys of a provider under a clock that the tests move."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from foundation.kernel.access.credentials import CredentialRejected, CredentialUnverifiable
from foundation.oidc.algorithms import ALGORITHMS
from foundation.oidc.key_set import SigningKey
from foundation.oidc.settings import OidcSettings
from foundation.oidc.signing_keys import SigningKeys
from identity_provider import ed25519

FIRST, SECOND = ed25519("first"), ed25519("second")
EDDSA = ALGORITHMS["EdDSA"]
UNKNOWN = "No key of the provider fits the token."


@dataclass
class Known:
    """The keys under test, with the clock that they age by."""

    keys: SigningKeys
    now: list[float]

    async def find(self, kid: str | None = "first") -> SigningKey:
        return await self.keys.find(kid, EDDSA)

    async def outcome(self, kid: str | None = "first") -> str:
        """What comes of it, in a word."""
        try:
            await self.find(kid)
        except CredentialRejected as error:
            return "rejected" if str(error) == UNKNOWN else str(error)
        except CredentialUnverifiable:
            return "unverifiable"
        return "found"

    async def settled(self) -> None:
        """Wait until the fetch that is under way, if one is, has ended."""
        fetch = self.keys._fetch
        if fetch is not None:
            await asyncio.wait({fetch})


@asynccontextmanager
async def knowing(issuer: str) -> AsyncIterator[Known]:
    now = [1000.0]
    settings = OidcSettings(issuer, "api", allow_http=True)
    keys = SigningKeys(settings, monotonic=lambda: now[0])
    try:
        yield Known(keys, now)
    finally:
        await keys.aclose()


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "service.oidc"]
