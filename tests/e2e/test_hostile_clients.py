"""Clients that are slow, endless, or gone: each has its limits, and none costs the others anything."""

import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import islice, repeat
from pathlib import Path

import httpx2
import pytest

from e2e.answers import create, problem
from e2e.processes import PATIENCE, ServerProcess, eventually
from e2e.raw_connections import answers_to, connection_to, read_answers

USERS = "/api/v1/users"
HEAD = b"POST /api/v1/users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
BODY = b'{"email": "somebody@example.com", "name": "Somebody"}'
WHOLE = HEAD + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY
GET = b"GET /api/v1/users HTTP/1.1\r\nHost: localhost\r\n"
# Seconds of the limits below; and how late they may come, on a machine that is busy with other things.
HEAD_TIMEOUT = 0.5
BODY_TIMEOUT = 0.5
WRITE_TIMEOUT = 0.5
LATE = 4.0


@pytest.fixture(scope="module")
def impatient_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with small limits; nothing of this reaches the storage."""
    settings = {
        "SERVER_HEADER_TIMEOUT": str(HEAD_TIMEOUT),
        "SERVER_BODY_TIMEOUT": str(BODY_TIMEOUT),
        "SERVER_WRITE_TIMEOUT": str(WRITE_TIMEOUT),
    }
    directory = tmp_path_factory.mktemp("server")
    with ServerProcess(directory, DATABASE_URL="memory://", **settings) as running:
        yield running
        assert "Traceback" not in running.log


def drip(connection: socket.socket, content: Iterator[bytes]) -> threading.Thread:
    """Send piece by piece, ten a second, until the server hangs up."""

    def send() -> None:
        with suppress(OSError):
            for piece in content:
                connection.sendall(piece)
                time.sleep(0.1)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        (b"", b"\r\n"),
        (b"GET /", b"a"),
        (b"GET /livez HTTP/1.1\r\nHost: localhost\r\n", b"A: b\r\n"),
        (b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", b"a"),
        (HEAD + b"Content-Length: 1000\r\n\r\n", b" "),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n \r\n0\r\n", b"A: b\r\n"),
    ],
    ids=["line ends", "address", "headers", "header", "body", "chunks", "chunk extension", "trailers"],
)
def test_a_request_that_drips_is_ended_and_nobody_waits_for_it(
    impatient_server: ServerProcess, first: bytes, piece: bytes
) -> None:
    with connection_to(impatient_server) as connection, impatient_server.client() as somebody_else:
        began = time.monotonic()
        connection.sendall(first)
        dripping = drip(connection, islice(repeat(piece), 300))
        assert somebody_else.get(USERS).status_code == 200
        answers = read_answers(connection)
        lasted = time.monotonic() - began
        connection.shutdown(socket.SHUT_RDWR) if dripping.is_alive() else None
        dripping.join()
    assert HEAD_TIMEOUT * 0.9 < lasted < HEAD_TIMEOUT + LATE
    if first:
        (answer,) = answers
        problem(answer, 408, "request-timeout")
        assert answer.headers["connection"] == "close"
    else:
        assert answers == []


def test_a_body_that_comes_steadily_may_take_longer_than_the_limit(impatient_server: ServerProcess) -> None:
    pieces = [BODY, *repeat(b" " * 4_000, 10)]
    with connection_to(impatient_server) as connection:
        began = time.monotonic()
        connection.sendall(HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % sum(map(len, pieces)))
        drip(connection, iter(pieces)).join()
        (answer,) = read_answers(connection)
        assert time.monotonic() - began > BODY_TIMEOUT
    assert answer.status_code == 201
    with impatient_server.client() as http:
        assert http.delete(answer.headers["location"]).status_code == 204


def test_a_connection_that_says_nothing_is_closed(impatient_server: ServerProcess) -> None:
    with connection_to(impatient_server) as connection:
        began = time.monotonic()
        assert read_answers(connection) == []
        assert HEAD_TIMEOUT * 0.9 < time.monotonic() - began < HEAD_TIMEOUT + LATE


def test_a_connection_may_be_idle_between_two_requests_for_longer_than_its_headers_may_take(
    impatient_server: ServerProcess,
) -> None:
    with impatient_server.client() as http:
        assert http.get("/livez").status_code == 200
        time.sleep(HEAD_TIMEOUT * 2)
        with connection_to(impatient_server) as connection:
            connection.sendall(GET + b"\r\n")
            assert connection.recv(1)
            time.sleep(HEAD_TIMEOUT * 2)
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert b'{"status":"alive"}' in connection.makefile("rb").read()


def test_an_unread_body_has_a_moment_and_then_the_connection_ends(impatient_server: ServerProcess) -> None:
    """The route refuses it without reading it."""
    refused = HEAD.replace(b"application/json", b"text/plain")
    with connection_to(impatient_server) as connection:
        connection.sendall(refused + b"Content-Length: 4\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 415"
        connection.sendall(b"late" + GET + b"Connection: close\r\n\r\n")
        assert b"HTTP/1.1 200" in connection.makefile("rb").read()
    with connection_to(impatient_server) as connection:
        connection.sendall(refused + b"Content-Length: 4\r\n\r\n")
        (answer,) = read_answers(connection)
        problem(answer, 415, "unsupported-media-type")


def test_a_client_that_does_not_read_its_answers_is_hung_up_on(impatient_server: ServerProcess) -> None:
    with connection_to(impatient_server) as connection, impatient_server.client() as somebody_else:
        asked = threading.Thread(target=ask_without_end, args=[connection])
        asked.start()
        assert somebody_else.get(USERS).status_code == 200
        asked.join(PATIENCE)
        assert not asked.is_alive()
        assert somebody_else.get(USERS).status_code == 200


def ask_without_end(connection: socket.socket) -> None:
    """Until the server is gone; as long as it only waits, so does this."""
    connection.settimeout(PATIENCE * 2)
    with suppress(ConnectionError):
        while True:
            connection.sendall(b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100)


def resident_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


@pytest.mark.parametrize(
    ("first", "piece", "status"),
    [
        (b"GET /", b"a", 414),
        (GET + b"X-Large: ", b"a", 431),
        (GET, b"A: b\r\n", 431),
        (HEAD + b"Content-Length: 9999999999\r\n\r\n", b" ", 413),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1000\r\n" + b" " * 4096 + b"\r\n", 413),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n \r\n0\r\n", b"A: b\r\n", 400),
        (HEAD.replace(b"users", b"nothing") + b"Content-Length: 9999999999\r\n\r\n", b" ", 404),
        (b"\x16\x03\x01", b"\x00", 400),
    ],
    ids=["address", "header", "headers", "body", "chunks", "chunk extension", "trailers", "unread body", "garbage"],
)
def test_a_request_without_end_is_answered_and_costs_no_memory(
    impatient_server: ServerProcess, first: bytes, piece: bytes, status: int
) -> None:
    block = piece * (1_000_000 // len(piece))
    before = resident_bytes(impatient_server.pid)
    with connection_to(impatient_server) as connection:
        connection.sendall(first)
        received = b""
        most = before
        for _ in range(200):
            with suppress(ConnectionError):
                connection.sendall(block)
            most = max(most, resident_bytes(impatient_server.pid))
            with suppress(BlockingIOError, ConnectionError):
                received += connection.recv(65536, socket.MSG_DONTWAIT)
            if received:
                break
    assert received.startswith(b"HTTP/1.1 %d " % status)
    assert b"application/problem+json" in received
    assert most - before < 16_000_000


@pytest.mark.parametrize("place", range(1, len(WHOLE), 9))
def test_a_client_that_goes_in_the_middle_of_its_request_leaves_nothing(
    impatient_server: ServerProcess, place: int
) -> None:
    with connection_to(impatient_server) as connection:
        connection.sendall(WHOLE[:place])
        hang_up_rudely(connection)
    with impatient_server.client() as http:
        assert http.get(USERS).json()["items"] == []


def hang_up_rudely(connection: socket.socket) -> None:
    """Close with a reset, so that the server cannot send anything more."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def test_clients_that_go_in_the_middle_of_their_answers_disturb_nobody(
    server: ServerProcess, http: httpx2.Client
) -> None:
    """On databases, too, because each may hold a connection to one while it is answered."""
    for number in range(20):
        create(http, f"user{number}@example.com", "A" * 200)
    with ExitStack() as connections:
        for _ in range(50):
            connection = connections.enter_context(connection_to(server))
            connection.sendall((GET + b"\r\n") * 5)
            hang_up_rudely(connection)
        began = time.monotonic()
        assert len(http.get(USERS).json()["items"]) == 20
        assert time.monotonic() - began < LATE
    assert "Traceback" not in server.log


def test_a_client_that_goes_while_it_is_refused_disturbs_nobody(impatient_server: ServerProcess) -> None:
    for content in (b"garbage\r\n\r\n", HEAD + b"Content-Length: 100000\r\n\r\n" + b" " * 70_000, GET + b"A" * 200_000):
        for _ in range(10):
            with connection_to(impatient_server) as connection:
                connection.sendall(content)
                hang_up_rudely(connection)
    with impatient_server.client() as http:
        assert http.get(USERS).status_code == 200


def test_a_malformed_request_does_not_touch_the_requests_of_others_under_way(impatient_server: ServerProcess) -> None:
    """Several connections are in the middle of their requests while others are refused."""
    with ExitStack() as connections:
        halves = [connections.enter_context(connection_to(impatient_server)) for _ in range(5)]
        for half in halves:
            half.sendall(GET + b"Connection: clo")
        for content in (b"garbage\r\n\r\n", GET + b"no colon\r\n\r\n", HEAD + b"Content-Length: x\r\n\r\n"):
            (refused,) = answers_to(impatient_server, content)
            problem(refused, 400, "malformed-request")
        for half in halves:
            half.sendall(b"se\r\n\r\n")
            (answer,) = read_answers(half)
            assert answer.status_code == 200


def test_a_refusal_is_read_although_the_client_goes_on_sending(impatient_server: ServerProcess) -> None:
    """Were the connection closed at once, its reset would destroy the answer on the way."""
    for _ in range(20):
        (answer,) = answers_to(impatient_server, HEAD + b"Content-Length: 3000000\r\n\r\n" + b" " * 3_000_000)
        problem(answer, 413, "content-too-large")


@pytest.mark.parametrize(
    "length", [b"Content-Length: 3000000\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n2dc6c0\r\n"]
)
def test_an_answer_before_the_end_of_a_long_body_says_that_it_is_the_last_one(
    impatient_server: ServerProcess, length: bytes
) -> None:
    """Otherwise the client would send its next request on a connection that is about to be closed."""
    refused = HEAD.replace(b"application/json", b"text/plain")
    (answer,) = answers_to(impatient_server, refused + length + b" " * 100)
    assert (answer.status_code, answer.headers["connection"]) == (415, "close")


def test_a_long_body_that_was_read_leaves_the_connection_open(impatient_server: ServerProcess) -> None:
    head = b"POST /api/v1/users/import HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
    with connection_to(impatient_server) as connection:
        connection.sendall(head + b"Content-Length: 300000\r\n\r\n" + b" " * 299_999 + b"\n")
        connection.sendall(GET + b"Connection: close\r\n\r\n")
        first, second = read_answers(connection)
    assert first.status_code in {200, 422}
    assert "connection" not in first.headers
    assert second.status_code == 200


def test_when_the_grace_is_over_the_requests_left_are_answered_with_a_problem(tmp_path: Path) -> None:
    settings = {"DATABASE_URL": "memory://", "SERVER_SHUTDOWN_GRACE": "1"}
    with ServerProcess(tmp_path, **settings) as server, connection_to(server) as connection:
        connection.sendall(HEAD + b"Content-Length: 10\r\n\r\n{")
        eventually("the request is being carried out", lambda: "/livez" in _visited(server))
        server.stop()
        (answer,) = read_answers(connection)
        problem(answer, 503, "commit-outcome-unknown")


def _visited(server: ServerProcess) -> str:
    with server.client() as http:
        http.get("/livez")
    return server.log
