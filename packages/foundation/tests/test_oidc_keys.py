"""The keys of the provider: when they are fetched, and how they rotate."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from identity_provider import DISCOVERY, KEYS, IdentityProvider, ed25519
from known_keys import FIRST, SECOND, Known, knowing

pytestmark = pytest.mark.anyio


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    with IdentityProvider(FIRST) as provider:
        yield provider


@pytest.fixture
async def known(provider: IdentityProvider) -> AsyncIterator[Known]:
    async with knowing(provider.issuer) as known:
        yield known


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


async def test_a_known_id_among_several_fetches_nothing_anew(provider: IdentityProvider, known: Known) -> None:
    provider.keys = [FIRST, SECOND]
    for seconds in (0, 30, 30):
        known.now[0] += seconds
        assert (await known.find("first")).key_id == "first"
        assert (await known.find("second")).key_id == "second"
    assert provider.key_requests == 1


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
