"""Which access tokens are accepted."""

import json
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2
import pytest

from accepted_tokens import ACCEPTED
from forge import ABSENT, AUDIENCE, NOW, Forge
from foundation.kernel.access.credentials import Authenticator, CredentialRejected, CredentialUnverifiable
from foundation.kernel.access.principal import Principal, PrincipalKind
from foundation.oidc.settings import OidcSettings
from foundation.oidc.signing_keys import SigningKeys
from foundation.oidc.verified_tokens import VerifiedToken, VerifiedTokens
from foundation.oidc.verifier import TokenVerifier
from hostile_tokens import HOSTILE
from identity_provider import KEYS as KEYS_PATH
from identity_provider import IdentityProvider, ProviderKey
from token_corpus import KEYS, NO_ACCESS_TOKEN, PUBLISHED_SECRET, UNPUBLISHED, Accepted, Hostile

pytestmark = pytest.mark.anyio

# Shared, because making one takes a hundred times as long as a test. None of these tests uses TLS.
TLS = ssl.create_default_context()

USER = Principal(
    PrincipalKind.TOKEN,
    id="user-1",
    scopes=frozenset({"users:read", "users:write"}),
    tenant="acme",
    owner="user-1",
)


@dataclass
class Times:
    """Both clocks, which the tests move."""

    wall: float = NOW
    monotonic: float = 5.0


@dataclass
class Revoked:
    """Revokes what `revoked` says, and remembers what it was asked. That is due to be read anew at `known`,
    which fails while it is `away`.
    """

    revoked: bool = False
    known: float = 0.0
    away: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)

    async def refresh(self) -> None:
        if self.away:
            raise CredentialUnverifiable

    def known_until(self) -> float:
        return self.known

    def is_revoked(self, **of_what: Any) -> bool:
        self.asked.append(of_what)
        return self.revoked


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    with IdentityProvider(*KEYS.values()) as provider:
        published = [key.jwk() for key in KEYS.values()]
        provider.bodies[KEYS_PATH] = json.dumps({"keys": [PUBLISHED_SECRET, *published]}).encode()
        yield provider


@pytest.fixture
def forge(provider: IdentityProvider) -> Forge:
    return Forge(provider.issuer, KEYS | UNPUBLISHED)


@pytest.fixture
def times() -> Times:
    return Times()


@pytest.fixture
def expectations(provider: IdentityProvider) -> OidcSettings:
    return OidcSettings(provider.issuer, AUDIENCE, tenant_claim="tenant", owner_claim="sub", allow_http=True)


@pytest.fixture
async def keys(expectations: OidcSettings) -> AsyncIterator[SigningKeys]:
    async with httpx2.AsyncClient(verify=TLS, trust_env=False) as client:
        keys = SigningKeys(expectations, client=client)
        yield keys
        await keys.aclose()


@pytest.fixture
def verifier(expectations: OidcSettings, keys: SigningKeys, times: Times) -> TokenVerifier:
    return TokenVerifier(expectations, keys, wall_clock=lambda: times.wall, monotonic=lambda: times.monotonic)


async def refusal(verifier: Authenticator, token: str) -> str:
    with pytest.raises(CredentialRejected) as refused:
        await verifier.authenticate(token)
    return str(refused.value)


def test_the_corpora_have_no_name_twice() -> None:
    names = [*(one.name for one in HOSTILE), *(one.name for one in ACCEPTED)]
    assert len(HOSTILE) >= 60
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda it: it.name)
async def test_a_hostile_token_is_refused(verifier: TokenVerifier, forge: Forge, hostile: Hostile) -> None:
    token = hostile.make(forge)
    assert await refusal(verifier, token) == hostile.sentence
    # What was refused is not remembered as valid either.
    assert await refusal(verifier, token) == hostile.sentence


@pytest.mark.parametrize("accepted", ACCEPTED, ids=lambda it: it.name)
async def test_a_valid_token_proves_its_principal(verifier: TokenVerifier, forge: Forge, accepted: Accepted) -> None:
    expected = {name: getattr(USER, name) for name in ("id", "scopes", "tenant", "owner")}
    principal = await verifier.authenticate(accepted.make(forge))
    assert principal == Principal(PrincipalKind.TOKEN, **{**expected, **accepted.principal})


async def test_jwt_is_a_type_where_the_settings_admit_it(
    provider: IdentityProvider, keys: SigningKeys, forge: Forge
) -> None:
    admitting = OidcSettings(
        provider.issuer,
        AUDIENCE,
        owner_claim="sub",
        tenant_claim="tenant",
        allow_http=True,
        token_types=frozenset({"at+jwt", "jwt"}),
    )
    verifier = TokenVerifier(admitting, keys, wall_clock=lambda: NOW)
    assert await verifier.authenticate(forge.token(header={"typ": "JWT"})) == USER
    assert await verifier.authenticate(forge.token()) == USER
    signs: list[dict[str, Any]] = [{"nonce": "n"}, {"at_hash": "h"}, {"c_hash": "h"}, {"typ": "ID"}, {"events": {}}]
    for sign in signs:
        assert await refusal(verifier, forge.token(header={"typ": "JWT"}, **sign)) == NO_ACCESS_TOKEN


async def test_without_the_setting_a_token_has_no_owner(
    provider: IdentityProvider, keys: SigningKeys, forge: Forge
) -> None:
    """The subjects of a provider may look like ids of this service."""
    settings = OidcSettings(provider.issuer, AUDIENCE, allow_http=True)
    verifier = TokenVerifier(settings, keys, wall_clock=lambda: NOW)
    assert (await verifier.authenticate(forge.token())).owner is None


async def test_the_owner_is_what_its_claim_names(provider: IdentityProvider, keys: SigningKeys, forge: Forge) -> None:
    settings = OidcSettings(provider.issuer, AUDIENCE, owner_claim="user", allow_http=True)
    verifier = TokenVerifier(settings, keys, wall_clock=lambda: NOW)
    principal = await verifier.authenticate(forge.token(user="ada"))
    assert (principal.id, principal.owner) == ("user-1", "ada")
    assert (await verifier.authenticate(forge.token(user=ABSENT))).owner is None
    assert (await verifier.authenticate(forge.token(user="a" * 255))).owner == "a" * 255
    for wrong in ("", "a" * 256, 1, "a\n"):
        assert "name" in await refusal(verifier, forge.token(user=wrong))


async def test_a_claim_named_tenant_is_nothing_without_the_setting(
    provider: IdentityProvider, keys: SigningKeys, forge: Forge
) -> None:
    verifier = TokenVerifier(
        OidcSettings(provider.issuer, AUDIENCE, owner_claim="sub", allow_http=True), keys, wall_clock=lambda: NOW
    )
    assert await verifier.authenticate(forge.token(tenant=["any"])) == replace(USER, tenant=None)


async def test_without_clocks_it_takes_those_of_the_machine(
    expectations: OidcSettings, keys: SigningKeys, forge: Forge
) -> None:
    # NOW is years ahead, and so is the time at which the usual token was issued.
    assert "in the future" in await refusal(TokenVerifier(expectations, keys), forge.token(nbf=0))
    assert await TokenVerifier(expectations, keys).authenticate(forge.token(nbf=ABSENT, iat=ABSENT)) == USER


# What is remembered of a token.


@pytest.fixture
async def counted(monkeypatch: pytest.MonkeyPatch, keys: SigningKeys) -> list[str]:
    """Grows by a key for each token that is verified anew."""
    found: list[str] = []
    find = keys.find

    async def counting(key_id: str | None, algorithm: Any) -> Any:
        found.append(key_id or "")
        return await find(key_id, algorithm)

    monkeypatch.setattr(keys, "find", counting)
    return found


async def test_a_token_is_verified_once_a_minute(
    verifier: TokenVerifier, forge: Forge, times: Times, counted: list[str]
) -> None:
    token = forge.token()
    for monotonic, verifications in ((5.0, 1), (5.0, 1), (64.9, 1), (65.0, 2), (65.1, 2), (124.9, 2), (125.0, 3)):
        times.monotonic = monotonic
        assert await verifier.authenticate(token) == USER
        assert len(counted) == verifications, monotonic


async def test_a_token_that_has_expired_is_verified_each_time(
    verifier: TokenVerifier, forge: Forge, times: Times, counted: list[str]
) -> None:
    token = forge.token(exp=NOW + 10)
    for wall, verifications in ((NOW, 1), (NOW + 9.9, 1), (NOW + 10, 2), (NOW + 10, 3), (NOW + 69.9, 4)):
        times.wall = wall
        assert await verifier.authenticate(token) == USER
        assert len(counted) == verifications, wall
    times.wall = NOW + 70
    assert await refusal(verifier, token) == "The token has expired."
    assert len(counted) == 4


async def test_a_token_is_good_until_it_expires_or_is_verified_anew(
    verifier: TokenVerifier, forge: Forge, times: Times
) -> None:
    long, short = forge.token(exp=NOW + 300), forge.token(exp=NOW + 10)
    for token in (long, short):
        assert verifier.good_until(token) == 0.0
        await verifier.authenticate(token)
    times.wall, times.monotonic = NOW + 1, 7.0
    assert (verifier.good_until(long), verifier.good_until(short)) == (65.0, 16.0)


async def test_a_token_is_good_until_what_is_revoked_is_read_anew(
    expectations: OidcSettings, keys: SigningKeys, forge: Forge
) -> None:
    revocations = Revoked(known=6.0)
    verifier = TokenVerifier(expectations, keys, revocations=revocations, wall_clock=lambda: NOW, monotonic=lambda: 5.0)
    token = forge.token(exp=NOW + 10)
    await verifier.authenticate(token)
    assert verifier.good_until(token) == 6.0
    revocations.known = 20.0
    assert verifier.good_until(token) == 15.0


async def test_a_token_that_was_valid_is_in_use_until_it_expires_however_seldom_it_is_verified(
    verifier: TokenVerifier, forge: Forge, times: Times
) -> None:
    token = forge.token()
    assert not verifier.knows(token)
    await verifier.authenticate(token)
    times.monotonic = 1e6
    assert verifier.knows(token)
    times.wall = NOW + 299.9
    assert verifier.knows(token)
    times.wall = NOW + 300
    assert not verifier.knows(token)


def test_what_has_dots_is_taken_for_a_token(forge: Forge) -> None:
    assert all(map(TokenVerifier.takes, (forge.token(), "a.b")))
    assert not any(map(TokenVerifier.takes, ("", "svc_abc", "ticket")))


async def test_each_token_is_remembered_for_itself(verifier: TokenVerifier, forge: Forge) -> None:
    assert (await verifier.authenticate(forge.token(sub="ada"))).id == "ada"
    assert (await verifier.authenticate(forge.token(sub="bea"))).id == "bea"
    assert (await verifier.authenticate(forge.token(sub="ada"))).id == "ada"


def test_the_token_that_was_verified_first_is_forgotten_first() -> None:
    tokens = VerifiedTokens(max_tokens=3)
    verified = VerifiedToken(USER, NOW + 300, None, None, None)
    for token in ("a", "b", "c", "a", "d"):
        tokens.keep(token, verified, 0.0)
    remembered = {token for token in "abcd" if tokens.find(token, NOW, 0.0) is verified}
    assert remembered == {"a", "c", "d"}


def test_a_token_is_remembered_for_a_minute() -> None:
    tokens = VerifiedTokens()
    assert tokens.remembered_until("a") == 0.0
    tokens.keep("a", VerifiedToken(USER, NOW + 300, None, None, None), 5.0)
    assert tokens.remembered_until("a") == 65.0


def test_ten_thousand_tokens_are_remembered() -> None:
    tokens = VerifiedTokens()
    verified = VerifiedToken(USER, NOW + 300, None, None, None)
    for number in range(10_001):
        tokens.keep(str(number), verified, 0.0)
    assert tokens.find("0", NOW, 0.0) is None
    assert tokens.find("1", NOW, 0.0) is verified


# Revocation.


async def test_what_is_revoked_is_refused_although_it_is_remembered(
    expectations: OidcSettings, keys: SigningKeys, forge: Forge, counted: list[str]
) -> None:
    revocations = Revoked()
    verifier = TokenVerifier(expectations, keys, revocations=revocations, wall_clock=lambda: NOW)
    token = forge.token("rsa")
    assert await verifier.authenticate(token) == USER
    revocations.revoked = True
    assert verifier.knows(token)
    for _ in range(2):
        assert await refusal(verifier, token) == "The token is revoked."
        assert not verifier.knows(token)  # so that it counts as a failed attempt
    revocations.revoked = False
    assert await verifier.authenticate(token) == USER
    asked = {"subject": "user-1", "issued_at": NOW - 10, "key_id": "rsa", "token_id": "token-1"}
    assert revocations.asked == [asked] * 4
    assert len(counted) == 3


async def test_what_is_revoked_is_refused_when_it_is_first_seen(
    expectations: OidcSettings, keys: SigningKeys, forge: Forge
) -> None:
    verifier = TokenVerifier(expectations, keys, revocations=Revoked(revoked=True), wall_clock=lambda: NOW)
    assert await refusal(verifier, forge.token()) == "The token is revoked."
    assert await refusal(verifier, forge.token(exp=NOW - 60)) == "The token has expired."


async def test_while_it_is_not_known_what_is_revoked_no_token_is_accepted(
    expectations: OidcSettings, keys: SigningKeys, forge: Forge
) -> None:
    revocations = Revoked()
    verifier = TokenVerifier(expectations, keys, revocations=revocations, wall_clock=lambda: NOW)
    token = forge.token()
    assert await verifier.authenticate(token) == USER
    revocations.away = True
    for one in (token, forge.token(jti="token-2")):
        with pytest.raises(CredentialUnverifiable):
            await verifier.authenticate(one)


async def test_a_key_can_be_revoked_by_its_id_although_the_token_does_not_name_it(
    expectations: OidcSettings, keys: SigningKeys, forge: Forge
) -> None:
    revocations = Revoked()
    verifier = TokenVerifier(expectations, keys, revocations=revocations, wall_clock=lambda: NOW)
    await verifier.authenticate(forge.token("ec", {"kid": ABSENT}, iat=ABSENT, jti=ABSENT))
    assert revocations.asked == [{"subject": "user-1", "issued_at": None, "key_id": "ec", "token_id": None}]


# What is refused costs little.


@pytest.mark.parametrize(
    "claims", [{"iss": "x"}, {"aud": "x"}, {"exp": 1}, {"nbf": NOW + 900}, {"iat": NOW + 900}, {"sub": ""}]
)
async def test_what_its_claims_refuse_is_not_verified(
    verifier: TokenVerifier, forge: Forge, counted: list[str], claims: dict[str, Any]
) -> None:
    await refusal(verifier, forge.token("stranger", **claims))
    assert counted == []


def test_the_keys_of_the_corpus_are_of_each_kind() -> None:
    assert {key.alg for key in KEYS.values()} == {"EdDSA", "RS256", "PS256", "ES256"}
    assert all(isinstance(key, ProviderKey) for key in KEYS.values())
