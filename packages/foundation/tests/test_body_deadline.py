"""How long a body is waited for."""

import asyncio
from collections.abc import Sequence

import pytest
from starlette.types import Message, Receive

from foundation.http.edge.body_deadline import SLOWEST, BodyDeadline
from foundation.http.problems import kinds
from foundation.http.problems.problem import Problem

pytestmark = pytest.mark.anyio


def arriving(pieces: Sequence[tuple[float, int]]) -> Receive:
    """A body whose pieces arrive after so many seconds and have so many bytes each."""
    left = list(pieces)

    async def receive() -> Message:
        seconds, size = left.pop(0)
        await asyncio.sleep(seconds)
        return {"type": "http.request", "body": b"a" * size, "more_body": bool(left)}

    return receive


async def read(deadline: BodyDeadline) -> int:
    size = 0
    while True:
        message = await deadline.receive()
        size += len(message["body"])
        if not message["more_body"]:
            return size


async def test_a_body_that_comes_in_time_is_read() -> None:
    deadline = BodyDeadline(arriving([(0.01, 5), (0.01, 5)]), 1.0, awaits_continue=False)
    assert await read(deadline) == 10


async def test_a_body_that_does_not_come_is_a_timeout_that_ends_the_connection() -> None:
    with pytest.raises(Problem) as problem:
        await read(BodyDeadline(arriving([(60, 1)]), 0.02, awaits_continue=False))
    assert problem.value.kind is kinds.REQUEST_TIMEOUT
    assert problem.value.headers == {"Connection": "close"}


async def test_waiting_adds_up_however_often_something_comes() -> None:
    with pytest.raises(Problem):
        await read(BodyDeadline(arriving([(0.02, 1)] * 20), 0.1, awaits_continue=False))


async def test_what_arrives_gives_its_time_back() -> None:
    pieces = [(0.02, SLOWEST // 20)] * 20  # 0.05 s each at the slowest
    assert await read(BodyDeadline(arriving(pieces), 0.15, awaits_continue=False)) > 0


async def test_nothing_is_saved_for_later() -> None:
    pieces = [(0.0, 100 * SLOWEST), (60, 1)]
    async with asyncio.timeout(5):
        with pytest.raises(Problem):
            await read(BodyDeadline(arriving(pieces), 0.05, awaits_continue=False))


async def test_what_happens_between_the_pieces_is_not_the_clients_time() -> None:
    deadline = BodyDeadline(arriving([(0.0, 1), (0.0, 1)]), 0.05, awaits_continue=False)
    await deadline.receive()
    await asyncio.sleep(0.1)
    assert (await deadline.receive())["more_body"] is False


async def test_after_the_body_there_is_no_deadline() -> None:
    """Whoever asks then waits for the client to go."""
    body = arriving([(0.0, 1)])
    told: list[Message] = []

    async def receive() -> Message:
        if told:
            await asyncio.sleep(0.05)
            return {"type": "http.disconnect"}
        told.append(await body())
        return told[0]

    deadline = BodyDeadline(receive, 0.02, awaits_continue=False)
    assert await read(deadline) == 1
    assert (await deadline.receive())["type"] == "http.disconnect"


@pytest.mark.parametrize(("asked_for", "closes"), [(True, False), (False, True)])
async def test_an_answer_to_a_body_that_was_not_asked_for_ends_the_connection(*, asked_for: bool, closes: bool) -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    deadline = BodyDeadline(arriving([(0.0, 1)]), 1.0, awaits_continue=True)
    sending = deadline.closing_unread(send)
    if asked_for:
        await deadline.receive()
    await sending({"type": "http.response.start", "status": 415, "headers": []})
    assert sent[0]["headers"] == ([(b"connection", b"close")] if closes else [])
