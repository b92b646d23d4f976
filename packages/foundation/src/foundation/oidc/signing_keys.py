"""The provider's keys as they are known here: fetched when they are needed, and kept while it is down."""

import asyncio
import contextvars
import logging
import math
import time
from collections.abc import Callable
from typing import Final

import httpx2

from foundation.kernel.access.credentials import CredentialRejected, CredentialUnverifiable
from foundation.kernel.deadline import seconds_left
from foundation.oidc.algorithms import Algorithm
from foundation.oidc.key_set import KeySet, SigningKey
from foundation.oidc.provider import Provider, ProviderUnusable, PublishedKeys
from foundation.oidc.settings import OidcSettings

logger = logging.getLogger("service.oidc")

TTL: Final = 600.0
"""Seconds after which keys are fetched anew, unless the provider names fewer."""
SHORTEST_TTL: Final = 60.0
"""Seconds for which keys are kept, however few the provider names."""
COOLDOWN: Final = 30.0
"""Seconds between two fetches, however many tokens name keys that are not known."""
RETRY: Final = 3.0
"""Seconds after a failed fetch until the next one, while no key is known at all."""

# Seconds between two lines about a provider that stays unusable.
_SILENCE: Final = 60.0


class SigningKeys:
    """The keys of one provider, for all requests of this process.

    One fetch at a time serves all that wait for it. Keys that are known are used while newer ones are fetched, and
    for as long as none can be fetched: a provider that is down invalidates no token. A key that is not known is looked
    for at most once per `COOLDOWN`, which is also how long a key may go unnoticed that the provider uses at once.

    Args:
        settings: Which provider.
        client: What to fetch with, such as one that goes through a proxy. It is the caller's to close.
        monotonic: The clock that ages are measured by, in seconds.
    """

    def __init__(
        self,
        settings: OidcSettings,
        *,
        client: httpx2.AsyncClient | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._provider = Provider(settings, client)
        self._now = monotonic
        self._keys = KeySet(())
        self._fetched_at = -math.inf
        self._stale_at = -math.inf
        self._next_fetch_at = -math.inf
        self._fetch: asyncio.Task[None] | None = None
        self._failing = False
        self._next_line_at = -math.inf

    async def find(self, key_id: str | None, algorithm: Algorithm) -> SigningKey:
        """The key that a token names, or the only one that fits the algorithm where it names none.

        Raises:
            CredentialRejected: the provider has no such key, or it is not for this algorithm.
            CredentialUnverifiable: the provider cannot be asked, or not within the deadline of the request.
        """
        if not self._keys:
            await self._fetch_anew()
        elif self._now() >= self._stale_at:
            self._start()
        # What was fetched a moment ago is as good as new.
        if not self._keys.knows(key_id) and self._now() >= self._fetched_at + COOLDOWN:
            await self._fetch_anew()
        key = self._keys.find(key_id, algorithm)
        if key is None:
            raise CredentialRejected("No key of the provider fits the token.")
        return key

    def prefetch(self) -> None:
        """Begin to fetch the keys, without waiting: the first token finds them, and a wrong setting is logged."""
        self._start()

    async def aclose(self) -> None:
        """End the fetch that is under way, and close the connections. Nothing is fetched any more."""
        self._next_fetch_at = math.inf
        if self._fetch is not None:
            self._fetch.cancel()
            await asyncio.wait({self._fetch})
        await self._provider.aclose()

    async def _fetch_anew(self) -> None:
        """Wait for a fetch that ends from now on. Raises `CredentialUnverifiable` if it brings no keys."""
        before = self._fetched_at
        fetch = self._start()
        if fetch is not None:
            # Not cancelled with the one that waits: the others wait for the same.
            left = seconds_left()
            await asyncio.wait({fetch}, timeout=None if left == math.inf else left)
        if self._fetched_at == before:
            raise CredentialUnverifiable

    def _start(self) -> asyncio.Task[None] | None:
        """The fetch that is under way, or a new one; None where it is too early for one."""
        if self._fetch is None and self._now() >= self._next_fetch_at:
            # In a context of its own: it works for no single request, and has no request's deadline.
            self._fetch = asyncio.create_task(self._refresh(), context=contextvars.Context())
        return self._fetch

    async def _refresh(self) -> None:
        try:
            published = await self._provider.published_keys()
        except ProviderUnusable as error:
            self._note_failure(str(error))
        else:
            self._keep(published)
        finally:
            pause = COOLDOWN if self._keys else RETRY
            self._next_fetch_at = max(self._next_fetch_at, self._now() + pause)
            self._fetch = None

    def _keep(self, published: PublishedKeys) -> None:
        self._keys = published.keys
        self._fetched_at = self._now()
        ttl = TTL if published.max_age is None else min(TTL, max(SHORTEST_TTL, published.max_age))
        self._stale_at = self._fetched_at + ttl
        if self._failing:
            self._failing = False
            self._next_line_at = -math.inf
            logger.warning("the keys of the identity provider were fetched again")

    def _note_failure(self, reason: str) -> None:
        self._failing = True
        if self._now() >= self._next_line_at:
            self._next_line_at = self._now() + _SILENCE
            known = "those known stay in use" if self._keys else "no token can be verified"
            logger.warning("the keys of the identity provider cannot be fetched: %s; %s", reason, known)
