"""The service as its users meet it: over HTTP and as a command, on each storage."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx2
import pytest

from e2e.processes import ServerProcess
from entrypoints.cli.schema_project import schema_project
from postgres_fixtures import POSTGRES_NAMES, PostgresServers
from schema_tools.migrations import runner

STORAGES = ["memory", "sqlite", *POSTGRES_NAMES]
# For tests that take seconds each, because they start servers of their own.
DATABASES = ["sqlite", POSTGRES_NAMES[-1]]


@dataclass(frozen=True)
class Storages:
    """New, empty storages by name."""

    postgres_servers: PostgresServers
    tmp_path_factory: pytest.TempPathFactory

    @contextmanager
    def migrated(self, name: str) -> Iterator[str]:
        """The DATABASE_URL of a storage that is ready for use."""
        if name in POSTGRES_NAMES:
            with self.postgres_servers.migrated_database(name) as url:
                yield url
            return
        with self.unmigrated(name) as url:
            if name == "sqlite":
                runner.upgrade(schema_project(), url)
            yield url

    @contextmanager
    def unmigrated(self, name: str) -> Iterator[str]:
        """The DATABASE_URL of a database without any table."""
        if name == "memory":
            yield "memory://"
        elif name == "sqlite":
            yield f"sqlite+aiosqlite:///{self.tmp_path_factory.mktemp('sqlite')}/service.db"
        else:
            with self.postgres_servers.empty_database(name) as url:
                yield url


@pytest.fixture(scope="session")
def storages(postgres_servers: PostgresServers, tmp_path_factory: pytest.TempPathFactory) -> Storages:
    """Every storage there is."""
    return Storages(postgres_servers, tmp_path_factory)


@pytest.fixture(scope="session", params=STORAGES)
def server(
    request: pytest.FixtureRequest, storages: Storages, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ServerProcess]:
    """A running server, one per storage, shared by the tests that leave it as they found it."""
    with (
        storages.migrated(request.param) as url,
        ServerProcess(tmp_path_factory.mktemp("server"), DATABASE_URL=url) as running,
    ):
        yield running


@pytest.fixture
def http(server: ServerProcess) -> Iterator[httpx2.Client]:
    """A client of the shared server, where there is no user yet."""
    with server.client() as client:
        _delete_everybody(client)
        yield client


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, storages: Storages) -> Iterator[str]:
    """A database of the test's own, at head."""
    with storages.migrated(request.param) as url:
        yield url


@pytest.fixture(params=DATABASES)
def unmigrated_url(request: pytest.FixtureRequest, storages: Storages) -> Iterator[str]:
    """A database of the test's own, without any table."""
    with storages.unmigrated(request.param) as url:
        yield url


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the servers logged beside the failure of a test."""
    report = yield
    if report.failed:
        report.sections += [(f"log of server {one.pid}", one.log[-10_000:]) for one in ServerProcess.running]
    return report


def _delete_everybody(http: httpx2.Client) -> None:
    while users := http.get("/api/v1/users", params={"limit": 100}).json()["items"]:
        for user in users:
            assert http.delete(f"/api/v1/users/{user['id']}").status_code == 204
