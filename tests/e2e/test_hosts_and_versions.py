"""What proxies, older clients and pages of strangers send: the host that is meant, HTTP/1.0, a body that is empty."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from e2e.answers import create, problem
from e2e.processes import ServerProcess
from e2e.raw_connections import answers_to, connection_to


@pytest.fixture(scope="module")
def memory_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with ServerProcess(tmp_path_factory.mktemp("server"), DATABASE_URL="memory://") as running:
        yield running


@pytest.fixture(scope="module")
def named_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server of one name."""
    hosts = {"ALLOWED_HOSTS": "api.example.com,127.0.0.1"}
    with ServerProcess(tmp_path_factory.mktemp("server"), DATABASE_URL="memory://", **hosts) as running:
        yield running


def status(server: ServerProcess, request: bytes) -> int:
    [answer] = answers_to(server, request.replace(b"\n", b"\r\n") + b"Connection: close\r\n\r\n")
    return answer.status_code


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "127.0.0.1", "127.9.9.9", "[::1]"])
def test_a_server_on_loopback_answers_to_the_names_of_this_machine(memory_server: ServerProcess, host: str) -> None:
    assert status(memory_server, f"GET /livez HTTP/1.1\nHost: {host}:8000\n".encode()) == 200


@pytest.mark.parametrize("host", ["rebind.example", "127.0.0.1.nip.io", "192.168.0.1", "localhost.example.com"])
def test_a_server_on_loopback_answers_to_no_other_name(memory_server: ServerProcess, host: str) -> None:
    assert status(memory_server, f"GET /livez HTTP/1.1\nHost: {host}\n".encode()) == 400


def test_the_host_of_an_address_wins_over_the_header(named_server: ServerProcess) -> None:
    def asked(target: str, host: str) -> int:
        return status(named_server, f"GET {target} HTTP/1.1\nHost: {host}\n".encode())

    assert asked("http://api.example.com/livez", "elsewhere.example") == 200
    assert asked("http://api.example.com:8080/livez", "elsewhere.example") == 200
    assert asked("http://elsewhere.example/livez", "api.example.com") == 400
    assert asked("http://user@api.example.com/livez", "api.example.com") == 400


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS"])
def test_an_empty_body_in_chunks_is_no_body(memory_server: ServerProcess, method: str) -> None:
    head = f"{method} /api/v1/users/1 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    follows = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with connection_to(memory_server) as connection:
        connection.sendall(head + b"0\r\n\r\n" + follows)
        received = connection.makefile("rb").read()
    assert b"malformed" not in received
    assert received.endswith(b'{"status":"alive"}')

    if method != "HEAD":
        [answer] = answers_to(memory_server, head + b"1\r\nx\r\n0\r\n\r\n")
        problem(answer, 400, "malformed-request")


def test_an_export_over_http_1_0_ends_with_the_connection(memory_server: ServerProcess) -> None:
    with memory_server.client() as http:
        create(http)
        exported = http.get("/api/v1/users/export").content
    address = urlsplit(memory_server.url)
    with connection_to(memory_server) as connection:
        connection.sendall(f"GET /api/v1/users/export HTTP/1.0\r\nHost: {address.netloc}\r\n\r\n".encode())
        head, _, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
    assert b"chunked" not in head.lower()
    assert b"connection: close" in head.lower()
    assert body == exported
    assert status(memory_server, b"GET /livez HTTP/1.0\n") == 200


def test_addresses_in_answers_are_below_the_path_that_a_proxy_publishes(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, DATABASE_URL="memory://", PUBLIC_PATH="/shop/api") as server, server.client() as http:
        _, created = [http.post("/api/v1/users", json={"email": f"{n}@example.com", "name": "A"}) for n in range(2)]
        assert created.headers["location"] == "/shop/api/api/v1/users/2"
        listed = http.get("/api/v1/users?limit=1")
        assert listed.headers["link"].startswith("</shop/api/api/v1/users?limit=1&cursor=")
        assert [one["url"] for one in http.get("/openapi.json").json()["servers"]] == ["/shop/api"]
