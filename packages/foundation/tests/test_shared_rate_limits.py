"""One rate limit for several workers, which take tokens in batches from buckets that all of them see."""

import asyncio
import logging
import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.kernel.deadline import seconds_left
from foundation.kernel.errors import StorageUnavailable
from foundation.kernel.forget_full_buckets import ForgetFullBucketsHandler
from foundation.kernel.rate_limit import RateLimit, Taken, TokenBuckets
from foundation.kernel.shared_rate_limit import Granted, SharedRateLimiter

pytestmark = pytest.mark.anyio

HUNDRED = RateLimit(100, 60)  # in batches of 5


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.moment = 1000.0

    def __call__(self) -> float:
        return self.moment


class Buckets:
    """Shared buckets in memory, which count how often they are asked, and can be made to fail."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._buckets: dict[RateLimit, TokenBuckets] = {}
        self.asked: list[tuple[str, int, int]] = []
        self.fails = False
        self.time_left = math.inf
        self.full = 0

    async def grant(self, key: str, limit: RateLimit, fewest: int, most: int) -> Granted:
        self.asked.append((key, fewest, most))
        self.time_left = seconds_left()
        await asyncio.sleep(0)
        if self.fails:
            raise StorageUnavailable
        buckets = self._buckets.setdefault(limit, TokenBuckets(limit))
        there = buckets.peek(key, self._clock(), 0)
        tokens = min(there.remaining, most) if there.remaining >= fewest else 0
        return Granted(tokens, buckets.take(key, self._clock(), tokens).reset)

    async def forget_full(self, most: int) -> int:
        some = min(self.full, most)
        self.full -= some
        return some


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def buckets(clock: Clock) -> Buckets:
    return Buckets(clock)


@pytest.fixture
def limiter(buckets: Buckets, clock: Clock) -> SharedRateLimiter:
    return SharedRateLimiter("default", HUNDRED, buckets, clock=clock)


def allows(remaining: int, reset: float) -> object:
    return pytest.approx((True, remaining, 0, reset))


def refuses(remaining: int, retry_after: float, reset: float) -> object:
    return pytest.approx((False, remaining, retry_after, reset))


async def allowed(limiter: SharedRateLimiter, times: int, key: str = "a") -> int:
    return sum([(await limiter.take(key)).allowed for _ in range(times)])


async def test_tokens_are_taken_in_batches(limiter: SharedRateLimiter, buckets: Buckets) -> None:
    assert limiter.limit == HUNDRED
    assert await allowed(limiter, 5) == 5
    assert buckets.asked == [("default:a", 1, 5)]
    assert await allowed(limiter, 1) == 1
    assert len(buckets.asked) == 2


async def test_a_small_limit_has_batches_of_one(buckets: Buckets, clock: Clock) -> None:
    limiter = SharedRateLimiter("few", RateLimit(19, 60), buckets, clock=clock)
    assert await allowed(limiter, 3) == 3
    assert buckets.asked == [("few:a", 1, 1)] * 3


async def test_a_client_is_told_what_is_left_of_both(limiter: SharedRateLimiter) -> None:
    taken = [await limiter.take("a") for _ in range(7)]
    assert [one.remaining for one in taken] == [99, 98, 97, 96, 95, 94, 93]
    assert [round(one.reset, 3) for one in taken] == [0.6, 1.2, 1.8, 2.4, 3.0, 3.6, 4.2]
    assert {one.retry_after for one in taken} == {0.0}


async def test_what_costs_more_than_is_held_takes_the_rest_from_the_bucket(
    limiter: SharedRateLimiter, buckets: Buckets
) -> None:
    await limiter.take("a", 3)
    assert await limiter.take("a", 20.5) == allows(76, 14.1)
    assert buckets.asked[1:] == [("default:a", 19, 19)]
    assert (await limiter.take("a", 0.5)).allowed
    assert len(buckets.asked) == 2


async def test_what_costs_more_than_there_can_be_costs_all_there_can_be(
    limiter: SharedRateLimiter, buckets: Buckets
) -> None:
    assert (await limiter.take("a", 1000)).remaining == 0
    assert buckets.asked == [("default:a", 100, 100)]


async def test_an_empty_bucket_is_asked_again_only_when_it_has_a_token(
    limiter: SharedRateLimiter, buckets: Buckets, clock: Clock
) -> None:
    assert await allowed(limiter, 110) == 100
    assert len(buckets.asked) == 20
    assert await limiter.take("a") == refuses(0, 0.6, 60)
    clock.moment += 0.5
    assert await limiter.take("a") == refuses(0, 0.1, 59.5)
    assert len(buckets.asked) == 20
    clock.moment += 0.1
    assert (await limiter.take("a")).allowed
    assert len(buckets.asked) == 21


async def test_what_others_took_is_not_granted(limiter: SharedRateLimiter, buckets: Buckets, clock: Clock) -> None:
    other = SharedRateLimiter("default", HUNDRED, buckets, clock=clock)
    await other.take("a", 98)
    assert await allowed(limiter, 3) == 2
    assert await limiter.take("a") == refuses(0, 0.6, 60)
    assert not (await other.take("a")).allowed
    assert (await other.take("b")).allowed


async def test_a_worker_that_did_not_know_is_refused_by_the_bucket(
    limiter: SharedRateLimiter, buckets: Buckets, clock: Clock
) -> None:
    await SharedRateLimiter("default", HUNDRED, buckets, clock=clock).take("a", 100)
    assert limiter.peek("a").allowed
    assert await limiter.take("a") == refuses(0, 0.6, 60)
    assert not limiter.peek("a").allowed


async def test_limiters_of_other_names_have_other_buckets(
    limiter: SharedRateLimiter, buckets: Buckets, clock: Clock
) -> None:
    await limiter.take("a", 100)
    assert (await SharedRateLimiter("address", HUNDRED, buckets, clock=clock).take("a")).allowed


async def test_what_is_held_is_lost_after_a_while(limiter: SharedRateLimiter, buckets: Buckets, clock: Clock) -> None:
    await limiter.take("a")
    clock.moment += 59.9
    assert await allowed(limiter, 3) == 3
    assert len(buckets.asked) == 1
    clock.moment += 0.1
    assert (await limiter.take("a")).allowed
    assert len(buckets.asked) == 2


async def test_it_is_known_without_asking_who_is_refused(limiter: SharedRateLimiter, buckets: Buckets) -> None:
    assert limiter.peek("a") == allows(99, 0.6)
    await allowed(limiter, 100)
    before = len(buckets.asked)
    assert limiter.peek("a") == limiter.peek("a") == refuses(0, 0.6, 60)
    assert limiter.peek("b").allowed
    assert len(buckets.asked) == before


async def test_requests_at_once_ask_one_after_the_other(limiter: SharedRateLimiter, buckets: Buckets) -> None:
    taken = await asyncio.gather(*[limiter.take("a") for _ in range(150)])
    assert sum(one.allowed for one in taken) == 100
    assert len(buckets.asked) == 20


async def test_memory_is_bounded_and_what_was_used_last_is_kept(buckets: Buckets, clock: Clock) -> None:
    limiter = SharedRateLimiter("default", HUNDRED, buckets, most=2, clock=clock)
    for key in ("a", "b", "a", "c", "a"):
        await limiter.take(key)
    assert [key for key, _, _ in buckets.asked] == ["default:a", "default:b", "default:c"]
    await limiter.take("b")
    assert len(buckets.asked) == 4
    assert len(limiter._leases) == 2


class TestAStorageThatFails:
    async def test_is_replaced_by_a_limit_for_this_worker(
        self, limiter: SharedRateLimiter, buckets: Buckets, clock: Clock
    ) -> None:
        buckets.fails = True
        assert await allowed(limiter, 150) == 100
        assert len(buckets.asked) == 1
        assert limiter.peek("a") == refuses(0, 0.6, 60)
        assert limiter.peek("b").allowed
        clock.moment += 0.6
        assert await allowed(limiter, 2) == 1

    async def test_is_asked_again_after_some_seconds(
        self, limiter: SharedRateLimiter, buckets: Buckets, clock: Clock
    ) -> None:
        buckets.fails = True
        await allowed(limiter, 100)
        buckets.fails = False
        clock.moment += 4.9
        assert len(buckets.asked) == 1
        assert await allowed(limiter, 100) == 8
        assert len(buckets.asked) == 1
        clock.moment += 0.1
        assert (await limiter.take("a")).remaining == 99
        assert len(buckets.asked) == 2

    async def test_leaves_what_is_held(self, limiter: SharedRateLimiter, buckets: Buckets) -> None:
        await limiter.take("a")
        buckets.fails = True
        assert await allowed(limiter, 4) == 4
        assert len(buckets.asked) == 1

    async def test_is_waited_for_a_short_time_by_one_of_those_that_ask(
        self, limiter: SharedRateLimiter, buckets: Buckets, clock: Clock
    ) -> None:
        buckets.fails = True
        await asyncio.gather(*[limiter.take("a") for _ in range(20)])
        assert len(buckets.asked) == 1
        assert 0 < buckets.time_left <= 0.5
        assert seconds_left() == math.inf
        await SharedRateLimiter("patient", HUNDRED, buckets, patience=30, clock=clock).take("a")
        assert 29 < buckets.time_left <= 30

    async def test_is_logged_once_a_minute(
        self, limiter: SharedRateLimiter, buckets: Buckets, clock: Clock, caplog: pytest.LogCaptureFixture
    ) -> None:
        buckets.fails = True
        with caplog.at_level(logging.WARNING, logger="service.rate_limits"):
            for _ in range(12):
                await limiter.take("a")
                clock.moment += 5
            assert [record.getMessage() for record in caplog.records] == [
                "each worker limits requests by itself, since the storage failed: storage-unavailable"
            ]
            await limiter.take("a")
        assert len(caplog.records) == 2
        assert len(buckets.asked) == 13


@given(
    st.integers(1, 4),
    st.builds(RateLimit, st.integers(1, 200), st.integers(1, 60)),
    st.lists(st.tuples(st.integers(0, 3), st.one_of(st.just(0.0), st.floats(0, 20)), st.integers(1, 60)), max_size=40),
)
def test_workers_allow_no_more_than_the_limit_and_their_batches(
    workers: int, limit: RateLimit, steps: list[tuple[int, float, int]]
) -> None:
    async def play() -> list[float]:
        clock = Clock()
        buckets = Buckets(clock)
        limiters = [SharedRateLimiter("default", limit, buckets, clock=clock) for _ in range(workers)]
        at = []
        for worker, pause, requests in steps:
            clock.moment += pause
            at += [clock.moment] * await allowed(limiters[worker % workers], requests)
        return at

    moments = asyncio.run(play())
    most = limit.requests + workers * max(limit.requests // 20, 1)
    for first, moment in enumerate(moments):
        for last in range(first, len(moments)):
            assert last - first + 1 <= most + limit.per_second * (moments[last] - moment) + 0.01


@pytest.mark.parametrize("workers", [1, 8, 20])
async def test_a_client_below_its_limit_is_not_refused_by_what_workers_lose(workers: int) -> None:
    """Its requests go round all workers, so slowly that each loses most of every batch."""
    clock = Clock()
    buckets = Buckets(clock)
    limiters = [SharedRateLimiter("default", HUNDRED, buckets, clock=clock) for _ in range(workers)]
    refused = []
    for request in range(3000):
        clock.moment += 0.61 if request > 200 else 2
        taken: Taken = await limiters[request % workers].take("a")
        refused += [] if taken.allowed else [request]
    assert refused == []


async def test_full_buckets_are_forgotten_some_at_a_time(buckets: Buckets) -> None:
    buckets.full = 1200
    assert await ForgetFullBucketsHandler(buckets)() == 1200
    assert buckets.full == 0
    assert await ForgetFullBucketsHandler(buckets)() == 0
