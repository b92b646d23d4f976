"""Trying again after a conflict."""

import time
from collections.abc import Awaitable, Callable

import pytest

from foundation.kernel import retry
from foundation.kernel.deadline import time_limit
from foundation.kernel.errors import DeadlineExceeded, WriteConflict
from foundation.kernel.retry import ATTEMPTS, retry_on_conflict

pytestmark = pytest.mark.anyio


def attempts(*outcomes: Exception | str) -> tuple[Callable[[], Awaitable[str]], list[Exception | str]]:
    """A function that has one outcome after the other, and the outcomes that are left."""
    left = list(outcomes)

    async def attempt() -> str:
        outcome = left.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return attempt, left


async def test_what_succeeds_at_once_is_tried_once() -> None:
    attempt, left = attempts("first", "second")
    assert await retry_on_conflict(attempt) == "first"
    assert left == ["second"]


async def test_a_conflict_is_tried_again_and_again() -> None:
    attempt, left = attempts(*[WriteConflict()] * 4, "fifth")
    assert await retry_on_conflict(attempt) == "fifth"
    assert left == []


async def test_the_last_conflict_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "_LONGEST_PAUSE", 0.001)
    attempt, left = attempts(*[WriteConflict()] * (ATTEMPTS - 1), WriteConflict("the last"), "too late")
    with pytest.raises(WriteConflict, match="the last"):
        await retry_on_conflict(attempt)
    assert left == ["too late"]


async def test_there_is_no_try_beyond_the_deadline() -> None:
    attempt, left = attempts(*[WriteConflict()] * ATTEMPTS, "too late")
    began = time.monotonic()
    with time_limit(0.05), pytest.raises(WriteConflict):
        await retry_on_conflict(attempt)
    assert time.monotonic() - began < 0.5
    assert len(left) > 1


async def test_any_other_error_is_raised_at_once() -> None:
    attempt, left = attempts(WriteConflict(), DeadlineExceeded(), "third")
    with pytest.raises(DeadlineExceeded):
        await retry_on_conflict(attempt)
    assert left == ["third"]
