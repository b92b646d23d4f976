"""Attempts of a client beyond its limit wait for their turn, on real connections, and nothing else does."""

import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from foundation.http.edge.admission import AdmissionControl
from foundation.http.edge.draining import Draining
from foundation.http.edge.throttling_protocol import Throttle, ThrottlingProtocol
from foundation.kernel.access.principal import ANONYMOUS, Principal, PrincipalKind, begin_call, current_principal
from threaded_server import PATIENCE, ThreadedServer

BETWEEN = 0.05
ATTEMPT = b"GET /attempt HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer a\r\n\r\n"
OTHER = b"GET /other HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Access:
    """Throttles every client, or none. Attempts have a credential."""

    throttles = True

    def direct_client(self, scope: Mapping[str, Any]) -> str | None:
        return str(scope["client"][0])

    def is_throttled(self, _address: str) -> bool:
        return self.throttles

    def is_attempt(self, scope: Mapping[str, Any]) -> bool:
        return any(name == b"authorization" for name, _value in scope["headers"])


class Served(ThreadedServer):
    """A server in a thread of this process, which takes on so many requests at the same time."""

    def __init__(self, most: int = 100) -> None:
        self.access = Access()
        self.state = SimpleNamespace(draining=Draining(), access=self.access)
        self.asked: list[str] = []
        self.principals: list[Principal] = []
        self.throttle = Throttle()
        protocol = partial(ThrottlingProtocol, admission=AdmissionControl(most), throttle=self.throttle)
        super().__init__(self, protocol)

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        self.asked.append(scope["path"])
        self.principals.append(current_principal())
        if scope["path"] == "/other":
            begin_call(Principal(PrincipalKind.API_KEY, "7", tenant="acme"))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def sent(self, content: bytes) -> socket.socket:
        """A connection on which this was sent."""
        connection = socket.create_connection(self.address, PATIENCE)
        connection.sendall(content)
        return connection

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive()


@pytest.fixture
def served() -> Iterator[Served]:
    running = Served()
    yield running
    running.stop()


def eventually(what: str, holds: Callable[[], bool]) -> None:
    ended = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < ended, what
        time.sleep(0.01)


def status(connection: socket.socket) -> int:
    """The status of the next answer, whose content is read, too."""
    with connection.makefile("rb", buffering=0) as file:
        line, length = file.readline(), 0
        while header := file.readline().strip():
            if header.lower().startswith(b"content-length"):
                length = int(header.split()[1])
        file.read(length)
    return int(line.split()[1])


def test_one_attempt_begins_after_the_other(served: Served) -> None:
    began = time.monotonic()
    connections = [served.sent(ATTEMPT) for _ in range(20)]
    assert {status(one) for one in connections} == {204}
    assert time.monotonic() - began > 19 * BETWEEN
    for one in connections:
        one.close()


def test_other_requests_do_not_wait(served: Served) -> None:
    waiting = [served.sent(ATTEMPT) for _ in range(100)]
    with served.sent(OTHER) as other:
        assert status(other) == 204
    assert served.asked.count("/attempt") < 100
    for one in waiting:
        one.close()


def test_nothing_waits_while_the_limit_is_not_reached(served: Served) -> None:
    served.access.throttles = False
    with served.sent(ATTEMPT * 1000) as connection:
        began = time.monotonic()
        assert {status(connection) for _ in range(1000)} == {204}
        assert time.monotonic() - began < 1000 * BETWEEN


def test_each_of_several_attempts_on_one_connection_waits_for_its_turn(served: Served) -> None:
    began = time.monotonic()
    with served.sent(ATTEMPT * 10 + OTHER) as connection:
        assert {status(connection) for _ in range(11)} == {204}
    assert time.monotonic() - began > 9 * BETWEEN
    assert served.asked == ["/attempt"] * 10 + ["/other"]


def test_a_client_that_is_gone_takes_no_turn(served: Served) -> None:
    for _ in range(500):
        served.sent(ATTEMPT).close()
    began = time.monotonic()
    with served.sent(ATTEMPT) as connection:
        assert status(connection) == 204
    assert time.monotonic() - began < 100 * BETWEEN
    assert len(served.asked) < 100


def test_what_clients_that_are_gone_have_sent_is_forgotten(served: Served) -> None:
    waiting = [served.sent(ATTEMPT) for _ in range(200)]
    for _ in range(2000):
        served.sent(ATTEMPT).close()
    eventually("no more wait than there are connections", lambda: len(served.throttle) <= 200)
    assert served.asked.count("/attempt") < 200
    for one in waiting:
        one.close()
    eventually("none waits", lambda: len(served.throttle) == 0)


def test_an_attempt_does_not_begin_in_the_context_of_another_request(served: Served) -> None:
    several = [served.sent(OTHER + ATTEMPT), *(served.sent(ATTEMPT) for _ in range(5))]
    assert {status(one) for one in (*several, several[0])} == {204}
    assert set(served.principals) == {ANONYMOUS}
    for one in several:
        one.close()


def test_an_attempt_that_arrives_at_the_end_is_not_looked_at(served: Served) -> None:
    begun = [served.sent(ATTEMPT[:-2]) for _ in range(250)]
    served.server.should_exit = True
    time.sleep(0.2)
    began = time.monotonic()
    for one in begun:
        with suppress(OSError):
            one.sendall(b"\r\n")
    served.stop()
    assert time.monotonic() - began < 100 * BETWEEN
    for one in begun:
        one.close()


def test_the_end_does_not_wait_for_attempts(served: Served) -> None:
    waiting = [served.sent(ATTEMPT) for _ in range(500)]
    began = time.monotonic()
    served.stop()
    assert time.monotonic() - began < 250 * BETWEEN
    for one in waiting:
        one.close()


def test_an_attempt_waits_even_where_there_is_no_room_for_any_request() -> None:
    full = Served(most=0)
    began = time.monotonic()
    with full.sent(ATTEMPT * 5) as connection:
        for _ in range(5):
            assert status(connection) == 503
        assert time.monotonic() - began > 4 * BETWEEN
    full.stop()
