"""Whatever a token is made of, the verifier accepts it or refuses it, and nothing else leaves it."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forge import AUDIENCE, NOW, Forge
from foundation.kernel.access.credentials import CredentialRejected, CredentialUnverifiable
from foundation.kernel.access.principal import Principal, PrincipalKind
from foundation.oidc.settings import OidcSettings
from foundation.oidc.signing_keys import SigningKeys
from foundation.oidc.verifier import TokenVerifier
from identity_provider import IdentityProvider
from token_corpus import KEYS


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    with IdentityProvider(KEYS["ed"]) as provider:
        yield provider


@pytest.fixture(scope="module")
def runner(provider: IdentityProvider) -> Iterator[tuple[asyncio.Runner, TokenVerifier, Forge]]:
    """A verifier for tests that are not asynchronous themselves, and the event loop that it runs in."""
    settings = OidcSettings(provider.issuer, AUDIENCE, tenant_claim="tenant", allow_http=True)
    with asyncio.Runner() as runner:
        keys = SigningKeys(settings)
        yield runner, TokenVerifier(settings, keys, wall_clock=lambda: NOW), Forge(provider.issuer, KEYS)
        runner.run(keys.aclose())


def outcome(runner: tuple[asyncio.Runner, TokenVerifier, Forge], token: str) -> Principal | None:
    try:
        return runner[0].run(runner[1].authenticate(token))
    except (CredentialRejected, CredentialUnverifiable):
        return None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
CLAIM_NAMES = st.sampled_from(["iss", "aud", "sub", "exp", "iat", "nbf", "jti", "scope", "scp", "tenant", "typ", "x"])
HEADER_NAMES = st.sampled_from(["alg", "typ", "kid", "crit", "jwk", "x"])


@settings(max_examples=300)
@given(text=st.text(max_size=300) | st.text("ey.-_=", max_size=300) | st.binary().map(lambda it: it.decode("latin-1")))
def test_no_text_is_accepted_or_breaks_anything(runner: tuple[asyncio.Runner, TokenVerifier, Forge], text: str) -> None:
    assert outcome(runner, text) is None


@settings(max_examples=300)
@given(header=st.binary(max_size=100), payload=st.binary(max_size=100))
def test_no_bytes_in_a_signed_token_break_anything(
    runner: tuple[asyncio.Runner, TokenVerifier, Forge], header: bytes, payload: bytes
) -> None:
    assert outcome(runner, runner[2].signed(header, payload)) is None


@settings(max_examples=500)
@given(header=st.dictionaries(HEADER_NAMES, JSON, max_size=2), claims=st.dictionaries(CLAIM_NAMES, JSON, max_size=3))
def test_no_header_and_no_claims_break_anything(
    runner: tuple[asyncio.Runner, TokenVerifier, Forge], header: dict[str, Any], claims: dict[str, Any]
) -> None:
    principal = outcome(runner, runner[2].token(header=header, **claims))
    if principal is not None:
        assert principal.kind is PrincipalKind.TOKEN
        assert principal.id == claims.get("sub", "user-1")


@settings(max_examples=300)
@given(data=st.data())
def test_no_change_of_a_valid_token_is_accepted(
    runner: tuple[asyncio.Runner, TokenVerifier, Forge], data: st.DataObject
) -> None:
    token = runner[2].token()
    place = data.draw(st.integers(0, len(token) - 1))
    character = data.draw(st.characters(max_codepoint=127))
    changed = token[:place] + character + token[place + 1 :]
    assert (outcome(runner, changed) is not None) == (changed == token)
