"""Tokens of a certified OpenID provider are verified, over its own discovery document and keys."""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from foundation.kernel.access.credentials import CredentialRejected, CredentialUnverifiable
from foundation.kernel.access.principal import Principal, PrincipalKind
from foundation.oidc.settings import OidcSettings
from foundation.oidc.signing_keys import SigningKeys
from foundation.oidc.verifier import TokenVerifier
from identity.real_provider import HERE, RealProvider

pytestmark = pytest.mark.anyio

AUDIENCE = "https://api.example.com"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealProvider]:
    with RealProvider(tmp_path_factory.mktemp("provider")) as provider:
        yield provider


@pytest.fixture
def now() -> list[float]:
    """The clock that the keys age by, which the tests move."""
    return [0.0]


@pytest.fixture
async def keys(provider: RealProvider, now: list[float]) -> AsyncIterator[SigningKeys]:
    keys = SigningKeys(settings(provider), monotonic=lambda: now[0])
    yield keys
    await keys.aclose()


def settings(provider: RealProvider, *types: str) -> OidcSettings:
    return OidcSettings(
        provider.issuer, AUDIENCE, owner_claim="sub", allow_http=True, token_types=frozenset({"at+jwt", *types})
    )


@pytest.fixture
def verifier(provider: RealProvider, keys: SigningKeys) -> TokenVerifier:
    return TokenVerifier(settings(provider), keys)


def part(token: str, number: int) -> dict[str, Any]:
    segment = token.split(".")[number]
    document: dict[str, Any] = json.loads(urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    return document


async def refusal(verifier: TokenVerifier, token: str) -> str:
    with pytest.raises(CredentialRejected) as refused:
        await verifier.authenticate(token)
    return str(refused.value)


async def test_a_token_of_a_client_is_accepted(provider: RealProvider, verifier: TokenVerifier) -> None:
    token = provider.access_token(AUDIENCE)
    assert part(token, 0)["typ"] == "at+jwt"
    assert await verifier.authenticate(token) == Principal(
        PrincipalKind.TOKEN, id="client-1", scopes=frozenset({"users:read", "users:write"}), owner="client-1"
    )


async def test_a_token_of_a_user_is_accepted(provider: RealProvider, verifier: TokenVerifier) -> None:
    token, _ = provider.tokens_of_ada(AUDIENCE)
    principal = await verifier.authenticate(token)
    assert principal == Principal(PrincipalKind.TOKEN, id="ada", scopes=frozenset({"users:read"}), owner="ada")


async def test_scopes_are_those_that_were_granted(provider: RealProvider, verifier: TokenVerifier) -> None:
    assert (await verifier.authenticate(provider.access_token(AUDIENCE, "users:read"))).scopes == {"users:read"}


async def test_a_token_for_another_audience_is_refused(provider: RealProvider, verifier: TokenVerifier) -> None:
    token = provider.access_token("https://other.example.com")
    assert await refusal(verifier, token) == "The token is for another audience."


async def test_an_id_token_is_refused(provider: RealProvider, keys: SigningKeys) -> None:
    _, token = provider.tokens_of_ada(AUDIENCE)
    sentence = "The token is not an access token."
    assert await refusal(TokenVerifier(settings(provider), keys), token) == sentence
    # oidc-provider gives its ID tokens no type. Were it one that is admitted, they would still be told apart.
    assert {"nonce", "at_hash"} & set(part(token, 1))
    assert await refusal(TokenVerifier(settings(provider, "jwt"), keys), token) == sentence


async def test_a_token_that_was_changed_is_refused(provider: RealProvider, verifier: TokenVerifier) -> None:
    header, payload, signature = provider.access_token(AUDIENCE).split(".")
    other = provider.access_token(AUDIENCE).split(".")[2]
    assert await refusal(verifier, f"{header}.{payload}.{other}") == "The signature of the token is not valid."
    assert (await verifier.authenticate(f"{header}.{payload}.{signature}")).id == "client-1"


async def test_a_rotation_of_keys_is_followed(
    provider: RealProvider, verifier: TokenVerifier, now: list[float]
) -> None:
    before, unseen = (provider.access_token(AUDIENCE) for _ in range(2))
    assert (await verifier.authenticate(before)).id == "client-1"
    provider.rotate_keys()
    after = provider.access_token(AUDIENCE)
    assert part(after, 0)["kid"] != part(before, 0)["kid"]
    now[0] += 30
    assert (await verifier.authenticate(after)).id == "client-1"
    # By the key of before, and not remembered.
    assert (await verifier.authenticate(unseen)).id == "client-1"


async def test_known_keys_serve_when_the_provider_is_gone(tmp_path: Path) -> None:
    now = [0.0]
    with RealProvider(tmp_path) as provider:
        keys = SigningKeys(settings(provider), monotonic=lambda: now[0])
        verifier = TokenVerifier(settings(provider), keys)
        first, second = (provider.access_token(AUDIENCE) for _ in range(2))
        await verifier.authenticate(first)
        provider.rotate_keys()
        third = provider.access_token(AUDIENCE)
    now[0] += 3600
    assert (await verifier.authenticate(second)).id == "client-1"
    with pytest.raises(CredentialUnverifiable):
        await verifier.authenticate(third)
    await keys.aclose()


def test_the_lock_of_the_provider_names_no_registry() -> None:
    lock = (HERE / "package-lock.json").read_text("utf-8")
    assert '"integrity"' in lock
    assert '"resolved"' not in lock
    # Pages of people who ask for support.
    assert set(re.findall(r"https?://([\w.-]+)", lock)) <= {"github.com", "opencollective.com"}
