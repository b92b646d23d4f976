"""Exporting all entities in batches."""

from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

ViewT = TypeVar("ViewT")


async def read_ahead(batches: AsyncIterator[Sequence[ViewT]]) -> AsyncIterator[Sequence[ViewT]]:
    """The same batches. The first has been read when this returns, so an unreachable storage is known before an answer.

    Raises:
        StorageUnavailable, StorageOverloaded, DeadlineExceeded: the first batch cannot be read.
    """
    first = await anext(batches, None)
    return _chained(first or (), batches)


async def _chained(first: Sequence[ViewT], rest: AsyncIterator[Sequence[ViewT]]) -> AsyncIterator[Sequence[ViewT]]:
    if first:
        yield first
    async for batch in rest:
        yield batch
