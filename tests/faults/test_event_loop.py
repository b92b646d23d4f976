"""No request holds the event loop, in which every other request of the worker waits: measured step by step."""

import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from e2e.processes import ServerProcess
from e2e.raw_connections import connection_to
from faults.costly_requests import costly_requests, request
from running_servers import Storages

MEASURED = Path(__file__).with_name("measured_service.py")
# Milliseconds of the processor. The longest step takes 12 of them; where cores and caches are shared with other
# work, the same may take twice as long.
LONGEST = 30.0


class Steps:
    """The long steps of a server's event loop, each as milliseconds and what it was."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read = 0

    def new(self) -> list[tuple[float, str]]:
        """Those since the last call."""
        content = self._file.read_text(encoding="utf-8")
        lines, self._read = content[self._read :].splitlines(), len(content)
        return [(float(took), name) for took, _, name in (line.partition(" ") for line in lines)]


@pytest.fixture(scope="module", params=["sqlite", "newest"])
def measured(
    request: pytest.FixtureRequest, storages: Storages, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ServerProcess, Steps]]:
    """A server whose steps are measured, on both databases."""
    from postgres_fixtures import POSTGRES_NAMES

    storage = POSTGRES_NAMES[-1] if request.param == "newest" else request.param
    directory = tmp_path_factory.mktemp("server")
    steps = directory / "steps"
    command = (sys.executable, str(MEASURED))
    with (
        storages.migrated(storage) as url,
        ServerProcess(
            directory, command=command, DATABASE_URL=url, SERVER_WORKERS="1", STEPS_FILE=str(steps)
        ) as running,
    ):
        yield running, Steps(steps)


def send(server: ServerProcess, content: bytes) -> bytes:
    """Send a request and read its answer, of which the status is returned."""
    with connection_to(server) as connection:
        with suppress(ConnectionError):  # the server may have refused it by now
            connection.sendall(content)
        received = connection.recv(1 << 16)
        with suppress(ConnectionError):
            while connection.recv(1 << 20):
                pass
    return received[9:12]


def test_no_request_holds_the_event_loop(measured: tuple[ServerProcess, Steps]) -> None:
    server, steps = measured
    # What a process does once, such as importing a module, is not the request's.
    assert send(server, request("GET", "/api/v1/users?limit=1")) == b"200"
    steps.new()
    longest: list[tuple[float, str, str]] = []
    sent = 0
    for name, content in costly_requests():
        assert send(server, content)[:1] in {b"2", b"3", b"4"}, name
        sent += 1
        longest += [(took, name, step) for took, step in steps.new()]
    assert sent > 200
    assert max(longest)[0] < LONGEST, sorted(longest, reverse=True)[:5]


def test_a_step_that_takes_longer_is_found(measured: tuple[ServerProcess, Steps]) -> None:
    server, steps = measured
    tags = b"If-None-Match: %s\r\n" % (b'"1-1",' * 1300)
    steps.new()
    assert send(server, request("PATCH", "/api/v1/users/1", b"{}", "application/merge-patch+json", more=tags * 3))
    assert steps.new()
