"""The revocations that a worker knows."""

import asyncio
import math
import time
from collections.abc import Callable
from typing import Final

from foundation.kernel.access.revocations.ports import RevocationQueries
from foundation.kernel.access.revocations.revocation import RevokedBy
from foundation.kernel.errors import ApplicationError
from foundation.kernel.single_flight import SingleFlight

TRUSTED_FOR: Final = 1.0
"""Seconds for which a worker trusts what it has read of them."""

_KEPT_FOR: Final = 60.0
"""Seconds for which it does so while the storage cannot be read."""


class KnownRevocations:
    """Whether tokens are revoked, by what was read at most a second ago. See `Revocations`.

    While the storage cannot be read, what was known is good for a minute; then no token can be accepted.
    """

    def __init__(self, queries: RevocationQueries, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._queries = queries
        self._monotonic = monotonic
        self._since: dict[tuple[str, str], float] = {}
        self._good_until = -math.inf
        self._kept_until = -math.inf
        self._readings = SingleFlight[None, None](TRUSTED_FOR, monotonic)

    async def refresh(self) -> None:
        """Read them anew, if that is due. Requests that come together read once.

        Raises:
            StorageUnavailable, StorageOverloaded, DeadlineExceeded: as their names say, for a minute.
        """
        if self._monotonic() < self._good_until:
            return
        await self._readings.run(None, self._read)

    async def aclose(self) -> None:
        """Wait for what is under way, before the storage is closed; its own limits bound that."""
        if under_way := self._readings.tasks():
            await asyncio.wait(under_way)

    def known_until(self) -> float:
        """See `Revocations.known_until`."""
        return self._good_until

    def is_revoked(self, *, subject: str, issued_at: float | None, key_id: str | None, token_id: str | None) -> bool:
        """See `Revocations.is_revoked`. A token that does not say when it was issued may be as old as can be."""
        if not self._since:
            return False
        at = self._since.get((RevokedBy.SUBJECT, subject))
        if at is not None and (issued_at is None or issued_at <= at):
            return True
        return (RevokedBy.KEY_ID, key_id) in self._since or (RevokedBy.TOKEN_ID, token_id) in self._since

    async def _read(self, asked_at: float) -> None:
        try:
            since = {
                (one.revoked_by, one.revoked): one.created_at.timestamp()
                async for batch in self._queries.iterate_all()
                for one in batch
            }
        except ApplicationError:
            if self._monotonic() >= self._kept_until:
                raise
        else:
            self._since = since
            self._good_until = asked_at + TRUSTED_FOR
            self._kept_until = asked_at + _KEPT_FOR
