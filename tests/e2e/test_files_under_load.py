"""Imports and exports whose clients are slow, many, or gone: the others are served all the same."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from e2e.answers import create, problem
from e2e.conftest import DATABASES
from e2e.processes import ServerProcess, eventually
from e2e.relay import relay
from postgres_fixtures import POSTGRES_NAMES
from running_servers import Storages

USERS = "/api/v1/users"
NDJSON = {"Content-Type": "application/x-ndjson"}
KNOWN = b'{"email":"user0@example.com","name":"Known already"}\n'
LONG_NAME = "\N{ROCKET}" * 200
# Far more than the buffers between server and client hold.
MANY = 5_000
MANY_USERS = "".join(
    f'{{"email":"user{number}@example.com","name":"{LONG_NAME}"}}\n' for number in range(MANY)
).encode()


@pytest.fixture(scope="module", params=DATABASES)
def narrow_server(
    request: pytest.FixtureRequest, storages: Storages, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """A server with a single connection, for one import at a time, and with many users."""
    with (
        storages.migrated(request.param) as url,
        ServerProcess(tmp_path_factory.mktemp("narrow"), DATABASE_URL=url, DATABASE_POOL_SIZE="1") as server,
        server.client() as http,
    ):
        assert http.post(f"{USERS}/import", content=MANY_USERS, headers=NDJSON).json()["imported"] == MANY
        yield server


@pytest.fixture
def http(narrow_server: ServerProcess) -> Iterator[httpx2.Client]:
    with narrow_server.client() as client:
        yield client


@contextmanager
def raw(server: ServerProcess, request: str) -> Iterator[socket.socket]:
    """A connection on which a request has been sent, with hardly any room for the answer."""
    with server.connect(receive_buffer=4096) as connection:
        connection.sendall(request.replace("\n", "\r\n").encode())
        yield connection


def export_begun(server: ServerProcess, connections: ExitStack) -> socket.socket:
    """An export of which the first bytes have been read, and no others."""
    connection = connections.enter_context(raw(server, f"GET {USERS}/export HTTP/1.1\nHost: localhost\n\n"))
    assert connection.recv(16) == b"HTTP/1.1 200 OK\r"
    return connection


def import_begun(server: ServerProcess, connections: ExitStack) -> socket.socket:
    """An import of which a part has been sent, and not the rest."""
    head = (
        f"POST {USERS}/import HTTP/1.1\nHost: localhost\nContent-Type: application/x-ndjson\nContent-Length: 100000\n\n"
    )
    connection = connections.enter_context(raw(server, head))
    connection.sendall(b'{"email":"unheard@example.com","name":"Nobody"}\n')
    return connection


def test_readers_who_stop_reading_hold_no_connection(narrow_server: ServerProcess, http: httpx2.Client) -> None:
    with ExitStack() as connections:
        for _ in range(5):
            export_begun(narrow_server, connections)
        user = create(http, "meanwhile@example.com")
        assert http.delete(f"{USERS}/{user['id']}").status_code == 204
        assert f"GET {USERS}/export" not in narrow_server.log, "an export has ended, so nothing was proven"


def test_readers_who_go_away_leave_nothing_behind(narrow_server: ServerProcess, http: httpx2.Client) -> None:
    with ExitStack() as connections:
        for _ in range(10):
            export_begun(narrow_server, connections)
    page = http.get(USERS, params={"limit": 1}, headers={"Prefer": "count=exact"})
    assert page.json()["total"] == MANY
    assert "defect" not in narrow_server.log


def test_an_import_beyond_the_places_for_them_is_turned_away_at_once(
    narrow_server: ServerProcess, http: httpx2.Client
) -> None:
    def import_nobody() -> httpx2.Response:
        return http.post(f"{USERS}/import?on_conflict=skip", content=KNOWN, headers=NDJSON)

    with ExitStack() as connections:
        import_begun(narrow_server, connections)
        eventually("the first import has begun", lambda: import_nobody().status_code == 503)
        answer = import_nobody()
        problem(answer, 503, "overloaded")
        assert answer.headers["retry-after"] == "1"
    # The first one's client is gone by now, and with it what it sent.
    eventually("the place is free again", lambda: import_nobody().status_code == 200)
    assert http.get(USERS, params={"email": "unheard@example.com"}).json()["items"] == []


def test_senders_who_go_away_leave_nothing_behind(narrow_server: ServerProcess, http: httpx2.Client) -> None:
    for _ in range(20):
        with ExitStack() as connections:
            import_begun(narrow_server, connections)
    user = create(http, "unheard@example.com")
    assert http.delete(f"{USERS}/{user['id']}").status_code == 204
    assert "defect" not in narrow_server.log


def test_an_export_whose_database_goes_away_is_broken_off_and_says_so_in_one_line(
    storages: Storages, tmp_path: Path
) -> None:
    with storages.migrated(POSTGRES_NAMES[-1]) as url, ExitStack() as connections:
        parts = urlsplit(url)
        network = connections.enter_context(relay((str(parts.hostname), parts.port or 5432)))
        network.plug_in()
        authority = f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{network.port}"
        far = parts._replace(netloc=authority).geturl()
        server = connections.enter_context(ServerProcess(tmp_path, DATABASE_URL=far))
        with server.client() as http:
            assert http.post(f"{USERS}/import", content=MANY_USERS, headers=NDJSON).json()["imported"] == MANY
        export = export_begun(server, connections)
        network.unplug()
        received = b"".join(iter(lambda: export.recv(65536), b""))
        assert not received.endswith(b"0\r\n\r\n")
        assert received.count(b"\n") < MANY
        eventually("the log says it", lambda: "answer broken off: storage-unavailable" in server.log)
        assert "Traceback" not in server.log
