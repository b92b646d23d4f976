"""What clients may make a worker hold: connections, bytes, time of its event loop, places for imports."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from e2e.answers import problem
from e2e.processes import ServerProcess, eventually
from running_servers import Storages

USERS = "/api/v1/users"
JSON = "application/json"
NDJSON = "application/x-ndjson"
LINE = '{"email":"a@example.com","name":"A"}\n'
# Seconds that another client may wait while a large body is read, on a busy machine.
LATE = 2.0


@pytest.fixture(scope="module")
def server(storages: Storages, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server on SQLite."""
    # The limits are those of each worker.
    limits = {"DATABASE_POOL_SIZE": "4", "SERVER_MAX_CONNECTIONS": "700", "SERVER_WORKERS": "1"}
    with (
        storages.migrated("sqlite") as url,
        ServerProcess(tmp_path_factory.mktemp("server"), DATABASE_URL=url, **limits) as running,
    ):
        yield running


def head(path: str, media_type: str, length: int) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Type: {media_type}", f"Content-Length: {length}"]
    return "\r\n".join([*lines, "", ""]).encode()


@contextmanager
def stalled(server: ServerProcess, number: int, content: bytes) -> Iterator[list[socket.socket]]:
    """Connections that have sent this and send no more."""
    address = urlsplit(server.url)
    with ExitStack() as stack:
        opened = []
        for _ in range(number):
            one = stack.enter_context(socket.create_connection((str(address.hostname), int(address.port or 0)), 30))
            with suppress(OSError):  # the server may have refused it by now
                one.sendall(content)
            opened.append(one)
        yield opened


def resident(server: ServerProcess) -> int:
    """The memory of the server, in bytes."""
    [line] = [one for one in Path(f"/proc/{server.pid}/status").read_text().splitlines() if one.startswith("VmRSS")]
    return int(line.split()[1]) * 1024


@contextmanager
def longest_wait(http: httpx2.Client) -> Iterator[list[float]]:
    """The longest wait of another client for `/livez` meanwhile, in seconds: the only member of the list."""
    waits = [0.0]
    ended = threading.Event()

    def ask() -> None:
        while not ended.is_set():
            began = time.monotonic()
            assert http.get("/livez").status_code == 200
            waits[0] = max(waits[0], time.monotonic() - began)
            time.sleep(0.005)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield waits
    finally:
        ended.set()
        thread.join(30)


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (
            {"items": [{"email": "a@example.com", "name": "A"} | {f"unknown{n}": 0 for n in range(50_000)}]},
            "malformed-request",
        ),
        ({"items": [{}] * 300_000}, "batch-size-out-of-range"),
        ({"items": [{f"unknown{n}": 0 for n in range(500)} for _ in range(100)]}, "unknown-field"),
        ({f"unknown{n}": [] for n in range(50_000)}, "malformed-request"),
    ],
    ids=["one large item", "many empty items", "a hundred items", "no items"],
)
def test_a_large_body_delays_no_other_client(server: ServerProcess, document: object, code: str) -> None:
    content = json.dumps(document, separators=(",", ":"))
    assert len(content) <= 1 << 20
    with server.client() as http, server.client() as other:
        with longest_wait(other) as waits:
            answer = http.post(f"{USERS}/batch", content=content, headers={"Content-Type": JSON})
        if code == "malformed-request":
            assert "more than" in problem(answer, 400, code)["detail"]
        else:
            assert code in {error["code"] for error in problem(answer, 422, "validation-failed")["errors"]}
    assert waits[0] < LATE


def test_uploads_that_stall_cost_little_memory(server: ServerProcess) -> None:
    before = resident(server)
    with stalled(server, 500, head(f"{USERS}/batch", JSON, 1 << 20) + b" " * (256 * 1024)), server.client() as http:
        assert http.get("/livez").status_code == 200
        assert resident(server) - before < 64 * 1024 * 1024


def test_a_connection_too_many_is_told_to_come_back(server: ServerProcess) -> None:
    with stalled(server, 700, b""), server.client() as http:
        refused = http.get(USERS)
        problem(refused, 503, "overloaded")
        assert int(refused.headers["retry-after"]) >= 1
        assert http.get("/livez").status_code == 200
    with server.client() as http:
        eventually("connections are free again", lambda: http.get(USERS).status_code == 200)


def test_imports_without_content_keep_no_place(server: ServerProcess) -> None:
    with stalled(server, 5, head(f"{USERS}/import", NDJSON, 100)), server.client() as http:
        answer = http.post(
            f"{USERS}/import",
            content=LINE,
            headers={"Content-Type": NDJSON},
        )
        assert (answer.status_code, answer.json()["imported"]) == (200, 1)


def test_imports_that_begin_and_do_not_go_on_give_way(server: ServerProcess) -> None:
    with (
        stalled(server, 5, head(f"{USERS}/import?on_conflict=skip", NDJSON, 1000) + LINE.encode()),
        server.client() as http,
    ):
        time.sleep(1.2)
        answer = http.post(f"{USERS}/import?on_conflict=skip", content=LINE, headers={"Content-Type": NDJSON})
        assert answer.status_code == 200
    assert "Traceback" not in server.log


@pytest.mark.parametrize("on_conflict", ["fail", "skip"])
def test_a_file_of_lines_that_are_none_is_given_up(server: ServerProcess, on_conflict: str) -> None:
    with server.client() as http, server.client() as other:
        began = time.monotonic()
        with longest_wait(other) as waits:
            answer = http.post(
                f"{USERS}/import?on_conflict={on_conflict}",
                content=b"\n" * (2 << 20),
                headers={"Content-Type": NDJSON},
            )
        document = problem(answer, 422, "validation-failed")
        assert "10000" in document["detail"]
        assert document["rejected"] > 10_000
        assert time.monotonic() - began < 10
    assert waits[0] < LATE
