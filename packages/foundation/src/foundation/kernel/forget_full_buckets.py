"""Deletes the rate limits of clients that have all of their requests again."""

from typing import Final

from foundation.kernel.shared_rate_limit import SharedBuckets

# So few that no transaction is long, however many have gathered.
_AT_A_TIME: Final = 500


class ForgetFullBucketsHandler:
    """Forgets token buckets that are full, which is the same as none."""

    def __init__(self, buckets: SharedBuckets) -> None:
        self._buckets = buckets

    async def __call__(self) -> int:
        """Forget all of them, some in each transaction; how many they were."""
        forgotten = 0
        while some := await self._buckets.forget_full(_AT_A_TIME):
            forgotten += some
            if some < _AT_A_TIME:
                break
        return forgotten
