"""What is done to save time is the same as what it takes the place of."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from foundation.http.application import Application
from foundation.http.edge.answer_cycles import AnswerInOneWrite
from foundation.http.edge.first_step import FirstStep
from foundation.http.edge.random_ids import random_id

pytestmark = pytest.mark.anyio

CONTENT = b'{"id": 1}'
HEADERS = [(b"content-length", b"9"), (b"content-type", b"application/json")]


class Transport:
    """Keeps what is written, and whether it was closed."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


class Flow:
    """A client that reads."""

    write_paused = False

    async def drain(self) -> None:
        """Nothing is to be waited for."""


Work: TypeAlias = Callable[[Send], Awaitable[None]]


async def answered(work: Work, *, method: str = "GET", keep_alive: bool = True) -> Transport:
    """What is written to the client of an application that sends so."""
    transport = Transport()
    given: dict[str, Any] = {
        "scope": {"method": method},
        "transport": transport,
        "flow": Flow(),
        "logger": logging.getLogger("uvicorn.error"),
        "access_logger": logging.getLogger("uvicorn.access"),
        "access_log": False,
        "default_headers": [(b"date", b"now")],
        "message_event": asyncio.Event(),
        "expect_100_continue": False,
        "keep_alive": keep_alive,
        "on_response": lambda: None,
    }
    cycle = AnswerInOneWrite(**given)

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await work(send)

    await cycle.run_asgi(app)  # type: ignore[arg-type]  # uvicorn has types of its own for the same
    return transport


def sending(*bodies: dict[str, Any], headers: Sequence[tuple[bytes, bytes]] = HEADERS) -> Work:
    async def work(send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": list(headers)})
        for body in bodies:
            await send({"type": "http.response.body", **body})

    return work


HEAD = b"HTTP/1.1 200 OK\r\ndate: now\r\ncontent-length: 9\r\ncontent-type: application/json\r\n\r\n"


async def test_a_whole_answer_is_one_write() -> None:
    assert (await answered(sending({"body": CONTENT}))).written == [HEAD + CONTENT]


async def test_the_answer_to_head_has_no_content() -> None:
    assert (await answered(sending({"body": CONTENT}), method="HEAD")).written == [HEAD]


async def test_the_last_answer_of_a_connection_says_so() -> None:
    transport = await answered(sending({"body": CONTENT}), keep_alive=False)

    assert transport.written == [HEAD[:-2] + b"connection: close\r\n\r\n" + CONTENT]
    assert transport.closed


async def test_pieces_are_written_as_they_come() -> None:
    pieces = sending({"body": CONTENT[:4], "more_body": True}, {"body": CONTENT[4:]})

    assert (await answered(pieces)).written == [HEAD, CONTENT[:4], CONTENT[4:]]


async def test_an_answer_without_a_length_is_chunked() -> None:
    written = (await answered(sending({"body": CONTENT}, headers=[]))).written

    assert b"".join(written).endswith(b"transfer-encoding: chunked\r\n\r\n9\r\n" + CONTENT + b"\r\n0\r\n\r\n")


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b", b"a\nb", b"a\rb", b"a\0b", b"a\x7fb"])
async def test_a_header_that_would_begin_another_one_is_not_sent(value: bytes) -> None:
    transport = await answered(sending({"body": CONTENT}, headers=[*HEADERS, (b"location", value)]))

    assert b"location" not in b"".join(transport.written)


@pytest.mark.parametrize("content", [CONTENT + b" ", CONTENT[:-1]])
async def test_content_of_another_length_ends_the_connection(content: bytes) -> None:
    transport = await answered(sending({"body": content}))

    assert (transport.written, transport.closed) == ([], True)


async def test_an_application_that_stops_after_the_head_ends_the_connection() -> None:
    assert (await answered(sending())).closed


async def test_a_coroutine_that_need_not_wait_is_done_with_its_first_step() -> None:
    async def quick() -> int:
        return 1

    step = FirstStep(quick())
    assert (step.done, step.result) == (True, 1)


async def test_a_coroutine_that_waits_is_awaited_for_the_rest() -> None:
    came = asyncio.Event()

    async def slow() -> int:
        await came.wait()
        await asyncio.sleep(0)
        return 2

    step = FirstStep(slow())
    assert not step.done
    asyncio.get_running_loop().call_soon(came.set)
    assert await step == 2


async def test_a_wait_for_the_rest_can_be_cancelled_and_can_fail() -> None:
    ended: list[str] = []

    async def waiting() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    async def failing() -> None:
        await asyncio.sleep(0)
        raise LookupError

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await FirstStep(waiting())
    with pytest.raises(LookupError):
        await FirstStep(failing())
    assert ended == ["cancelled"]


def test_ids_are_not_given_again_in_a_child() -> None:
    mine = {random_id() for _ in range(3000)}
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        os.write(writing, random_id().encode())
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reading, 100).decode()

    assert len(mine) == 3000
    assert len(theirs) == 32
    assert theirs not in mine | {random_id() for _ in range(3000)}


class Outer:
    """A layer that a team adds."""

    def __init__(self, app: ASGIApp, seen: list[str]) -> None:
        self.app = app
        self._seen = seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._seen.append(scope["type"])
        await self.app(scope, receive, send)


async def test_a_middleware_that_is_added_is_not_passed_by() -> None:
    seen: list[str] = []
    app = Application()
    app.add_middleware(Outer, seen=["inner"])
    app.add_middleware(Outer, seen=seen)
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    for _ in range(2):
        scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": [], "root_path": ""}
        await app(scope, receive, send)

    assert seen == ["http", "http"]
    assert [one["status"] for one in sent if one["type"] == "http.response.start"] == [404, 404]
