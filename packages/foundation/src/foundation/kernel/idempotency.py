"""How a use case does its work once per idempotency key."""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from foundation.kernel.errors import IdempotencyKeyReused
from foundation.kernel.idempotency_keys import IdempotencyKey, RecordedAnswer
from foundation.kernel.unit_of_work import UnitOfWork

KEPT_FOR: Final = timedelta(hours=24)

Value = TypeVar("Value", covariant=True)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Value]):
    """The result of a use case; `replayed` when it is that of an earlier call with the same idempotency key."""

    value: Value
    replayed: bool = False


class Wish:
    """What a caller wants, under the key it gave, if it gave one; `parts` are all that tells it from another wish."""

    def __init__(self, key: IdempotencyKey | None, parts: Iterable[str]) -> None:
        self._key = key
        self._parts = tuple(parts)

    async def answer(self, uow: UnitOfWork, at: datetime) -> str | None:
        """What was answered to this wish before; None when the work is still to be done.

        Raises:
            IdempotencyKeyInUse: it is being done.
            IdempotencyKeyReused: the key was given for another wish.
        """
        if self._key is None:
            return None
        recorded = await uow.idempotency_keys.claim(self._key, at)
        if recorded is None:
            return None
        if recorded.fingerprint != self._fingerprint():
            raise IdempotencyKeyReused
        return recorded.content

    async def record(self, uow: UnitOfWork, content: Callable[[], str], at: datetime) -> None:
        """Keep the answer for as long as the caller may ask again. It is committed together with the work."""
        if self._key is not None:
            answer = RecordedAnswer(self._fingerprint(), content(), created_at=at, expires_at=at + KEPT_FOR)
            await uow.idempotency_keys.record(self._key, answer)

    def _fingerprint(self) -> str:
        return hashlib.sha256(json.dumps(list(self._parts)).encode()).hexdigest()
