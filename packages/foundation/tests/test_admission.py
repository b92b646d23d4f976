"""What a client sees when a worker has no room for its request: each test by its bytes on a real connection."""

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace

import httptools
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from foundation.http.edge.admission import AdmissionControl
from foundation.http.edge.admitting_protocol import HEAD, AdmittingProtocol
from foundation.http.edge.draining import Draining
from foundation.http.edge.listening import waiting
from threaded_server import PATIENCE, ThreadedServer

GET = b"GET /things HTTP/1.1\r\nHost: localhost\r\n\r\n"
LIVEZ = GET.replace(b"/things", b"/livez")
POST = b"POST /things HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n"


class Application:
    """Answers 204, to /slow after a moment."""

    def __init__(self) -> None:
        self.state = SimpleNamespace(draining=Draining(), access=None)
        self.asked: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(scope["path"])
        if scope["method"] == "POST":
            await receive()
        if scope["path"] == "/slow":
            await asyncio.sleep(0.3)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


class Served(ThreadedServer):
    """A server in a thread of this process, which takes on so many requests at the same time."""

    def __init__(self, most: int, connections: int) -> None:
        self.application = Application()
        self.admission = AdmissionControl(most)
        protocol = partial(AdmittingProtocol, admission=self.admission, max_connections=connections)
        super().__init__(self.application, protocol)

    def connected(self) -> socket.socket:
        """A connection."""
        return socket.create_connection(self.address, PATIENCE)


@contextmanager
def serving(most: int, connections: int = 1000) -> Iterator[Served]:
    """A server that takes on so many requests at the same time, on so many connections; it is stopped at the end."""
    served = Served(most, connections)
    try:
        yield served
    finally:
        served.server.should_exit = True
        served.thread.join(PATIENCE)


@pytest.fixture
def full() -> Iterator[Served]:
    """A server that has no room for any request."""
    with serving(0) as served:
        yield served


@pytest.fixture
def narrow() -> Iterator[Served]:
    """A server that has room for one request."""
    with serving(1) as served:
        yield served


def answer(connection: socket.socket, *, content: bool = True) -> tuple[int, dict[str, str], bytes]:
    """The next answer on the connection: status, headers and content."""
    with connection.makefile("rb", buffering=0) as file:
        status = int(file.readline().split()[1])
        headers = {}
        while (line := file.readline().strip()) != b"":
            name, _, value = line.decode().partition(": ")
            headers[name.lower()] = value
        length = int(headers.get("content-length", 0)) if content else 0
        return status, headers, file.read(length) if length else b""


def assert_refused(found: tuple[int, dict[str, str], bytes], *, closes: bool = False) -> None:
    status, headers, content = found
    assert (status, headers["retry-after"], headers["content-type"]) == (503, "1", "application/problem+json")
    document = json.loads(content)
    assert document["type"] == "/problems/overloaded"
    assert document["request_id"] == headers["x-request-id"]
    assert headers["x-request-id"] in document["instance"]
    assert ("connection" in headers) == closes


def test_requests_are_refused_one_after_the_other_on_one_connection(full: Served) -> None:
    with full.connected() as connection:
        ids = set()
        for _ in range(3):
            connection.sendall(GET)
            found = answer(connection)
            assert_refused(found)
            ids.add(found[1]["x-request-id"])
        assert len(ids) == 3
    assert full.application.asked == []


def test_health_checks_are_always_taken_on(full: Served) -> None:
    with full.connected() as connection:
        for request in (LIVEZ, LIVEZ.replace(b"/livez", b"/readyz"), LIVEZ.replace(b"GET", b"HEAD")):
            connection.sendall(request)
            assert answer(connection)[0] == 204
    assert full.application.asked == ["/livez", "/readyz", "/livez"]


@pytest.mark.parametrize(
    "request_",
    [LIVEZ, LIVEZ.replace(b"/livez", b"/livez?x=1"), b"GET /livez HTTP/1.0\r\n\r\n"],
    ids=["1.1", "query", "1.0"],
)
def test_health_checks_are_answered_beyond_the_number_of_connections_and_end_theirs(request_: bytes) -> None:
    with serving(10, connections=1) as served:
        with served.connected() as first, served.connected() as second, served.connected() as third:
            first.sendall(GET)
            assert answer(first)[0] == 204
            second.sendall(request_)
            status, headers, _ = answer(second)
            assert (status, headers["connection"], second.recv(1)) == (204, "close", b"")
            third.sendall(GET)
            assert_refused(answer(third), closes=True)
        assert served.application.asked == ["/things", "/livez"]


def test_a_health_check_that_is_not_whole_is_refused_beyond_the_number_of_connections() -> None:
    with serving(10, connections=1) as served, served.connected() as first, served.connected() as second:
        first.sendall(GET)
        assert answer(first)[0] == 204
        second.sendall(LIVEZ[:-2])
        assert_refused(answer(second), closes=True)


def test_a_client_of_http_1_0_is_not_told_to_go_on() -> None:
    with serving(10) as served, served.connected() as connection:
        head = POST.replace(b"1.1", b"1.0").replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")
        connection.sendall(head)
        time.sleep(0.1)
        connection.sendall(b"hello")
        assert answer(connection)[0] == 204


def test_a_path_that_begins_like_a_health_check_is_none(full: Served) -> None:
    with full.connected() as connection:
        connection.sendall(GET.replace(b"/things", b"/livez/things"))
        assert_refused(answer(connection))


def test_the_answer_to_head_has_no_content(full: Served) -> None:
    with full.connected() as connection:
        connection.sendall(GET.replace(b"GET", b"HEAD"))
        status, headers, _ = answer(connection, content=False)
        assert (status, int(headers["content-length"]) > 0) == (503, True)
        connection.sendall(LIVEZ)
        assert answer(connection)[0] == 204


@pytest.mark.parametrize("pause", [0.0, 0.1], ids=["in one piece", "in two pieces"])
def test_the_body_of_a_refused_request_is_not_taken_for_the_next_one(full: Served, pause: float) -> None:
    with full.connected() as connection:
        if pause:
            connection.sendall(POST)
            time.sleep(pause)
            connection.sendall(b"GET /")
        else:
            connection.sendall(POST + b"GET /")
        assert_refused(answer(connection))
        time.sleep(pause)
        connection.sendall(LIVEZ)
        assert answer(connection)[0] == 204


@pytest.mark.parametrize("rest", [b"lo\r\n0\r\n\r\n", b"lo\r\n0\r\n\r\n" + GET], ids=["alone", "and the next request"])
def test_a_refused_body_in_chunks_ends_where_the_last_chunk_does(full: Served, rest: bytes) -> None:
    head = POST.replace(b"Content-Length: 5", b"Transfer-Encoding: chunked")
    with full.connected() as connection:
        connection.sendall(head + b"5\r\nhel")
        assert_refused(answer(connection))
        connection.sendall(rest)
        if GET not in rest:
            connection.sendall(GET)
        assert_refused(answer(connection))


def test_a_refused_body_that_does_not_end_ends_the_connection(full: Served) -> None:
    with full.connected() as connection:
        connection.sendall(POST.replace(b": 5", b": 50000000"))
        assert_refused(answer(connection), closes=True)
        connection.sendall(b" " * (1 << 20))
        assert connection.recv(1) == b""


def test_requests_that_do_not_wait_for_answers_are_refused_in_order(full: Served) -> None:
    with full.connected() as connection:
        connection.sendall(GET + LIVEZ + GET)
        assert_refused(answer(connection))
        assert answer(connection)[0] == 204
        assert_refused(answer(connection))


def test_a_request_in_pieces_is_refused_when_its_head_is_there(full: Served) -> None:
    with full.connected() as connection:
        connection.sendall(GET[:30])
        time.sleep(0.1)
        connection.sendall(GET[30:])
        assert_refused(answer(connection))


def test_a_client_that_waits_to_be_told_to_go_on_is_refused_at_once(full: Served) -> None:
    with full.connected() as connection:
        connection.sendall(POST.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
        assert_refused(answer(connection), closes=True)


@pytest.mark.parametrize(
    "request_",
    [
        GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
        GET.replace(b"1.1", b"1.0"),
        GET.replace(b"1.1", b"1.0").replace(b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n"),
    ],
    ids=["asked to", "1.0", "1.0, to be kept"],
)
def test_the_connection_ends_where_the_client_expects_it(full: Served, request_: bytes) -> None:
    with full.connected() as connection:
        connection.sendall(request_)
        assert_refused(answer(connection), closes=True)
        assert connection.recv(1) == b""


def test_what_is_malformed_is_malformed_under_load_too(full: Served) -> None:
    with full.connected() as connection:
        connection.sendall(GET.replace(b"Host", b"Ho st"))
        assert answer(connection)[0] == 400


def test_a_server_that_is_about_to_stop_says_so(full: Served) -> None:
    full.application.state.draining.under_way = True
    with full.connected() as connection:
        connection.sendall(GET)
        assert_refused(answer(connection), closes=True)


def test_what_is_under_way_counts_until_it_is_answered(narrow: Served) -> None:
    slow = GET.replace(b"/things", b"/slow")
    with narrow.connected() as one, narrow.connected() as other:
        one.sendall(slow)
        time.sleep(0.1)
        other.sendall(GET)
        assert_refused(answer(other))
        assert answer(one)[0] == 204
        # The client may have the answer a moment before the task has ended.
        ended = time.monotonic() + PATIENCE
        statuses = [503]
        while statuses[-1] == 503:
            assert time.monotonic() < ended
            other.sendall(GET)
            statuses.append(answer(other)[0])
        assert statuses[-1] == 204


def test_the_limit_falls_while_the_loop_is_late_and_rises_again() -> None:
    admission = AdmissionControl(64)

    class Worker:
        """A worker with forty requests under way, which holds its loop for 20 ms again and again."""

        def __init__(self) -> None:
            self.loop = asyncio.get_running_loop()
            self.tasks = {asyncio.ensure_future(asyncio.sleep(PATIENCE)) for _ in range(40)}

        def waiting_for_clients(self) -> int:
            return 0

        def accept_waiting(self) -> None:
            pass

    async def scenario() -> None:
        worker = Worker()
        admission.watch(worker)
        for _ in range(60):
            time.sleep(0.02)  # noqa: ASYNC251 -- the loop is to be late
            await asyncio.sleep(0)
        assert admission.capacity == admission.watched_above
        for task in worker.tasks:
            task.cancel()
        worker.tasks.clear()
        await asyncio.sleep(1.5)
        assert admission.capacity == 64

    asyncio.run(scenario())


def test_the_limit_falls_while_requests_are_refused() -> None:
    admission = AdmissionControl(40)

    class Worker:
        """A worker with as many requests under way as it takes on, whose loop is never late."""

        def __init__(self) -> None:
            self.loop = asyncio.get_running_loop()
            self.tasks = {asyncio.ensure_future(asyncio.sleep(PATIENCE)) for _ in range(40)}

        def waiting_for_clients(self) -> int:
            return 0

        def accept_waiting(self) -> None:
            pass

    async def scenario() -> None:
        worker = Worker()
        admission.watch(worker)
        await asyncio.sleep(0.3)
        assert admission.capacity == 40  # that many are under way, but none was refused
        for _ in range(100):
            admission.refusals += 1
            await asyncio.sleep(0.01)
        assert admission.capacity == admission.watched_above
        for task in worker.tasks:
            task.cancel()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "request_",
    [
        LIVEZ.replace(b"/livez", b"http://localhost/livez"),
        b"\r\n" + LIVEZ,
        LIVEZ.replace(b"GET", b"OPTIONS"),
        LIVEZ.replace(b"/livez", b"/livez?x=1"),
    ],
    ids=["absolute", "empty line", "OPTIONS", "query"],
)
def test_a_health_check_is_one_in_each_of_its_forms(full: Served, request_: bytes) -> None:
    with full.connected() as connection:
        connection.sendall(request_)
        assert answer(connection)[0] == 204


def test_what_follows_the_rest_of_a_refused_body_is_answered(full: Served) -> None:
    with full.connected() as connection:
        connection.sendall(POST + b"12")
        assert_refused(answer(connection))
        connection.sendall(b"345" + LIVEZ)
        assert answer(connection)[0] == 204


def test_the_version_of_a_refused_request_is_that_of_its_first_line(full: Served) -> None:
    old = POST.replace(b"HTTP/1.1", b"HTTP/1.0").replace(
        b"Content-Length: 5", b"Connection: keep-alive\r\nContent-Length: 12"
    )
    with full.connected() as connection:
        connection.sendall(old + b" HTTP/1.1\r\n ")
        assert_refused(answer(connection), closes=True)
        assert connection.recv(1) == b""


class Ends:
    """Where requests end for the parser that reads those that are not refused."""

    def __init__(self, data: bytes) -> None:
        self.ends: list[bool] = []
        self._parser = httptools.HttpRequestParser(self)
        for byte in data:
            self._parser.feed_data(bytes([byte]))
            self.ends.append(False)

    def on_message_complete(self) -> None:
        self.ends.append(True)


_PLAIN = ["Host: localhost", "X:", "x-y:\t a:b ", "Connection: keep-alive", "connection:CLOSE", "Content-Lengths: 3"]
_LENGTHS = [
    "Content-Length: 3",
    "cONTENT-lENGTH:\t0 ",
    "Content-Length: 3, 3",
    "Content-Length: +3",
    "Content-Length: 3 3",
]
_OTHERS = ["Transfer-Encoding: chunked", "Upgrade: h2c", "Connection: upgrade", "X : 1", " X: 1", "X y: 1", "X", ": 1"]
_LINES = st.lists(st.sampled_from(_PLAIN) | st.sampled_from(_PLAIN + _LENGTHS + _OTHERS), max_size=4)
_FIRST = st.sampled_from(
    ["GET / HTTP/1.1", "POST /a?b HTTP/1.1", "HEAD / HTTP/1.1", "GET /a b HTTP/1.1", "GET / HTTP/1.0"]
)


@given(first=_FIRST, lines=_LINES, end=st.just("\r\n") | st.sampled_from(["\n", "\r", "\n\r"]))
def test_a_request_that_is_not_parsed_ends_where_the_parser_says(first: str, lines: list[str], end: str) -> None:
    data = end.join([first, *lines, "", ""]).encode()
    head = HEAD.match(data)
    assume(head is not None)
    assert head
    content = b"x" * int(head[4] or 0)
    assert head.end() == len(data)
    try:
        ends = Ends(data + content).ends
    except httptools.HttpParserError:
        return  # refused with another status; where it ends is not in doubt
    assert ends == [False] * (len(data + content) - 1) + [True, False]


def test_without_a_file_descriptor_nothing_is_accepted_and_nothing_raised(
    full: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_more(_descriptor: int) -> int:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr("foundation.http.edge.listening.os.dup", no_more)
    assert list(waiting(full.server.servers[0])) == []
