"""More requests than one worker can carry: it serves as many as before, and refuses the others at once."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from e2e.answers import problem
from e2e.processes import ServerProcess
from running_servers import Storages

USERS = "/api/v1/users"
GENERATOR = Path(__file__).parents[1] / "benchmarks" / "open_loop.py"
REQUEST = f"GET {USERS}?limit=50 HTTP/1.1\r\nHost: localhost\r\n\r\n"
# Requests a second that no worker can carry.
FLOOD = 12_000
SECONDS = 3.0


@pytest.fixture(scope="module")
def server(storages: Storages, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server on the memory storage, where a request takes nothing but time of the processor, with some users."""
    with (
        storages.migrated("memory") as url,
        ServerProcess(tmp_path_factory.mktemp("server"), DATABASE_URL=url) as running,
    ):
        with running.client() as http:
            for number in range(50):
                http.post(USERS, json={"email": f"user{number}@example.com", "name": "A"}).raise_for_status()
        yield running


@contextmanager
def load(server: ServerProcess, connections: int) -> Iterator[dict[str, Any]]:
    """A flood from so many connections, while the block lasts; what it came to is in the dictionary afterwards."""
    found: dict[str, Any] = {}
    order = {"port": int(server.url.rpartition(":")[2]), "requests": [REQUEST], "rate": FLOOD, "seconds": SECONDS}
    with subprocess.Popen(
        [sys.executable, "-I", GENERATOR], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
    ) as generator:
        assert generator.stdin
        assert generator.stdout
        generator.stdin.write(json.dumps({**order, "warm_up": 0.0, "connections": connections}) + "\n")
        generator.stdin.flush()
        try:
            yield found
            found |= json.loads(generator.stdout.readline())
        finally:
            generator.kill()


def test_a_flood_costs_neither_goodput_nor_health_checks(server: ServerProcess) -> None:
    with load(server, connections=8) as carried:
        pass
    assert carried["statuses"].keys() == {"200"}
    waits: list[float] = []
    began = threading.Event()
    with load(server, connections=400) as flooded:
        ended = time.monotonic() + SECONDS
        while time.monotonic() < ended:
            with server.client() as http:  # a connection of its own, as load balancers ask
                asked = time.monotonic()
                assert http.get("/livez").status_code == 200
                waits.append(time.monotonic() - asked)
            began.wait(0.02)
    assert flooded["statuses"]["503"] > flooded["statuses"]["200"] / 2
    assert flooded["statuses"].keys() == {"200", "503"}
    assert flooded["broken"] == 0
    # Without a bound on what is taken on, goodput falls to a twentieth, and health checks wait for seconds.
    assert flooded["statuses"]["200"] > carried["statuses"]["200"] / 4
    assert sorted(waits)[len(waits) // 2] < 0.2
    assert max(waits) < 2


def test_refusals_say_when_to_come_back_and_are_counted_in_the_log(server: ServerProcess) -> None:
    with load(server, connections=400), server.client() as http:
        answers = [http.get(USERS, params={"limit": 1}) for _ in range(200)]
        created = [http.post(USERS, json={"email": "late@example.com", "name": "A"}) for _ in range(50)]
    refused = [one for one in answers + created if one.status_code == 503]
    assert refused
    for one in refused:
        problem(one, 503, "overloaded")
        assert one.headers["retry-after"] == "1"
    assert "requests were refused" in server.log
