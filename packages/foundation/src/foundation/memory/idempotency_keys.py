"""Idempotency keys in memory."""

import asyncio
from datetime import datetime

from foundation.kernel.errors import IdempotencyKeyInUse, WriteConflict
from foundation.kernel.idempotency_keys import IdempotencyKey, RecordedAnswer
from foundation.memory.store import InMemoryStore


class InMemoryIdempotencyKeys:
    """The keys that one unit of work has claimed, the answers it records, and those it forgets."""

    def __init__(self, store: InMemoryStore) -> None:
        self._store = store
        self._claimed: set[IdempotencyKey] = set()
        self._recorded: dict[IdempotencyKey, RecordedAnswer] = {}
        self._forgotten: dict[IdempotencyKey, RecordedAnswer] = {}

    async def claim(self, key: IdempotencyKey, at: datetime) -> RecordedAnswer | None:
        """See `IdempotencyKeys.claim`."""
        await asyncio.sleep(0)
        if key in self._store.claimed and key not in self._claimed:
            raise IdempotencyKeyInUse
        self._claimed.add(key)
        self._store.claimed.add(key)
        answer = self._current(key)
        return answer if answer is not None and answer.expires_at > at else None

    async def record(self, key: IdempotencyKey, answer: RecordedAnswer) -> None:
        """See `IdempotencyKeys.record`.

        Raises:
            WriteConflict: there is an answer that has not expired; it was recorded without a claim.
        """
        before = self._current(key)
        if before is not None and before.expires_at > answer.created_at:
            raise WriteConflict
        self._recorded[key] = answer

    async def forget_expired(self, at: datetime, most: int) -> int:
        """See `IdempotencyKeys.forget_expired`."""
        expired = [(key, answer) for key, answer in self._store.answers.items() if answer.expires_at <= at]
        self._forgotten.update(sorted(expired, key=lambda one: one[1].expires_at)[:most])
        return min(len(expired), most)

    def put_into_store(self) -> None:
        """Commit. An answer that was to be forgotten, and has been replaced by a new one meanwhile, stays."""
        for key, answer in self._forgotten.items():
            if self._store.answers.get(key) is answer:
                del self._store.answers[key]
        self._store.answers.update(self._recorded)

    def release(self) -> None:
        """Give the claims up."""
        self._store.claimed -= self._claimed

    def _current(self, key: IdempotencyKey) -> RecordedAnswer | None:
        return self._recorded.get(key) or self._store.answers.get(key)
