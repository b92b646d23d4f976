"""Tells whose an API key is."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from foundation.kernel.access.api_keys.ports import ApiKeyFilter, ApiKeyQueries, ApiKeyView
from foundation.kernel.access.api_keys.secret import PREFIX, hash_of, is_well_formed
from foundation.kernel.access.api_keys.values import ApiKeyId
from foundation.kernel.access.credentials import CredentialRejected
from foundation.kernel.access.principal import Principal, PrincipalKind
from foundation.kernel.clock import Clock
from foundation.kernel.errors import ApplicationError, DomainError
from foundation.kernel.single_flight import SingleFlight

logger = logging.getLogger("service.access")

TRUSTED_FOR: Final = 1.0
"""Seconds for which a worker trusts what it has read of a key."""

_USE_RECORDED_EVERY: Final = timedelta(minutes=1)
_MOST_KNOWN: Final = 10_000
"""Keys that a worker remembers; the one that was read first is forgotten first."""


@dataclass(frozen=True, slots=True)
class _Known:
    principal: Principal
    until: float
    """When it is read anew, by the monotonic clock."""


class ApiKeyAuthenticator:
    """Authenticates API keys. See `Authenticator`.

    What was read of a key is trusted for a second from the moment that the storage was asked, so a busy key costs one
    query a second in each worker, and a revocation that waits for a second is complete (see `RevokeApiKeyHandler`).
    """

    def __init__(
        self,
        queries: ApiKeyQueries,
        record_use: Callable[[ApiKeyId], Awaitable[None]],
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._queries = queries
        self._record_use = record_use
        self._clock = clock
        self._monotonic = monotonic
        self._known: dict[str, _Known] = {}
        self._readings = SingleFlight[str, Principal](TRUSTED_FOR, monotonic)
        self._recording: dict[int, asyncio.Task[None]] = {}

    @staticmethod
    def takes(credential: str) -> bool:
        """Whether the credential is an API key, right or wrong."""
        return credential.startswith(PREFIX)

    def knows(self, credential: str) -> bool:
        """Whether the credential was good when it was last looked at."""
        return hash_of(credential) in self._known

    def good_until(self, credential: str) -> float:
        """When the key is read anew, by the monotonic clock."""
        known = self._known.get(hash_of(credential))
        return 0.0 if known is None else known.until

    async def authenticate(self, credential: str) -> Principal:
        """See `Authenticator.authenticate`. A broken key is refused without a look at the storage.

        Raises:
            CredentialRejected: there is no such key, or it was revoked or has expired.
            StorageUnavailable, StorageOverloaded, DeadlineExceeded: as their names say.
        """
        secret_hash = hash_of(credential)
        known = self._known.get(secret_hash)
        if known is not None and self._monotonic() < known.until:
            return known.principal
        if not is_well_formed(credential):
            raise CredentialRejected("The API key is not complete. Copy it again.")
        return await self._readings.run(secret_hash, lambda asked_at: self._read(secret_hash, asked_at))

    async def aclose(self) -> None:
        """Wait for what is under way, before the storage is closed; its own limits bound that."""
        if under_way := [*self._readings.tasks(), *self._recording.values()]:
            await asyncio.wait(under_way)
        # A reading that ended may have begun to record a use.
        if self._recording:
            await asyncio.wait(self._recording.values())

    async def _read(self, secret_hash: str, asked_at: float) -> Principal:
        key = await self._queries.find(ApiKeyFilter(secret=secret_hash))
        # Afterwards, since the key may have ended while the storage was asked.
        now = self._clock.now()
        ends_at = _end_of(key, secret_hash, now)
        if key is None or ends_at <= now:
            self._known.pop(secret_hash, None)
            raise CredentialRejected("The API key is not valid.")
        until = min(asked_at + TRUSTED_FOR, self._monotonic() + (ends_at - now).total_seconds())
        principal = Principal(PrincipalKind.API_KEY, str(key.id), frozenset(key.scopes.split()), key.tenant, key.owner)
        self._known.pop(secret_hash, None)
        self._known[secret_hash] = _Known(principal, until)
        if len(self._known) > _MOST_KNOWN:
            del self._known[next(iter(self._known))]
        self._note_use(key, now)
        return principal

    def _note_use(self, key: ApiKeyView, now: datetime) -> None:
        if key.last_used_at is not None and now - key.last_used_at < _USE_RECORDED_EVERY:
            return
        if key.id not in self._recording:
            self._recording[key.id] = asyncio.create_task(self._record(key.id))

    async def _record(self, key_id: int) -> None:
        try:
            await self._record_use(ApiKeyId(key_id))
        except (ApplicationError, DomainError) as error:
            # It is tried again with the next look at the key.
            logger.debug("the use of an API key is not recorded: %s", error.code)
        finally:
            del self._recording[key_id]


_NEVER: Final = datetime.max.replace(tzinfo=UTC)


def _end_of(key: ApiKeyView | None, secret_hash: str, now: datetime) -> datetime:
    """When the secret ends, as far as is known `now`, which is also the answer for one that has ended."""
    if key is None or key.revoked_at is not None:
        return now
    of_secret = key.previous_expires_at if secret_hash == key.previous_secret_hash else None
    return min(key.expires_at or _NEVER, of_secret or _NEVER)
