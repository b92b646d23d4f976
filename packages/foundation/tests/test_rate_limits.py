"""Rate limits of one worker: what a text says, what a bucket grants, and how many buckets there can be."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundation.kernel.rate_limit import DEFAULT_MOST_KEYS, RateLimit, Taken, TokenBuckets, WorkerRateLimiter

HUNDRED = RateLimit(100, 60)

limits = st.builds(RateLimit, st.integers(1, 1000), st.integers(1, 3600))
# Seconds between two requests, many of them none, and what they cost.
steps = st.lists(
    st.tuples(st.one_of(st.just(0.0), st.floats(0, 100)), st.sampled_from([0.5, 1.0, 1.0, 3.0])), max_size=60
)


class TestARateLimit:
    @pytest.mark.parametrize(
        ("text", "requests", "seconds"),
        [("100/1m", 100, 60), ("10/s", 10, 1), ("1000/1h", 1000, 3600), ("7/m", 7, 60), ("1/h", 1, 3600),
         ("1000000/90s", 1_000_000, 90), ("20/3600s", 20, 3600)],
    )  # fmt: skip
    def test_is_a_number_of_requests_and_a_time(self, text: str, requests: int, seconds: int) -> None:
        assert RateLimit.parse(text) == RateLimit(requests, seconds)

    @pytest.mark.parametrize(
        "text",
        ["", "100", "100/", "/1m", "100/1", "100/1d", "100/1M", "0/1m", "01/m", "100/0s", "-1/1m", "1.5/s", "100 / 1m",
         " 100/1m", "100/1m ", "100/1m\n", "1e3/m", "\u0661/m", "10000000/s", "100/1m/1h"],
    )  # fmt: skip
    def test_is_no_other_text(self, text: str) -> None:
        with pytest.raises(
            ValueError, match=r"must be a number of requests, a slash, and a time in s, m or h, such as "
        ):
            RateLimit.parse(text)

    @pytest.mark.parametrize("text", ["1000001/m", "1/2h", "1/61m", "1/3601s"])
    def test_has_bounds(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"must be from 1 to 1000000 requests in a time from 1 second to 1 hour"):
            RateLimit.parse(text)

    @pytest.mark.parametrize(("requests", "seconds"), [(0, 1), (1, 0), (1_000_001, 1), (1, 3601), (-1, 1), (1, -1)])
    def test_is_never_out_of_bounds(self, requests: int, seconds: int) -> None:
        with pytest.raises(ValueError, match="must be from 1 to"):
            RateLimit(requests, seconds)

    def test_says_how_fast_tokens_come_back(self) -> None:
        assert RateLimit(30, 60).per_second == 0.5


class TestABucket:
    def test_is_full_at_first_and_empty_when_all_is_taken(self) -> None:
        buckets = TokenBuckets(RateLimit(3, 60))
        assert [buckets.take("a", 5.0) for _ in range(4)] == [
            Taken(allowed=True, remaining=2, retry_after=0, reset=20),
            Taken(allowed=True, remaining=1, retry_after=0, reset=40),
            Taken(allowed=True, remaining=0, retry_after=0, reset=60),
            Taken(allowed=False, remaining=0, retry_after=20, reset=60),
        ]

    def test_refills_evenly_and_no_more_than_full(self) -> None:
        buckets = TokenBuckets(RateLimit(4, 4))
        assert buckets.take("a", 0.0, 4).remaining == 0
        assert buckets.take("a", 0.5).retry_after == 0.5
        assert buckets.take("a", 1.0) == Taken(allowed=True, remaining=0, retry_after=0, reset=4)
        assert buckets.take("a", 3.5) == Taken(allowed=True, remaining=1, retry_after=0, reset=2.5)
        assert buckets.take("a", 1000.0) == Taken(allowed=True, remaining=3, retry_after=0, reset=1)

    def test_that_refuses_keeps_what_it_has(self) -> None:
        buckets = TokenBuckets(RateLimit(10, 10))
        buckets.take("a", 0.0, 7)
        assert buckets.take("a", 0.0, 5) == Taken(allowed=False, remaining=3, retry_after=2, reset=7)
        assert buckets.take("a", 0.0, 3) == Taken(allowed=True, remaining=0, retry_after=0, reset=10)

    def test_gives_all_it_has_for_what_costs_more(self) -> None:
        buckets = TokenBuckets(RateLimit(5, 5))
        assert buckets.take("a", 0.0, 1000) == Taken(allowed=True, remaining=0, retry_after=0, reset=5)
        assert buckets.take("a", 2.0, 1000) == Taken(allowed=False, remaining=2, retry_after=3, reset=3)
        assert buckets.take("a", 5.0, 1000).allowed

    def test_says_what_it_would_do_without_doing_it(self) -> None:
        buckets = TokenBuckets(RateLimit(1, 10))
        allowed = Taken(allowed=True, remaining=0, retry_after=0, reset=10)
        refused = Taken(allowed=False, remaining=0, retry_after=6, reset=6)
        assert buckets.peek("a", 0.0) == buckets.peek("a", 0.0) == allowed
        assert len(buckets) == 0
        buckets.take("a", 0.0)
        assert buckets.peek("a", 4.0) == buckets.peek("a", 4.0) == refused
        assert buckets.peek("a", 10.0).allowed
        assert buckets.take("a", 10.0).allowed

    def test_is_not_filled_by_a_clock_that_steps_back(self) -> None:
        buckets = TokenBuckets(RateLimit(2, 2))
        buckets.take("a", 100.0)
        assert buckets.take("a", 50.0) == Taken(allowed=False, remaining=0, retry_after=50, reset=51)
        assert buckets.take("a", 100.0).allowed

    @given(limits, steps)
    def test_never_grants_more_than_it_holds_and_what_came_back(
        self, limit: RateLimit, steps: list[tuple[float, float]]
    ) -> None:
        buckets = TokenBuckets(limit)
        now, granted = 0.0, []
        for pause, cost in steps:
            now += pause
            price = min(cost, limit.requests)
            if buckets.take("a", now, cost).allowed:
                granted.append((now, price))
        for first, last in itertools.combinations_with_replacement(range(len(granted)), 2):
            cost = sum(price for _, price in granted[first : last + 1])
            assert cost <= limit.requests + limit.per_second * (granted[last][0] - granted[first][0]) + 0.002

    @given(limits, steps)
    def test_says_nothing_impossible(self, limit: RateLimit, steps: list[tuple[float, float]]) -> None:
        buckets, now = TokenBuckets(limit), 0.0
        for pause, cost in steps:
            now += pause
            foretold = buckets.peek("a", now, cost)
            taken = buckets.take("a", now, cost)
            assert taken == foretold
            assert 0 <= taken.remaining <= limit.requests
            assert 0 <= taken.reset <= limit.seconds * 1.001
            assert (taken.retry_after == 0) is taken.allowed
            assert taken.retry_after >= 0

    @given(limits, steps)
    def test_grants_what_it_refused_once_the_time_has_passed(
        self, limit: RateLimit, steps: list[tuple[float, float]]
    ) -> None:
        buckets, now = TokenBuckets(limit), 0.0
        for pause, cost in steps:
            now += pause
            taken = buckets.take("a", now, cost)
            if not taken.allowed:
                assert not buckets.peek("a", now + taken.retry_after * 0.9 - 0.01, cost).allowed
                now += taken.retry_after
                assert buckets.take("a", now, cost).allowed

    @given(limits, steps)
    def test_has_the_more_the_later_it_is(self, limit: RateLimit, steps: list[tuple[float, float]]) -> None:
        buckets, now = TokenBuckets(limit), 0.0
        for pause, cost in steps:
            now += pause
            buckets.take("a", now, cost)
            left = [buckets.peek("a", now + later, 0).remaining for later in (0, 1, 10, 100, 5000)]
            assert left == sorted(left)
            assert left[-1] == limit.requests

    @given(limits, steps, steps)
    def test_is_independent_of_others(
        self, limit: RateLimit, steps: list[tuple[float, float]], others: list[tuple[float, float]]
    ) -> None:
        together, alone, now = TokenBuckets(limit), TokenBuckets(limit), 0.0
        for (pause, cost), (_, other) in itertools.zip_longest(steps, others, fillvalue=(0.0, 1.0)):
            now += pause
            together.take("b", now, other)
            assert together.take("a", now, cost) == alone.take("a", now, cost)


class TestManyBuckets:
    def test_are_as_many_as_they_may_be_and_one(self) -> None:
        buckets = TokenBuckets(HUNDRED)
        for number in range(DEFAULT_MOST_KEYS + 50):
            buckets.take(str(number), 0.0)
        assert len(buckets) == DEFAULT_MOST_KEYS + 1 == 10_001

    def test_full_ones_are_forgotten_first(self) -> None:
        buckets = TokenBuckets(RateLimit(10, 10), most=3)
        for key, cost in (("a", 5), ("b", 1), ("c", 10)):
            buckets.take(key, 0.0, cost)
        assert buckets.take("d", 1.0).remaining == 9  # in the place of b
        assert len(buckets) == 3
        assert buckets.peek("a", 1.0).remaining == 5  # of 6
        assert buckets.peek("c", 1.0).remaining == 0  # of 1
        assert buckets.take("e", 1.0).remaining == 9
        assert len(buckets) == 4  # together with that of all other keys

    def test_one_that_was_full_and_is_no_more_is_kept(self) -> None:
        buckets = TokenBuckets(RateLimit(10, 10), most=1)
        buckets.take("a", 0.0, 1)
        buckets.take("a", 5.0, 10)
        buckets.take("b", 6.0)
        assert not buckets.take("a", 6.0, 2).allowed
        assert len(buckets) == 2
        buckets.take("c", 15.0)
        assert buckets.peek("c", 15.0, 10).retry_after == 1  # a bucket of its own, in the place of a
        assert len(buckets) == 2

    def test_a_flood_of_keys_does_not_give_a_client_a_new_one(self) -> None:
        buckets = TokenBuckets(RateLimit(10, 10), most=100)
        buckets.take("attacker", 0.0, 10)
        for number in range(10_000):
            buckets.take(f"flood {number}", number * 1e-5)
        assert not buckets.take("attacker", 0.1).allowed
        assert len(buckets) == 101

    def test_new_keys_share_one_while_no_other_is_full(self) -> None:
        buckets = TokenBuckets(RateLimit(3, 3), most=2)
        for key in ("a", "b"):
            buckets.take(key, 0.0, 3)
        assert [buckets.peek("c", 0.0).remaining, buckets.take("c", 0.0).remaining] == [2, 2]
        assert [buckets.peek("d", 0.0).remaining, buckets.take("d", 0.0, 2).remaining] == [1, 0]
        refused = Taken(allowed=False, remaining=0, retry_after=1, reset=3)
        assert buckets.peek("e", 0.0) == buckets.take("e", 0.0) == refused
        assert buckets.take("e", 1.0).allowed
        assert buckets.take("f", 3.0).remaining == 2  # a is full, and so forgotten

    @given(st.lists(st.tuples(st.integers(0, 30), st.floats(0, 3), st.integers(1, 5)), max_size=100))
    def test_are_empty_where_a_request_would_be_refused(self, requests: list[tuple[int, float, int]]) -> None:
        buckets, now = TokenBuckets(RateLimit(2, 10), most=3), 0.0
        for key, pause, cost in requests:
            now += pause
            for asked in (str(key), "another"):
                assert buckets.is_empty(asked, now) == (not buckets.peek(asked, now).allowed)
            buckets.take(str(key), now, cost)

    @given(st.lists(st.tuples(st.integers(0, 30), st.floats(0, 3), st.integers(1, 5)), max_size=200))
    def test_behave_as_if_none_was_forgotten_unless_none_is_full(self, requests: list[tuple[int, float, int]]) -> None:
        few, all_of_them, now = TokenBuckets(RateLimit(5, 5), most=8), TokenBuckets(RateLimit(5, 5)), 0.0
        lacking: dict[int, float] = {}
        for key, pause, cost in requests:
            now += pause
            lacking = {one: full_at for one, full_at in lacking.items() if full_at > now}
            if key not in lacking and len(lacking) >= 8:
                continue
            taken = all_of_them.take(str(key), now, cost)
            assert few.take(str(key), now, cost) == taken
            lacking[key] = now + taken.reset
            assert len(few) <= 8


@pytest.mark.anyio
async def test_a_worker_limits_by_its_own_clock() -> None:
    now = 0.0
    limiter = WorkerRateLimiter(RateLimit(2, 2), most=1, clock=lambda: now)
    assert limiter.limit == RateLimit(2, 2)
    assert (await limiter.take("a", 2)).remaining == 0
    assert limiter.peek("a").retry_after == 1
    assert not (await limiter.take("a")).allowed
    assert limiter.is_used_up("a")
    now = 1.0
    assert not limiter.is_used_up("a")
    assert limiter.peek("a", 2).retry_after == 1
    assert (await limiter.take("a")).allowed
    assert (await limiter.take("b")).allowed
    assert (await limiter.take("c", 2)).retry_after == 1  # b and c share one


@pytest.mark.anyio
async def test_a_worker_has_a_clock_and_room_for_many() -> None:
    limiter = WorkerRateLimiter(RateLimit(1, 3600))
    for key in range(100):
        assert [(await limiter.take(str(key))).allowed for _ in range(2)] == [True, False]
