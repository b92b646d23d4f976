"""Trying again after a conflict."""

from collections.abc import Awaitable, Callable

import pytest

from foundation.kernel.errors import DeadlineExceeded, WriteConflict
from foundation.kernel.retry import retry_on_conflict

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


async def test_a_conflict_is_tried_again_up_to_three_times() -> None:
    attempt, left = attempts(WriteConflict(), WriteConflict(), "third")
    assert await retry_on_conflict(attempt) == "third"
    assert left == []


async def test_the_third_conflict_is_raised() -> None:
    attempt, left = attempts(WriteConflict(), WriteConflict(), WriteConflict("the third"), "fourth")
    with pytest.raises(WriteConflict, match="the third"):
        await retry_on_conflict(attempt)
    assert left == ["fourth"]


async def test_any_other_error_is_raised_at_once() -> None:
    attempt, left = attempts(WriteConflict(), DeadlineExceeded(), "third")
    with pytest.raises(DeadlineExceeded):
        await retry_on_conflict(attempt)
    assert left == ["third"]
