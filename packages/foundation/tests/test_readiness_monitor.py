"""Asking a storage for its readiness, however often health checks come."""

import asyncio

import pytest

from foundation.http.health import ReadinessMonitor
from foundation.kernel.errors import ApplicationError, MigrationsPending, StorageUnavailable
from foundation.kernel.storage import StorageReadiness

pytestmark = pytest.mark.anyio


class SlowStorage(StorageReadiness):
    """A storage that takes its time to answer, and counts how often it is asked."""

    def __init__(self, failure: ApplicationError | None = None, seconds: float = 0.01) -> None:
        self.failure = failure
        self.asked = 0
        self._seconds = seconds

    async def check(self) -> None:
        """See `StorageReadiness.check`."""
        self.asked += 1
        await asyncio.sleep(self._seconds)
        if self.failure is not None:
            raise self.failure


async def test_a_crowd_of_health_checks_asks_once() -> None:
    storage = SlowStorage()
    monitor = ReadinessMonitor(storage)
    assert await asyncio.gather(*(monitor.failure() for _ in range(20))) == [None] * 20
    assert storage.asked == 1


async def test_what_the_storage_said_holds_for_a_second() -> None:
    pending = MigrationsPending()
    storage = SlowStorage(pending)
    monitor = ReadinessMonitor(storage)
    assert await monitor.failure() is pending
    storage.failure = None
    assert await monitor.failure() is pending
    assert storage.asked == 1


async def test_after_a_second_it_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foundation.http.health._FRESH", 0.0)
    storage = SlowStorage(MigrationsPending())
    monitor = ReadinessMonitor(storage)
    await monitor.failure()
    storage.failure = None
    assert await monitor.failure() is None


async def test_a_storage_that_does_not_answer_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foundation.http.health._PATIENCE", 0.01)
    assert isinstance(await ReadinessMonitor(SlowStorage(seconds=60)).failure(), StorageUnavailable)


async def test_a_health_check_that_is_cancelled_leaves_the_next_one_to_ask() -> None:
    storage = SlowStorage()
    monitor = ReadinessMonitor(storage)
    check = asyncio.create_task(monitor.failure())
    await asyncio.sleep(0)
    check.cancel()
    await asyncio.wait([check])
    assert await monitor.failure() is None
    assert storage.asked == 2


async def test_a_defect_is_no_answer() -> None:
    class Broken(StorageReadiness):
        async def check(self) -> None:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await ReadinessMonitor(Broken()).failure()
