"""Remembering what was done, so that a caller who did not hear the answer may ask again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """Names one wish of one caller: `value` is the caller's own, unique for this `principal` and this `operation`."""

    principal: str
    operation: str
    value: str


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """What was answered: `fingerprint` tells the wish from another one, `content` is the answer as a use case wrote it.

    From `expires_at` on the answer is as good as forgotten. Both times are aware, in UTC, in microseconds.
    """

    fingerprint: str
    content: str
    created_at: datetime
    expires_at: datetime


class IdempotencyKeys(Protocol):
    """The answers by their keys, within one unit of work: an answer is kept if, and only if, what it reports is."""

    async def claim(self, key: IdempotencyKey, at: datetime) -> RecordedAnswer | None:
        """The answer recorded under `key`, unless it has expired `at` that time; else None, and the key is claimed.

        A claim lasts as long as the unit of work. It must be the unit of work's first step, so that whoever did the
        same before is found by its answer and not by what it changed.

        Raises:
            IdempotencyKeyInUse: another unit of work has claimed the key. The storage may wait for it instead.
        """
        ...

    async def record(self, key: IdempotencyKey, answer: RecordedAnswer) -> None:
        """Keep `answer` under the claimed `key`, in place of one that has expired."""
        ...

    async def forget_expired(self, at: datetime, most: int) -> int:
        """Remove at most `most` answers that have expired `at` that time; how many they were."""
        ...
