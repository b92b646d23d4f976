"""What is done with tokens while the provider is down or slow, and when requests stop waiting for it."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Iterator

import httpx2
import pytest

from foundation.kernel.deadline import time_limit
from foundation.oidc.settings import OidcSettings
from foundation.oidc.signing_keys import SigningKeys
from identity_provider import DISCOVERY, KEYS, IdentityProvider
from known_keys import EDDSA, FIRST, SECOND, Known, knowing, lines

pytestmark = pytest.mark.anyio


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    with IdentityProvider(FIRST) as provider:
        yield provider


@pytest.fixture
async def known(provider: IdentityProvider) -> AsyncIterator[Known]:
    async with knowing(provider.issuer) as known:
        yield known


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
    for seconds, said in ((0, 1), (59.9, 1), (3, 2), (60, 3), (3, 3)):
        known.now[0] += seconds
        await known.outcome()
        assert len(lines(caplog)) == said, seconds


async def test_a_failure_after_a_recovery_is_said_at_once(
    provider: IdentityProvider, known: Known, caplog: pytest.LogCaptureFixture
) -> None:
    for seconds, status, said in ((0, 503, 1), (3, 200, 2), (30, 503, 3), (30, 200, 4), (30, 200, 4)):
        known.now[0] += seconds
        provider.status[DISCOVERY] = status
        await known.outcome("unknown")
        assert len(lines(caplog)) == said


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


async def test_a_fetch_that_was_cancelled_is_followed_by_another(provider: IdentityProvider, known: Known) -> None:
    provider.open.clear()
    waiting = asyncio.create_task(known.outcome())
    await asyncio.sleep(0.05)
    fetch = known.keys._fetch
    assert fetch is not None
    fetch.cancel()
    assert await waiting == "unverifiable"
    provider.open.set()
    known.now[0] += 3
    assert await known.outcome() == "found"


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
    fetch = known.keys._fetch
    assert fetch is not None
    began = time.monotonic()
    await known.keys.aclose()
    assert time.monotonic() - began < 1
    assert fetch.cancelled()
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
    assert provider.asked_with[KEYS]["x-client"] == "ours"


async def test_its_own_client_is_closed(known: Known) -> None:
    await known.find()
    await known.keys.aclose()
    assert known.keys._provider._client.is_closed
