"""An address that has tried too many credentials waits for its answers, and costs the others nothing."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from e2e.answers import problem
from e2e.processes import ServerProcess
from e2e.raw_connections import connection_to, read_answers

USERS = "/api/v1/users"
CLIENTS = 40
# Seconds that so many attempts take one after the other: a server looks at 20 in a second.
IN_TURN = (CLIENTS - 1) * 0.05
LIMIT = {"auth_mode": "oidc", "DATABASE_URL": "memory://", "FAILED_AUTHENTICATION_LIMIT": "3/1h"}


@pytest.fixture
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that lets an address try three credentials, and its settings if there are more."""
    with ServerProcess(tmp_path_factory.mktemp("server"), **{**LIMIT, **getattr(request, "param", {})}) as running:
        yield running


def attempt(number: int) -> bytes:
    """A request with a credential that nobody was given, after which the connection ends."""
    head = f"GET {USERS} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer a.b.c{number}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode()


def attempts(server: ServerProcess, connections: ExitStack) -> list[float]:
    """When each of many attempts that were sent at once was refused, in seconds since then."""
    began, refused = time.monotonic(), []
    opened = [connections.enter_context(connection_to(server, with_credential=False)) for _ in range(CLIENTS)]
    for number, connection in enumerate(opened):
        connection.sendall(attempt(number))
    with server.client() as http:
        for _ in range(5):
            assert http.get(USERS).status_code == 200
            assert http.get("/livez", headers={"Authorization": "Bearer a.b.c"}).status_code == 200
    meanwhile = time.monotonic() - began
    for connection in opened:
        [answer] = read_answers(connection)
        problem(answer, 429, "rate-limited")
        refused.append(time.monotonic() - began)
    return [meanwhile, *refused]


def exhaust_the_limit(server: ServerProcess) -> None:
    """Use up the limit, and the credential that is good."""
    with server.client() as http:
        assert http.get(USERS).status_code == 200
        for number in range(3):
            problem(http.get(USERS, headers={"Authorization": f"Bearer a.b.{number}"}), 401, "unauthenticated")


def test_attempts_beyond_the_limit_wait_for_their_turn_and_nothing_else_does(server: ServerProcess) -> None:
    exhaust_the_limit(server)
    with ExitStack() as connections:
        meanwhile, *refused = attempts(server, connections)
    assert max(refused) > IN_TURN
    assert meanwhile < max(refused)


@pytest.mark.parametrize("server", [{"TRUSTED_PROXIES": "127.0.0.1"}], indirect=True)
def test_nothing_waits_on_connections_of_a_trusted_proxy(server: ServerProcess) -> None:
    exhaust_the_limit(server)
    began = time.monotonic()
    with server.client() as http:
        for number in range(CLIENTS * 5):
            answer = http.get(USERS, headers={"Authorization": f"Bearer a.b.c{number}"})
            assert answer.status_code == 429
    assert time.monotonic() - began < IN_TURN * 5
