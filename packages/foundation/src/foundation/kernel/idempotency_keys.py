"""Remembering results, so that a client that did not receive one may send its request again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """Identifies a request: `value` is the client's own, unique for this `principal` and this `operation`."""

    principal: str
    operation: str
    value: str


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """A result: `fingerprint` tells the request from another one, `content` is the result as `Idempotent` wrote it.

    From `expires_at` on it counts as absent. Both times are aware, in UTC, in microseconds.
    """

    fingerprint: str
    content: str
    created_at: datetime
    expires_at: datetime


class IdempotencyKeys(Protocol):
    """The answers by their keys, within one unit of work: an answer is kept if, and only if, what it reports is."""

    async def claim(self, key: IdempotencyKey, at: datetime) -> RecordedAnswer | None:
        """The answer recorded under `key`, unless it has expired `at` that time; else None, and the key is claimed.

        A claim lasts as long as the unit of work. It must be the unit of work's first step, so that an
        earlier call is found by its recorded answer and not by what it changed.

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
