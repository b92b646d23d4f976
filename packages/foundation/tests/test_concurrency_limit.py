"""A bound on how much is done at the same time."""

import asyncio
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
    async with limit.slot() as first, limit.slot() as second, limit.slot() as third:
        assert [number async for number in first(numbers(1, 2))] == [1, 2]
        assert [number async for number in second(numbers(1))] == [1]
        with pytest.raises(StorageOverloaded):
            await anext(third(numbers(1)))


async def fail(limit: ConcurrencyLimit) -> None:
    async with limit.slot() as when_needed:
        await anext(when_needed(numbers(1)))
        raise ZeroDivisionError


async def test_a_slot_is_free_again_however_it_was_left() -> None:
    limit = ConcurrencyLimit(1)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            await fail(limit)
    async with limit.slot() as when_needed:
        await anext(when_needed(numbers(1)))


async def test_who_has_nothing_to_do_takes_no_slot() -> None:
    limit = ConcurrencyLimit(1)
    async with limit.slot() as idle:
        assert [number async for number in idle(numbers())] == []
        async with limit.slot() as busy:
            assert [number async for number in busy(numbers(1, 2))] == [1, 2]


async def slowly(*pauses: float) -> AsyncIterator[float]:
    for pause in pauses:
        await asyncio.sleep(pause)
        yield pause


@pytest.mark.parametrize("pauses", [(0, 60), (0, 0.4, 0.4, 60), (0, *[0.1] * 600)], ids=["ends", "pauses", "trickles"])
async def test_who_is_waited_for_loses_the_slot_to_who_has_something_to_do(pauses: tuple[float, ...]) -> None:
    limit = ConcurrencyLimit(1)
    lost = asyncio.Event()

    async def one_who_waits() -> None:
        try:
            async with limit.slot() as when_needed:
                assert [pause async for pause in when_needed(slowly(*pauses))] == []
        except StorageOverloaded:
            lost.set()

    waiting = asyncio.create_task(one_who_waits())
    await asyncio.sleep(0.3)
    async with limit.slot() as when_needed:
        with pytest.raises(StorageOverloaded):  # it has not waited for long
            await anext(when_needed(numbers(1)))
    await asyncio.sleep(1.2)
    async with limit.slot() as when_needed:
        assert [number async for number in when_needed(numbers(1, 2))] == [1, 2]
        await asyncio.wait_for(lost.wait(), 1)
    await waiting


async def test_who_is_at_work_keeps_the_slot() -> None:
    limit = ConcurrencyLimit(1)
    async with limit.slot() as when_needed:
        items = when_needed(numbers(1, 2))
        await anext(items)
        await asyncio.sleep(1.2)
        async with limit.slot() as other:
            with pytest.raises(StorageOverloaded):
                await anext(other(numbers(1)))
        assert [number async for number in items] == [2]


async def test_a_time_limit_of_the_block_is_its_own() -> None:
    limit = ConcurrencyLimit(1)
    with pytest.raises(TimeoutError):
        async with limit.slot():
            raise TimeoutError
