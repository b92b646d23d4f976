"""What the server does beside its requests."""

import asyncio
import logging
from datetime import timedelta

import pytest

from foundation.http.background_tasks import run_periodically
from foundation.kernel.errors import StorageUnavailable
from foundation.kernel.forget_expired_keys import ForgetExpiredKeysHandler
from foundation.kernel.idempotency_keys import IdempotencyKey, RecordedAnswer
from foundation.memory.storage import InMemoryUnitOfWork
from foundation.memory.store import InMemoryStore
from foundation.testing.clocks import NOON, FixedClock

pytestmark = pytest.mark.anyio

KEY = IdempotencyKey("somebody", "POST /", "key")


class FailingStorage:
    """Units of work of which the first ones cannot be opened."""

    def __init__(self, *failures: Exception) -> None:
        self.store = InMemoryStore({})
        self.store.answers[KEY] = RecordedAnswer("", "", created_at=NOON, expires_at=NOON + timedelta(hours=24))
        self._failures = list(failures)

    def unit_of_work(self) -> InMemoryUnitOfWork:
        if self._failures:
            raise self._failures.pop(0)
        return InMemoryUnitOfWork(self.store)


async def until_it_is_forgotten(storage: FailingStorage, clock: FixedClock) -> None:
    forget = ForgetExpiredKeysHandler(storage.unit_of_work, clock)
    async with run_periodically(forget, "forgetting expired keys", interval=0.001):
        while storage.store.answers:  # noqa: ASYNC110 -- nobody tells when it is forgotten
            await asyncio.sleep(0.001)


async def test_expired_keys_are_forgotten_and_no_others() -> None:
    storage, clock = FailingStorage(), FixedClock()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(until_it_is_forgotten(storage, clock), 0.05)
    assert storage.store.answers.keys() == {KEY}
    clock.moment = NOON + timedelta(hours=24)
    await asyncio.wait_for(until_it_is_forgotten(storage, clock), 10)


async def test_a_failure_is_logged_in_one_line_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    storage = FailingStorage(StorageUnavailable(), ZeroDivisionError("the secret of somebody"))
    with caplog.at_level(logging.WARNING, "service.background"):
        await asyncio.wait_for(until_it_is_forgotten(storage, FixedClock(NOON + timedelta(days=2))), 10)
    assert [(record.levelname, record.getMessage(), record.exc_info) for record in caplog.records] == [
        ("WARNING", "forgetting expired keys failed: storage-unavailable", None),
        ("ERROR", "forgetting expired keys failed: ZeroDivisionError", None),
    ]


async def test_it_ends_with_the_server() -> None:
    before = asyncio.all_tasks()
    async with run_periodically(ForgetExpiredKeysHandler(FailingStorage().unit_of_work, FixedClock()), "forgetting"):
        assert len(asyncio.all_tasks()) == len(before) + 1
    assert asyncio.all_tasks() == before
