"""A bound on how much is done at the same time."""

from collections.abc import AsyncIterator

import pytest

from foundation.http.edge.concurrency_limit import ConcurrencyLimit
from foundation.kernel.errors import StorageOverloaded

pytestmark = pytest.mark.anyio


async def numbers(*found: int) -> AsyncIterator[int]:
    for number in found:
        yield number


async def test_there_are_as_many_slots_as_were_asked_for_and_no_more() -> None:
    limit = ConcurrencyLimit(2)
    with limit.slot() as first, limit.slot() as second, limit.slot() as third:
        assert [number async for number in first(numbers(1, 2))] == [1, 2]
        assert [number async for number in second(numbers(1))] == [1]
        with pytest.raises(StorageOverloaded):
            await anext(third(numbers(1)))


async def fail(limit: ConcurrencyLimit) -> None:
    with limit.slot() as when_needed:
        await anext(when_needed(numbers(1)))
        raise ZeroDivisionError


async def test_a_slot_is_free_again_however_it_was_left() -> None:
    limit = ConcurrencyLimit(1)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            await fail(limit)
    with limit.slot() as when_needed:
        await anext(when_needed(numbers(1)))


async def test_who_has_nothing_to_do_takes_no_slot() -> None:
    limit = ConcurrencyLimit(1)
    with limit.slot() as idle:
        assert [number async for number in idle(numbers())] == []
        with limit.slot() as busy:
            assert [number async for number in busy(numbers(1, 2))] == [1, 2]
