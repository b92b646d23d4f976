"""Faults of a real server under load: nothing acknowledged is lost, nothing refused is kept, and waits are bounded."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from e2e.processes import WORKERS, ServerProcess, eventually
from e2e.relay import Relay, relay
from faults.ledger import USERS, WRITERS, Ledger, Watch, seconds_until
from postgres_fixtures import POSTGRES_NAMES
from schema_tools.postgres.server import PostgresServer
from schema_tools.testing.postgres_servers import SELECTION, SMALL_LOG

# Seconds: the deadline of the servers here, and what an answer may take beyond it on a slow machine.
DEADLINE = 1.5
LATE = 2.0
FAULT = 3.0
_LIMITS = {
    "REQUEST_TIMEOUT": str(DEADLINE),
    "DATABASE_POOL_SIZE": "5",
    "DATABASE_POOL_QUEUE": "50",
    "DATABASE_LOCK_TIMEOUT": "0.5",
}


@dataclass(frozen=True)
class Scene:
    """A service, and its database at the other end of a network."""

    server: ServerProcess
    network: Relay
    postgres: PostgresServer
    admin: str

    def sql(self, *statements: str) -> None:
        """Execute statements as the superuser, past the network."""
        with psycopg.connect(self.admin, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def processes(self) -> list[int]:
        """The server's processes, the first of which started the others."""
        first = self.postgres.pid or 0
        found = [first]
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = status.read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it has ended
            if int(fields[1]) == first:
                found.append(int(status.parent.name))
        return found

    def clients(self) -> list[int]:
        """The server's processes that serve the service."""
        query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'fastapi-service'"
        with psycopg.connect(self.admin, autocommit=True) as connection:
            return [pid for (pid,) in connection.execute(query)]


@contextmanager
def frozen(scene: Scene) -> Iterator[None]:
    """All processes of the server are stopped, as on a machine without memory or with a disk that hangs."""
    stopped = scene.processes()
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)


@contextmanager
def black_hole(scene: Scene) -> Iterator[None]:
    """The network passes nothing on."""
    scene.network.freeze()
    try:
        yield
    finally:
        scene.network.thaw()


@contextmanager
def broken_network(scene: Scene) -> Iterator[None]:
    """Connections break, and none can be made."""
    scene.network.unplug()
    try:
        yield
    finally:
        scene.network.plug_in()


@contextmanager
def ended_connections(scene: Scene) -> Iterator[None]:
    """An operator ends the service's connections, over and over: before, in and after COMMIT."""
    for _ in range(60):
        scene.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'fastapi-service'"
            " ORDER BY random() LIMIT 2"
        )
        time.sleep(0.01)
    yield


@contextmanager
def crashing_server(scene: Scene) -> Iterator[None]:
    """A process of the server dies, so that all of it starts anew and recovers from its log."""
    for pid in scene.clients()[:1]:
        os.kill(pid, signal.SIGKILL)
    yield


@contextmanager
def stuck_standby(scene: Scene) -> Iterator[None]:
    """COMMIT waits for a synchronous standby that never answers."""
    scene.sql("ALTER SYSTEM SET synchronous_standby_names = 'missing'", "SELECT pg_reload_conf()")
    try:
        yield
    finally:
        scene.sql("ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()")


@contextmanager
def locked_table(scene: Scene) -> Iterator[None]:
    """A session keeps the table for itself."""
    with psycopg.connect(scene.admin) as connection:
        connection.execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE")
        yield


@contextmanager
def killed_worker(scene: Scene) -> Iterator[None]:
    """A worker of the service is killed; its supervisor starts another."""
    os.kill(scene.server.worker_pids[0], signal.SIGKILL)
    yield


@pytest.fixture(scope="module", params=POSTGRES_NAMES[-1:])
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A service on a server of its own."""
    if request.param not in SELECTION.installations:
        pytest.skip("it stops and kills the server, so it wants one that it starts itself")
    from entrypoints.cli.schema_project import schema_project
    from schema_tools.migrations import runner

    postgres = PostgresServer(SELECTION.installations[request.param], settings=SMALL_LOG)
    with postgres as running:
        url = running.create_database("ledger").render_as_string(hide_password=False)
        runner.upgrade(schema_project(), url)
        parts = urlsplit(url)
        with relay((str(parts.hostname), parts.port or 5432)) as network:
            network.plug_in()
            far = parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{network.port}").geturl()
            directory = tmp_path_factory.mktemp("ledger")
            workers = os.environ.get(WORKERS, "2")
            with ServerProcess(directory, "--workers", workers, DATABASE_URL=far, **_LIMITS) as server:
                yield Scene(server, network, postgres, url.replace("+psycopg", ""))


FAULTS: dict[Callable[[Scene], AbstractContextManager[None]], set[str]] = {
    frozen: {"deadline-exceeded", "commit-outcome-unknown", "overloaded", "storage-unavailable"},
    black_hole: {"deadline-exceeded", "commit-outcome-unknown", "overloaded", "storage-unavailable"},
    broken_network: {"commit-outcome-unknown", "storage-unavailable"},
    ended_connections: {"commit-outcome-unknown", "storage-unavailable"},
    crashing_server: {"commit-outcome-unknown", "storage-unavailable"},
    stuck_standby: {"deadline-exceeded", "commit-outcome-unknown", "overloaded"},
    locked_table: {"deadline-exceeded", "overloaded"},
    killed_worker: {"broken connection"},
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_what_was_answered_is_what_is_stored(
    scene: Scene, fault: Callable[[Scene], AbstractContextManager[None]]
) -> None:
    server = scene.server
    if fault is killed_worker and len(server.worker_pids) == 1:
        pytest.skip("a worker that is alone is the service")
    with server.client() as http:
        eventually("the service is ready", lambda: http.get("/readyz").status_code == 200)
    scene.sql("TRUNCATE users, idempotency_keys")
    with Watch(server, "/livez") as alive, Watch(server, "/readyz") as ready, Ledger(server) as ledger:
        ledger.written(5 * WRITERS)
        with fault(scene):
            time.sleep(FAULT)
        with server.client() as http:
            recovery = seconds_until(lambda: http.get(USERS).status_code == 200)
        ledger.written(5 * WRITERS)
    with server.client() as http:
        ledger.settle(http)
    assert ledger.compare(scene.admin.replace("postgresql:", "postgresql+psycopg:")) == []
    felt = set(ledger.outcomes) - {"acknowledged"}
    assert felt
    assert felt <= FAULTS[fault]
    assert ledger.slowest < DEADLINE + LATE
    assert alive.statuses == {200}
    assert (alive.slowest < LATE, ready.slowest < 2 + LATE, recovery < 1 + LATE) == (True, True, True)
