"""Speaking to the server byte by byte, and taking its answers apart."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx2

from e2e.processes import ServerProcess


@contextmanager
def connection_to(server: ServerProcess, *, with_credential: bool = True) -> Iterator[socket.socket]:
    """A connection of one's own."""
    with server.connect(with_credential=with_credential) as connection:
        yield connection


def answers_to(server: ServerProcess, content: bytes, *, with_credential: bool = True) -> list[httpx2.Response]:
    """What the server answers to these bytes until it hangs up."""
    with connection_to(server, with_credential=with_credential) as connection:
        # It may have heard enough; what it said before is still to be read.
        with suppress(ConnectionError):
            connection.sendall(content)
        return read_answers(connection)


def read_answers(connection: socket.socket) -> list[httpx2.Response]:
    """The answers on a connection until the server hangs up."""
    with connection.makefile("rb") as stream:
        received = stream.read()
    answers: list[httpx2.Response] = []
    while received:
        answer, received = _take_answer(received)
        answers.append(answer)
    return answers


def _take_answer(received: bytes) -> tuple[httpx2.Response, bytes]:
    head, end, rest = received.partition(b"\r\n\r\n")
    assert end, received
    status_line, *fields = head.decode("ascii").split("\r\n")
    version, status = status_line.split(" ")[:2]
    assert version == "HTTP/1.1", status_line
    headers = [(name, value) for name, _, value in (field.partition(": ") for field in fields)]
    response = httpx2.Response(int(status), headers=headers)
    length = int(response.headers.get("content-length", "0"))
    assert len(rest) >= length, "the answer is incomplete"
    return httpx2.Response(int(status), headers=headers, content=rest[:length]), rest[length:]
