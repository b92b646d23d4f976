"""The keys of the provider: when they are fetched, and what is done while they cannot be."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2
import pytest

from foundation.kernel.access.credentials import CredentialRejected, CredentialUnverifiable
from foundation.kernel.deadline import time_limit
from foundation.oidc.algorithms import ALGORITHMS
from foundation.oidc.key_set import SigningKey
from foundation.oidc.settings import OidcSettings
from foundation.oidc.signing_keys import SigningKeys
from identity_provider import DISCOVERY, KEYS, IdentityProvider, ed25519

pytestmark = pytest.mark.anyio

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


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    with IdentityProvider(FIRST) as provider:
        yield provider


@asynccontextmanager
async def knowing(issuer: str) -> AsyncIterator[Known]:
    now = [1000.0]
    settings = OidcSettings(issuer, "api", allow_http=True)
    keys = SigningKeys(settings, monotonic=lambda: now[0])
    try:
        yield Known(keys, now)
    finally:
        await keys.aclose()


@pytest.fixture
async def known(provider: IdentityProvider) -> AsyncIterator[Known]:
    async with knowing(provider.issuer) as known:
        yield known


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "service.oidc"]


# One fetch for all.


async def test_two_hundred_first_requests_fetch_once(provider: IdentityProvider, known: Known) -> None:
    found = await asyncio.gather(*(known.find() for _ in range(200)))
    assert {key.key_id for key in found} == {"first"}
    assert provider.requests == {DISCOVERY: 1, KEYS: 1}


async def test_nothing_is_fetched_before_it_is_needed(provider: IdentityProvider, known: Known) -> None:
    assert known.keys is not None
    assert not provider.requests


async def test_a_thousand_random_ids_fetch_once(provider: IdentityProvider, known: Known) -> None:
    await known.find()
    known.now[0] += 30
    outcomes = await asyncio.gather(*(known.outcome(f"random-{number}") for number in range(1000)))
    assert set(outcomes) == {"rejected"}
    assert provider.key_requests == 2
    for number in range(100):
        assert await known.outcome(f"later-{number}") == "rejected"
    assert provider.key_requests == 2


async def test_an_unknown_id_fetches_once_per_cooldown(provider: IdentityProvider, known: Known) -> None:
    await known.find()
    for seconds, fetches in ((0, 1), (29.9, 1), (0.1, 2), (29.9, 2), (0.1, 3)):
        known.now[0] += seconds
        assert await known.outcome("unknown") == "rejected"
        assert provider.key_requests == fetches


async def test_what_names_no_key_fetches_nothing_anew(provider: IdentityProvider, known: Known) -> None:
    provider.keys = [FIRST, SECOND]
    assert await known.outcome(None) == "rejected"
    known.now[0] += 60
    assert await known.outcome(None) == "rejected"
    assert provider.key_requests == 1


# Rotation.


async def test_a_new_key_is_found_when_it_is_first_named(provider: IdentityProvider, known: Known) -> None:
    await known.find()
    provider.keys = [SECOND, FIRST]
    known.now[0] += 30
    assert (await known.find("second")).key_id == "second"
    assert (await known.find("first")).key_id == "first"
    assert provider.key_requests == 2


async def test_a_key_that_was_withdrawn_is_not_known_any_more(provider: IdentityProvider, known: Known) -> None:
    await known.find()
    provider.keys = [SECOND]
    known.now[0] += 30
    await known.find("second")
    assert await known.outcome("first") == "rejected"


async def test_keys_rotate_under_load(provider: IdentityProvider, known: Known) -> None:
    kids = ["first"]
    outcomes: list[str] = []
    ending = asyncio.Event()

    async def ask() -> None:
        while not ending.is_set():
            outcomes.append(await known.outcome(kids[-1]))
            await asyncio.sleep(0)

    await known.find()
    clients = [asyncio.create_task(ask()) for _ in range(20)]
    for number in range(10):
        await asyncio.sleep(0.01)
        new = ed25519(f"rotated-{number}")
        provider.keys = [new, *provider.keys[:1]]
        known.now[0] += 30
        kids.append(new.kid or "")
        # Until it is known: the next rotation is 30 seconds later by the clock that is moved.
        await known.find(new.kid)
    ending.set()
    await asyncio.gather(*clients)
    assert set(outcomes) == {"found"}
    assert len(outcomes) > 100
    assert provider.key_requests == 11


# Age.


@pytest.mark.parametrize(
    ("cache_control", "ttl"),
    [
        (None, 600),
        ("max-age=120", 120),
        ("public, Max-Age=120, immutable", 120),
        ("max-age=120,public", 120),
        ("max-age=60", 60),
        ("max-age=10", 60),
        ("max-age=0", 60),
        ("max-age=600", 600),
        ("max-age=86400", 600),
        ("s-maxage=120", 600),
        ("max-age=12x", 600),
        ("max-age=", 600),
        ("no-cache", 600),
    ],
)
async def test_keys_are_fetched_anew_when_they_are_old(
    provider: IdentityProvider, known: Known, cache_control: str | None, ttl: float
) -> None:
    provider.headers[KEYS] = {} if cache_control is None else {"Cache-Control": cache_control}
    await known.find()
    known.now[0] += ttl - 0.1
    assert await known.outcome() == "found"
    await known.settled()
    assert provider.key_requests == 1
    known.now[0] += 0.1
    assert await known.outcome() == "found"
    await known.settled()
    assert provider.key_requests == 2


async def test_old_keys_serve_while_new_ones_are_fetched(provider: IdentityProvider, known: Known) -> None:
    await known.find()
    provider.keys = [SECOND]
    provider.open.clear()
    known.now[0] += 600
    began = time.monotonic()
    assert [await known.outcome() for _ in range(100)] == ["found"] * 100
    assert time.monotonic() - began < 1
    provider.open.set()
    await known.settled()
    assert provider.key_requests == 2
    assert await known.outcome("second") == "found"


# The provider is down.


async def test_known_keys_serve_for_an_hour_without_the_provider(
    provider: IdentityProvider, known: Known, caplog: pytest.LogCaptureFixture
) -> None:
    await known.find()
    provider.stop()
    for _ in range(360):
        known.now[0] += 10
        assert await known.outcome("first") == "found"
        await known.settled()
    assert await known.outcome("unknown") == "unverifiable"
    assert await known.outcome(None) == "found"
    failures = lines(caplog)
    # At most one line a minute.
    assert 0 < len(failures) <= 60
    said = "the keys of the identity provider cannot be fetched: the request failed with ConnectError; "
    assert set(failures) == {f"{said}those known stay in use"}
    provider.keys = [SECOND, FIRST]
    provider.start()
    known.now[0] += 30
    assert await known.outcome("second") == "found"
    assert lines(caplog)[len(failures) :] == ["the keys of the identity provider were fetched again"]


async def test_an_unknown_id_is_rejected_for_as_long_as_the_keys_are_as_good_as_new(
    provider: IdentityProvider, known: Known
) -> None:
    await known.find()
    provider.status[KEYS] = 500
    outcomes = []
    for _ in range(5):
        outcomes.append((await known.outcome("unknown"), provider.key_requests))
        known.now[0] += 15
    # Once a fetch has failed, a rotation may have gone unnoticed.
    assert outcomes == [
        ("rejected", 1),
        ("rejected", 1),
        ("unverifiable", 2),
        ("unverifiable", 2),
        ("unverifiable", 3),
    ]


async def test_without_any_key_nothing_can_be_verified(
    provider: IdentityProvider, known: Known, caplog: pytest.LogCaptureFixture
) -> None:
    provider.status[DISCOVERY] = 503
    outcomes = await asyncio.gather(*(known.outcome() for _ in range(1000)))
    assert set(outcomes) == {"unverifiable"}
    assert provider.requests == {DISCOVERY: 1}
    for seconds, attempts in ((2.9, 1), (0.1, 2), (2.9, 2), (0.1, 3)):
        known.now[0] += seconds
        assert await known.outcome() == "unverifiable"
        assert provider.requests[DISCOVERY] == attempts
    del provider.status[DISCOVERY]
    known.now[0] += 3
    assert await known.outcome() == "found"
    assert lines(caplog) == [
        "the keys of the identity provider cannot be fetched: it answered with status 503; no token can be verified",
        "the keys of the identity provider were fetched again",
    ]


async def test_a_failure_that_lasts_is_said_once_a_minute(
    provider: IdentityProvider, known: Known, caplog: pytest.LogCaptureFixture
) -> None:
    provider.status[DISCOVERY] = 503
    for seconds, said in ((0, 1), (59.9, 1), (0, 1), (3, 2), (3, 2)):
        known.now[0] += seconds
        await known.outcome()
        assert len(lines(caplog)) == said, seconds


async def test_a_failure_after_a_recovery_is_said_at_once(
    provider: IdentityProvider, known: Known, caplog: pytest.LogCaptureFixture
) -> None:
    for status in (503, 200, 503):
        provider.status[DISCOVERY] = status
        await known.outcome("unknown")
        known.now[0] += 30
    assert len(lines(caplog)) == 3


async def test_a_success_is_not_worth_a_line(known: Known, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "service.oidc"):
        await known.find()
    assert lines(caplog) == []


# Deadlines, and waiters that go away.


async def test_a_request_waits_no_longer_than_its_deadline(provider: IdentityProvider, known: Known) -> None:
    provider.open.clear()
    patient = asyncio.create_task(known.outcome())
    began = time.monotonic()
    with time_limit(0.1):
        assert await known.outcome() == "unverifiable"
    assert 0.05 < time.monotonic() - began < 1
    with time_limit(-1):
        assert await known.outcome() == "unverifiable"
    provider.open.set()
    assert await patient == "found"
    assert provider.key_requests == 1


async def test_the_first_request_does_not_give_its_deadline_to_the_fetch(
    provider: IdentityProvider, known: Known
) -> None:
    provider.open.clear()
    with time_limit(0.05):
        assert await known.outcome() == "unverifiable"
    provider.open.set()
    assert await known.outcome() == "found"
    assert provider.key_requests == 1


async def test_a_request_that_is_cancelled_cancels_no_fetch(provider: IdentityProvider, known: Known) -> None:
    provider.open.clear()
    first, second = (asyncio.create_task(known.outcome()) for _ in range(2))
    await asyncio.sleep(0.05)
    first.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await first
    assert first.cancelled()
    provider.open.set()
    assert await second == "found"
    assert provider.key_requests == 1


async def test_a_provider_that_is_slow_is_given_up(
    provider: IdentityProvider, known: Known, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foundation.oidc.provider.PATIENCE", 0.2)
    provider.open.clear()
    began = time.monotonic()
    assert await known.outcome() == "unverifiable"
    assert 0.1 < time.monotonic() - began < 2
    assert "it did not answer within 0.2 s" in lines(caplog)[0]


async def test_closing_ends_the_fetch_and_begins_none(provider: IdentityProvider, known: Known) -> None:
    provider.open.clear()
    waiting = asyncio.create_task(known.outcome())
    await asyncio.sleep(0.05)
    began = time.monotonic()
    await known.keys.aclose()
    assert time.monotonic() - began < 1
    assert await waiting == "unverifiable"
    provider.open.set()
    known.now[0] += 3600
    before = provider.requests.total()
    assert await known.outcome() == "unverifiable"
    assert provider.requests.total() == before


async def test_keys_that_are_known_serve_after_closing(known: Known) -> None:
    await known.find()
    await known.keys.aclose()
    known.now[0] += 3600
    assert await known.outcome() == "found"


async def test_a_client_that_was_handed_in_is_left_open(provider: IdentityProvider) -> None:
    async with httpx2.AsyncClient(trust_env=False, headers={"X-Client": "ours"}) as client:
        keys = SigningKeys(OidcSettings(provider.issuer, "api", allow_http=True), client=client)
        assert (await keys.find("first", EDDSA)).key_id == "first"
        await keys.aclose()
        assert not client.is_closed


async def test_its_own_client_is_closed(known: Known) -> None:
    await known.find()
    await known.keys.aclose()
    assert known.keys._provider._client.is_closed


# Where the discovery document is.


@pytest.mark.parametrize(
    ("path", "asked"),
    [("", DISCOVERY), ("/", DISCOVERY), ("/realms/a", f"/realms/a{DISCOVERY}"), ("/a/", f"/a{DISCOVERY}")],
)
async def test_the_discovery_document_is_below_the_issuer(path: str, asked: str) -> None:
    with IdentityProvider(FIRST, path=path) as provider:
        async with knowing(provider.issuer) as known:
            assert await known.outcome() == "found"
        assert provider.requests == {asked: 1, KEYS: 1}


async def test_a_proxy_has_no_part_in_what_stays_on_this_machine(
    provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with knowing(provider.issuer) as known:
        assert await known.outcome() == "found"
