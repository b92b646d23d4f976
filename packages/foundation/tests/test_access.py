"""Who may come in, as the settings say: which credentials are accepted, and which requests are counted."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from ipaddress import ip_network
from typing import Any

import pytest

from forge import ABSENT, AUDIENCE, Forge
from foundation.access import Access
from foundation.http.access.limits import Limiters
from foundation.kernel.access.api_keys.authentication import ApiKeyAuthenticator
from foundation.kernel.access.credentials import CredentialRejected, CredentialUnverifiable
from foundation.kernel.access.principal import Principal, PrincipalKind
from foundation.kernel.access.revocations.ports import RevocationFilter, RevocationSort, RevocationView
from foundation.kernel.access.revocations.revocation import RevocationId
from foundation.kernel.access.revocations.use_cases import RevocationUseCases
from foundation.kernel.rate_limit import RateLimit, RateLimiter, WorkerRateLimiter
from foundation.kernel.shared_rate_limit import Granted, SharedRateLimiter
from foundation.memory.queries import InMemoryQueries
from foundation.memory.revocations import REVOCATIONS
from foundation.memory.storage import InMemoryStorage
from foundation.memory.store import InMemoryTable
from foundation.oidc.verifier import TokenVerifier
from foundation.settings import ServiceSettings
from foundation.testing.clocks import NOON, FixedClock
from identity_provider import IdentityProvider, ed25519
from keys_in_memory import KeysInMemory

pytestmark = pytest.mark.anyio

HUNDRED = RateLimit(100, 60)
TEN = RateLimit(10, 60)


class Buckets:
    """Shared buckets that stay full."""

    async def grant(self, key: str, limit: RateLimit, fewest: int, most: int) -> Granted:
        raise NotImplementedError

    async def forget_full(self, most: int) -> int:
        del most
        return 0


class StorageWithBuckets(InMemoryStorage):
    """A storage whose buckets all workers would share."""

    def shared_buckets(self) -> Buckets:
        return Buckets()


class Revocations(InMemoryQueries[RevocationId, RevocationView, RevocationFilter, RevocationSort]):
    """Revocations that are read when `pause` is set."""

    def __init__(self) -> None:
        self.table: InMemoryTable[RevocationView] = InMemoryTable(REVOCATIONS)
        super().__init__(REVOCATIONS, lambda: self.table)
        self.pause = asyncio.Event()
        self.pause.set()

    async def iterate_all(self, within: object = None) -> AsyncIterator[Sequence[RevocationView]]:
        del within
        await self.pause.wait()
        async for batch in super().iterate_all():
            yield batch

    def revoke(self, subject: str) -> None:
        self.table.rows[1] = RevocationView(1, "subject", subject, NOON, NOON)


class AccessSetUp:
    """Access as the settings have it, with API keys and revocations in memory."""

    def __init__(self, **settings: Any) -> None:
        self.keys = KeysInMemory()
        self.revocations = Revocations()
        storage = StorageWithBuckets({})
        self.access = Access(
            ServiceSettings(database_url="memory://", **settings),
            storage,
            self.keys.use_cases,
            RevocationUseCases(storage.unit_of_work, self.revocations, FixedClock()),
        )

    async def admits(self, credential: str) -> Principal:
        [authenticator] = self.access.authenticators
        return await authenticator.authenticate(credential)


def limiters(**settings: Any) -> Limiters:
    found = AccessSetUp(**settings).access.limiters
    assert found is not None
    return found


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    with IdentityProvider(KEY) as provider:
        yield provider


KEY = ed25519()


def accepting_tokens_of(provider: IdentityProvider, **settings: Any) -> AccessSetUp:
    return AccessSetUp(auth_mode="oidc", oidc_issuer=provider.issuer, oidc_audience=AUDIENCE, **settings)


def token_of(provider: IdentityProvider, **claims: Any) -> str:
    # Good now, although those of the forge begin years ahead.
    usual = {"sub": "ada", "scope": "things:read", "nbf": ABSENT, "iat": ABSENT}
    return Forge(provider.issuer, {"ed": KEY}).token(**{**usual, **claims})


# Credentials.


@pytest.mark.parametrize(
    ("mode", "kinds"),
    [
        ("disabled", []),
        ("api-keys", [ApiKeyAuthenticator]),
        ("oidc", [TokenVerifier]),
        ("api-keys,oidc", [ApiKeyAuthenticator, TokenVerifier]),
    ],
)
def test_each_kind_of_credentials_in_auth_mode_is_accepted_and_no_other(mode: str, kinds: list[type]) -> None:
    set_up = AccessSetUp(auth_mode=mode, oidc_issuer="https://id.example.com", oidc_audience=AUDIENCE)
    assert [type(authenticator) for authenticator in set_up.access.authenticators] == kinds


async def test_tokens_are_accepted_as_the_settings_say(provider: IdentityProvider) -> None:
    settings = {"oidc_tenant_claim": "org", "oidc_owner_claim": "client_id", "oidc_token_types": "jwt"}
    set_up = accepting_tokens_of(provider, **settings)
    token = Forge(provider.issuer, {"ed": KEY}).token(
        header={"typ": "JWT"}, sub="ada", scope="things:read", nbf=ABSENT, iat=ABSENT, org="acme"
    )
    assert await set_up.admits(token) == Principal(
        PrincipalKind.TOKEN, "ada", frozenset({"things:read"}), tenant="acme", owner="client-1"
    )
    for other in (token_of(provider), token_of(provider, aud="https://other.example.com")):
        with pytest.raises(CredentialRejected):
            await set_up.admits(other)
    await set_up.access.close()


async def test_starting_fetches_the_keys_before_the_first_token(provider: IdentityProvider) -> None:
    set_up = accepting_tokens_of(provider)
    assert len(set_up.access.authenticators) == 1
    set_up.access.start()
    for _ in range(200):
        if provider.key_requests:
            break
        await asyncio.sleep(0.01)
    assert provider.key_requests == 1
    await set_up.admits(token_of(provider))
    assert provider.key_requests == 1
    await set_up.access.close()


async def test_a_token_that_is_revoked_is_not_accepted(provider: IdentityProvider) -> None:
    set_up = accepting_tokens_of(provider)
    set_up.revocations.revoke("ada")
    with pytest.raises(CredentialRejected, match="revoked"):
        await set_up.admits(token_of(provider))
    assert (await set_up.admits(token_of(provider, sub="bea"))).id == "bea"
    await set_up.access.close()


# The end.


async def settled() -> None:
    """Let all tasks run that can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_closing_waits_until_a_key_is_read() -> None:
    set_up = AccessSetUp(auth_mode="api-keys")
    secret = (await set_up.keys.issue()).secret
    set_up.keys.queries.pause = asyncio.Event()
    request = asyncio.create_task(set_up.admits(secret))
    await settled()
    closing = asyncio.create_task(set_up.access.close())
    await settled()
    assert not closing.done()
    set_up.keys.queries.pause.set()
    await closing
    assert (await request).name == "api-key:1"


async def test_closing_waits_until_revocations_are_read(provider: IdentityProvider) -> None:
    set_up = accepting_tokens_of(provider)
    set_up.revocations.pause.clear()
    request = asyncio.create_task(set_up.admits(token_of(provider)))
    await settled()
    closing = asyncio.create_task(set_up.access.close())
    await settled()
    assert not closing.done()
    request.cancel()
    set_up.revocations.pause.set()
    await closing


async def test_closing_ends_the_fetch_of_the_keys_of_the_provider(provider: IdentityProvider) -> None:
    set_up = accepting_tokens_of(provider)
    provider.open.clear()
    request = asyncio.create_task(set_up.admits(token_of(provider)))
    await settled()
    async with asyncio.timeout(2):  # less than the provider has
        await set_up.access.close()
        with pytest.raises(CredentialUnverifiable):
            await request


# Limits.


def limit_of(limiter: RateLimiter | None) -> RateLimit | None:
    return None if limiter is None else limiter.limit


def test_without_credentials_and_limits_nothing_is_counted() -> None:
    assert AccessSetUp().access.limiters is None


def test_addresses_are_counted_where_they_have_a_limit() -> None:
    found = limiters(rate_limit_by_address="100/1m", trusted_proxies="10.0.0.0/8")
    assert [limit_of(one) for one in (found.by_address, found.by_principal, found.of_failures)] == [HUNDRED, None, None]
    assert list(found.trusted_proxies) == [ip_network("10.0.0.0/8")]


def test_failed_attempts_are_counted_where_credentials_are_asked_for() -> None:
    found = limiters(auth_mode="api-keys", failed_authentication_limit="10/1m")
    assert [limit_of(one) for one in (found.by_address, found.by_principal, found.of_failures)] == [None, None, TEN]


def test_principals_are_counted_where_they_have_a_limit() -> None:
    found = limiters(auth_mode="api-keys", rate_limit="100/1m", failed_authentication_limit="10/1m")
    assert [limit_of(one) for one in (found.by_address, found.by_principal, found.of_failures)] == [None, HUNDRED, TEN]


@pytest.mark.parametrize(
    ("store", "kind", "tasks"),
    [("worker", WorkerRateLimiter, 0), ("database", SharedRateLimiter, 1)],
)
def test_requests_are_counted_by_what_the_settings_name(store: str, kind: type, tasks: int) -> None:
    set_up = AccessSetUp(
        auth_mode="api-keys", rate_limit="100/1m", rate_limit_by_address="100/1m", rate_limit_store=store
    )
    found = set_up.access.limiters
    assert found is not None
    assert (type(found.by_address), type(found.by_principal)) == (kind, kind)
    # Each worker counts these for itself: an attempt must not wait for the storage.
    assert type(found.of_failures) is WorkerRateLimiter
    assert len(set_up.access.background_tasks) == tasks
