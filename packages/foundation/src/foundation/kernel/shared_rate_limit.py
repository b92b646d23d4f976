"""One rate limit for all workers: the buckets are in a storage, and each worker takes tokens from them in batches."""

import asyncio
import logging
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from foundation.kernel.deadline import time_limit
from foundation.kernel.errors import ApplicationError
from foundation.kernel.rate_limit import DEFAULT_MOST_KEYS, RateLimit, Taken, TokenBuckets, reckon

logger = logging.getLogger("service.rate_limits")

BATCHES: Final = 20
"""Into how many batches a full bucket is divided, where it has that many tokens."""

# Seconds: how long the storage may take, how long it is left alone once it has failed, and how often that is logged.
_PATIENCE: Final = 0.5
_PAUSE: Final = 5.0
_LOGGED_EVERY: Final = 60.0


class Granted(NamedTuple):
    """What a storage granted.

    Attributes:
        tokens: How many tokens were taken; 0 if the fewest that were asked for were not there.
        full_in: Seconds until the bucket is full, after that.
    """

    tokens: int
    full_in: float


class SharedBuckets(Protocol):
    """Token buckets that all workers see."""

    async def grant(self, key: str, limit: RateLimit, fewest: int, most: int) -> Granted:
        """Take as many tokens of the bucket of `key` as are there, in one step: `most`, or not less than `fewest`.

        Raises:
            ApplicationError: the storage cannot be asked now.
        """
        ...

    async def forget_full(self, most: int) -> int:
        """Remove at most `most` buckets that are full, which is the same as none; how many they were."""
        ...


class _Lease:
    """What one worker has and knows of one bucket. Moments are those of the clock of the worker.

    `tokens` were taken from the bucket and may be used until `ends_at`. The bucket was to be full at `full_at` when the
    storage was asked last; other workers can only have moved that on.
    """

    __slots__ = ("asking", "ends_at", "full_at", "tokens")

    def __init__(self) -> None:
        self.tokens = 0.0
        self.ends_at = -math.inf
        self.full_at = -math.inf
        self.asking = asyncio.Lock()

    def held(self, now: float) -> float:
        return self.tokens if now < self.ends_at else 0.0

    def reckon(self, limit: RateLimit, now: float, cost: float) -> Taken:
        """What becomes of a request, if no other worker takes anything."""
        return reckon(limit, self.full_at - now - self.held(now) / limit.per_second, cost)


class SharedRateLimiter:
    """Limits the requests that all workers get together. See `RateLimiter`.

    To spare the storage, a worker takes a twentieth of a full bucket at a time, at least one token, and asks again when
    these are used up. What it holds, it may use for as long as an empty bucket takes to become full; then it is lost.
    Of an empty bucket the worker knows when there will be a token, and refuses requests until then by itself. So the
    limit is not exact:

    - W workers allow a client at most W batches more than the limit in any time, those that they had taken before.
    - They may refuse a client while other workers hold up to W batches of its tokens. A client below its limit is not
      refused for good, as long as there are at most 20 workers: they cannot lose more than what comes back.

    When the storage fails, or does not answer in half a second, the worker limits by itself what it gets, as
    `WorkerRateLimiter` does, and leaves the storage alone for five seconds. A limit that is less exact for a while
    harms fewer clients than refusing all of them would, and there is a limit at any time.

    `name` tells the keys of this limiter from those of others with the same buckets.
    """

    def __init__(
        self,
        name: str,
        limit: RateLimit,
        buckets: SharedBuckets,
        *,
        most: int = DEFAULT_MOST_KEYS,
        patience: float = _PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._limit = limit
        self._batch = max(limit.requests // BATCHES, 1)
        self._buckets = buckets
        self._most = most
        self._patience = patience
        self._clock = clock
        self._leases: OrderedDict[str, _Lease] = OrderedDict()
        self._alone = TokenBuckets(limit, most)
        self._asks_again_at = self._logs_again_at = -math.inf

    @property
    def limit(self) -> RateLimit:
        """See `RateLimiter.limit`."""
        return self._limit

    async def take(self, key: str, cost: float = 1.0) -> Taken:
        """See `RateLimiter.take`."""
        price = min(cost, self._limit.requests)
        lease = self._lease(key)
        taken = self._take_held(lease, price)
        if taken is not None:
            return taken
        # One request of a client asks at a time; those that waited find what it was granted.
        async with lease.asking:
            return self._take_held(lease, price) or await self._ask(key, lease, price)

    def peek(self, key: str, cost: float = 1.0) -> Taken:
        """See `RateLimiter.peek`. Of a bucket that this worker has not asked about, it is supposed to be full."""
        now = self._clock()
        if now < self._asks_again_at:
            return self._alone.peek(key, now, cost)
        lease = self._leases.get(key)
        return reckon(self._limit, 0.0, cost) if lease is None else lease.reckon(self._limit, now, cost)

    def _lease(self, key: str) -> _Lease:
        lease = self._leases.get(key)
        if lease is None:
            if len(self._leases) >= self._most:
                self._leases.popitem(last=False)  # used least recently; its bucket is in the storage
            lease = self._leases[key] = _Lease()
        else:
            self._leases.move_to_end(key)
        return lease

    def _take_held(self, lease: _Lease, price: float) -> Taken | None:
        """What can be said without asking: there are tokens here, or there cannot be enough in the bucket."""
        now = self._clock()
        held = lease.held(now)
        taken = lease.reckon(self._limit, now, price)
        if held >= price:
            lease.tokens = held - price
            return taken
        return None if taken.allowed else taken

    async def _ask(self, key: str, lease: _Lease, price: float) -> Taken:
        now = self._clock()
        if now < self._asks_again_at:
            return self._alone.take(key, now, price)
        held = lease.held(now)
        fewest = math.ceil(price - held)
        try:
            with time_limit(self._patience):
                granted = await self._buckets.grant(
                    f"{self._name}:{key}", self._limit, fewest, max(fewest, self._batch)
                )
        except ApplicationError as error:
            return self._take_alone(key, price, error)
        now = self._clock()
        lease.tokens = held + granted.tokens
        lease.ends_at = now + self._limit.seconds
        lease.full_at = now + granted.full_in
        taken = lease.reckon(self._limit, now, price)
        if not granted.tokens:
            return taken._replace(allowed=False)
        lease.tokens -= price
        return taken

    def _take_alone(self, key: str, price: float, error: ApplicationError) -> Taken:
        now = self._clock()
        self._asks_again_at = now + _PAUSE
        if now >= self._logs_again_at:
            self._logs_again_at = now + _LOGGED_EVERY
            logger.warning("each worker limits requests by itself, since the storage failed: %s", error.code)
        return self._alone.take(key, now, price)
