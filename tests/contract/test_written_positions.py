"""How far the primary has written its log: asked once for all callers that wait, and never before they ask."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import make_url

from foundation.kernel.deadline import time_limit
from foundation.sqlalchemy.limits import Limits
from foundation.sqlalchemy.postgresql.opening import open_pool
from foundation.sqlalchemy.postgresql.wal import Replayed, Written, WrittenPositions, found
from plain_sql import connected

pytestmark = pytest.mark.anyio


def limits(seconds: float = 30) -> Limits:
    return Limits(2, 40, *(timedelta(seconds=seconds),) * 6)


@pytest.fixture
async def positions(server_url: str) -> AsyncIterator[WrittenPositions]:
    opened = WrittenPositions(open_pool(make_url(server_url), limits()), 30)
    try:
        yield opened
    finally:
        await opened.close()


async def position(positions: WrittenPositions) -> Written:
    written = await found(positions.ask())
    assert written is not None
    return written


async def test_callers_that_ask_before_it_is_sent_share_one_question(positions: WrittenPositions) -> None:
    first = {positions.ask() for _ in range(100)}
    assert len(first) == 1
    await position(positions)
    assert positions.ask() not in first


async def test_a_later_question_is_not_answered_by_an_earlier_one(positions: WrittenPositions, server_url: str) -> None:
    before = await position(positions)
    under_way = positions.ask()
    with connected(server_url) as connection:
        connection.exec_driver_sql("INSERT INTO users (email, name) VALUES ('a@example.com', 'A')")
    after = await position(positions)
    assert (after.position > before.position, after.xmax > before.xmax) == (True, True)
    await under_way


async def test_a_server_that_is_not_there_has_no_position(unreachable_url: str) -> None:
    positions = WrittenPositions(open_pool(make_url(unreachable_url), limits()), 30)
    assert await found(positions.ask()) is None
    await positions.close()


async def test_no_caller_waits_beyond_its_deadline(positions: WrittenPositions) -> None:
    with time_limit(0):
        assert await found(positions.ask()) is None


@pytest.mark.parametrize(
    ("replayed", "has", "is_ahead"),
    [
        (Replayed(100, 100, 10), True, False),
        (Replayed(101, 101, 10), True, True),
        (Replayed(99, 99, 10), False, False),
        (Replayed(99, 100, 9), False, False),
        (Replayed(99, 100, 10), True, False),
        (Replayed(99, None, 10), False, False),
        (Replayed(None, None, 10), False, False),
    ],
)
async def test_a_standby_has_what_it_replayed_and_what_ended_on_both(
    replayed: Replayed,
    has: bool,  # noqa: FBT001 -- of a table
    is_ahead: bool,  # noqa: FBT001
) -> None:
    written = Written(100, 10)
    assert (replayed.has(written), replayed.is_ahead_of(written)) == (has, is_ahead)
