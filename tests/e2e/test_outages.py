"""The service without its database, and without the schema it needs: it says so, and recovers by itself."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from e2e.answers import create, problem
from e2e.processes import ServerProcess, eventually, run_cli
from e2e.relay import Relay, relay
from postgres_fixtures import POSTGRES_NAMES
from running_servers import Storages


def unavailable(answer: httpx2.Response) -> str:
    """Why the service says that the storage is unavailable."""
    document = problem(answer, 503, "storage-unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    detail: str = document["detail"]
    return detail


def wait_until_ready(http: httpx2.Client) -> None:
    eventually("the service is ready", lambda: http.get("/readyz").status_code == 200)


def run_migrations(direction: str, directory: Path, url: str) -> None:
    # Even without rows of its own, an audited service has rows in its trail.
    done = run_cli("db", direction, *(["--yes"] if direction == "downgrade" else []), cwd=directory, DATABASE_URL=url)
    assert (done.returncode, done.stderr) == (0, "")


def test_migrations_are_pending_until_they_are_run_without_a_restart(unmigrated_url: str, tmp_path: Path) -> None:
    with (
        ServerProcess(tmp_path, ready="/livez", DATABASE_URL=unmigrated_url) as server,
        server.client() as http,
    ):
        assert http.get("/livez").status_code == 200
        assert "`fastapi-service db upgrade`" in unavailable(http.get("/readyz"))
        for method, path in (("GET", "/api/v1/users"), ("GET", "/api/v1/users/1"), ("DELETE", "/api/v1/users/1")):
            unavailable(http.request(method, path))
        unavailable(http.post("/api/v1/users", json={"email": "a@example.com", "name": "A"}))

        run_migrations("upgrade", tmp_path, unmigrated_url)
        wait_until_ready(http)
        create(http)

        run_migrations("downgrade", tmp_path, unmigrated_url)
        eventually("readiness notices the older schema", lambda: http.get("/readyz").status_code == 503)
        assert "`fastapi-service db upgrade`" in unavailable(http.get("/readyz"))


@pytest.fixture(params=POSTGRES_NAMES[-1:])
def far_database(request: pytest.FixtureRequest, storages: Storages) -> Iterator[tuple[str, Relay]]:
    """A database at the other end of a network that is down at first."""
    with storages.migrated(request.param) as url:
        parts = urlsplit(url)
        with relay((str(parts.hostname), parts.port or 5432)) as network:
            authority = f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{network.port}"
            yield parts._replace(netloc=authority).geturl(), network


def test_a_service_outlives_its_database_and_serves_again_when_it_is_back(
    far_database: tuple[str, Relay], tmp_path: Path
) -> None:
    url, network = far_database
    with ServerProcess(tmp_path, ready="/livez", DATABASE_URL=url) as server, server.client() as http:

        def is_down_and_says_so() -> None:
            assert http.get("/livez").json() == {"status": "alive"}
            unavailable(http.get("/readyz"))
            unavailable(http.get("/api/v1/users"))
            unavailable(http.post("/api/v1/users", json={"email": "a@example.com", "name": "A"}))
            unavailable(http.delete("/api/v1/users/1"))

        is_down_and_says_so()
        network.plug_in()
        wait_until_ready(http)
        create(http, "a@example.com")

        network.unplug()
        eventually("readiness notices the outage", lambda: http.get("/readyz").status_code == 503)
        is_down_and_says_so()
        network.plug_in()
        wait_until_ready(http)
        create(http, "b@example.com")
        emails = [user["email"] for user in http.get("/api/v1/users").json()["items"]]
        assert emails == ["a@example.com", "b@example.com"]
        assert str(urlsplit(url).password) not in server.log


def test_a_server_that_is_told_to_stop_ends_in_good_order(tmp_path: Path) -> None:
    with ServerProcess(tmp_path, DATABASE_URL="memory://") as server:
        assert server.stop() == 0
        assert "Application shutdown complete" in server.log
        assert "Traceback" not in server.log
