"""Rate limits: how many requests one client may send, as token buckets that refill all the time.

A bucket holds at most as many tokens as the limit allows requests. Each request takes one; they come back evenly, the
whole bucket in the time of the limit. A client may so send its requests at once or spread them, but never more than a
full bucket and what came back in the meantime.
"""

import heapq
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, Self

_TEXT: Final = re.compile(r"([1-9][0-9]{0,6})/([1-9][0-9]{0,3})?([smh])", re.ASCII)
_SECONDS_OF: Final = {"s": 1, "m": 60, "h": 3600}
_MOST_REQUESTS: Final = 1_000_000
_MOST_SECONDS: Final = 3600

DEFAULT_MOST_KEYS: Final = 10_000
"""How many clients one worker keeps buckets of."""

# Tokens. Times are rounded, and a client that waits exactly as long as it was told must find a whole token.
_ROUNDING: Final = 1e-3


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How many requests in how much time.

    Attributes:
        requests: How many may be sent at once, and then in each `seconds`; from 1 to 1,000,000.
        seconds: In which a bucket that is empty becomes full; from 1 to 3600.

    Raises:
        ValueError: one of them is out of bounds.
    """

    requests: int
    seconds: int

    def __post_init__(self) -> None:
        if not 1 <= self.requests <= _MOST_REQUESTS or not 1 <= self.seconds <= _MOST_SECONDS:
            raise ValueError(f"must be from 1 to {_MOST_REQUESTS} requests in a time from 1 second to 1 hour")

    @classmethod
    def parse(cls, text: str) -> Self:
        """The limit that a text such as `100/1m`, `10/s` or `1000/1h` says.

        Raises:
            ValueError: it says none. The message is what a setting must be, and does not have the text.
        """
        match = _TEXT.fullmatch(text)
        if match is None:
            raise ValueError("must be a number of requests, a slash, and a time in s, m or h, such as 100/1m or 10/s")
        return cls(int(match[1]), int(match[2] or 1) * _SECONDS_OF[match[3]])

    @property
    def per_second(self) -> float:
        """How many tokens come back in a second."""
        return self.requests / self.seconds


class Taken(NamedTuple):
    """What became of a request for tokens.

    Attributes:
        allowed: Whether they were there. If not, none was taken.
        remaining: How many whole tokens are left.
        retry_after: Seconds until as many as were asked for will be there; 0 if they were.
        reset: Seconds until the bucket is full, if nothing more is taken.
    """

    allowed: bool
    remaining: int
    retry_after: float
    reset: float


class RateLimiter(Protocol):
    """Limits the requests of each client, which is told from others by a key."""

    @property
    def limit(self) -> RateLimit:
        """The limit that each key has."""
        ...

    async def take(self, key: str, cost: float = 1.0) -> Taken:
        """Take tokens of the bucket of `key`, if as many are there. A cost above the whole bucket is the whole bucket.

        It raises nothing when the storage of the buckets fails: it then limits by what this worker has seen.
        """
        ...

    def peek(self, key: str, cost: float = 1.0) -> Taken:
        """What `take` would return, as far as this worker knows. Nothing is taken, and nothing is waited for."""
        ...


def reckon(limit: RateLimit, full_in: float, cost: float) -> Taken:
    """What becomes of a request for `cost` tokens of a bucket that will be full in `full_in` seconds."""
    # Without the functions min() and max(), which would take as long as all the rest.
    requests = limit.requests
    seconds_each = limit.seconds / requests
    owed = full_in if full_in > 0.0 else 0.0  # noqa: FURB136 -- see above
    price = cost if cost < requests else requests  # noqa: FURB136 -- see above
    left = requests - owed / seconds_each - price
    if left < -_ROUNDING:
        tokens = left + price
        return Taken(False, int(tokens) if tokens > 0.0 else 0, -left * seconds_each, owed)  # noqa: FBT003 -- faster
    return Taken(True, int(left + _ROUNDING), 0.0, owed + price * seconds_each)  # noqa: FBT003 -- faster


class TokenBuckets:
    """The buckets of one worker, each of them one number: the moment at which it will be full.

    Memory is bounded: beside those of `most` keys there is one bucket more. A bucket that is full is the same as none,
    so full ones are forgotten when there is no room for a new key. A bucket that lacks tokens is never forgotten: a
    client cannot get a new one by a flood of other keys. While all of them lack tokens, new keys share the one bucket
    more, so that such a flood slows down new clients and is itself held to one limit.

    A call takes constant time; one with a new key, where there is no room, takes logarithmic time on average over the
    calls before it. Moments are those of any clock that does not step back, in seconds.
    """

    __slots__ = ("_full_at", "_known", "_most", "limit")

    def __init__(self, limit: RateLimit, most: int = DEFAULT_MOST_KEYS) -> None:
        self.limit: Final = limit
        self._most = most
        self._full_at: dict[str | None, float] = {}  # None is the key of the bucket that new keys share
        # A heap of every key but None, by a moment before which its bucket is not full.
        self._known: list[tuple[float, str]] = []

    def __len__(self) -> int:
        """How many buckets are kept."""
        return len(self._full_at)

    def take(self, key: str, now: float, cost: float = 1.0) -> Taken:
        """Take `cost` tokens of the bucket of `key`, if as many are there at the moment `now`.

        A cost above the whole bucket is the whole bucket: such a request is allowed when the bucket is full.
        """
        full_at = self._full_at.get(key)
        if full_at is not None:
            taken = reckon(self.limit, full_at - now, cost)
            if taken.allowed:
                self._full_at[key] = now + taken.reset
            return taken
        return self._take_first(key, now, cost)

    def peek(self, key: str, now: float, cost: float = 1.0) -> Taken:
        """What `take` would return; nothing is taken."""
        full_at = self._full_at.get(key)
        if full_at is None:
            full_at = now if self._has_room(now) else self._full_at.get(None, now)
        return reckon(self.limit, full_at - now, cost)

    def is_empty(self, key: str, now: float) -> bool:
        """Whether no token is there. Cheapest for a client without a bucket, the usual case."""
        if key not in self._full_at and len(self._known) < self._most:
            return False
        return not self.peek(key, now).allowed

    def _take_first(self, key: str, now: float, cost: float) -> Taken:
        if not self._has_room(now):
            taken = reckon(self.limit, self._full_at.get(None, now) - now, cost)
            if taken.allowed:
                self._full_at[None] = now + taken.reset
            return taken
        taken = reckon(self.limit, 0.0, cost)
        self._full_at[key] = now + taken.reset
        heapq.heappush(self._known, (now + taken.reset, key))
        return taken

    def _has_room(self, now: float) -> bool:
        """Whether a new key has room, after a full bucket was forgotten if one had to be.

        A key keeps the moment it was put into the heap with while requests move its own on, and is put there anew when
        its turn comes: once for all the requests in between.
        """
        if len(self._known) < self._most:
            return True
        while self._known[0][0] <= now:
            key = self._known[0][1]
            full_at = self._full_at[key]
            if full_at <= now:
                heapq.heappop(self._known)
                del self._full_at[key]
                return True
            heapq.heapreplace(self._known, (full_at, key))
        return False


class WorkerRateLimiter:
    """Limits the requests that one worker process gets. See `RateLimiter`.

    Several workers allow a client as many times the limit, at most, as they are.
    """

    def __init__(
        self, limit: RateLimit, *, most: int = DEFAULT_MOST_KEYS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._buckets = TokenBuckets(limit, most)
        self._clock = clock

    @property
    def limit(self) -> RateLimit:
        """See `RateLimiter.limit`."""
        return self._buckets.limit

    async def take(self, key: str, cost: float = 1.0) -> Taken:
        """See `RateLimiter.take`."""
        return self._buckets.take(key, self._clock(), cost)

    def peek(self, key: str, cost: float = 1.0) -> Taken:
        """See `RateLimiter.peek`."""
        return self._buckets.peek(key, self._clock(), cost)

    def is_used_up(self, key: str) -> bool:
        """Whether `take` would not allow a request; asked for each request of a worker."""
        return self._buckets.is_empty(key, self._clock())
