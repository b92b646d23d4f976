"""The service as its users meet it: storages by name, and one running server per storage for the whole run.

A pytest plugin that `conftest.py` loads, so that packages of tests that ask for the same storage share its server.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from postgres_fixtures import POSTGRES_NAMES, PostgresServers

if TYPE_CHECKING:
    # Not imported before a test asks for a server, so that runs without one start fast.
    import httpx2

    from e2e.processes import ServerProcess

RunningServers: TypeAlias = Callable[[str], "ServerProcess"]


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
                from entrypoints.cli.schema_project import schema_project
                from schema_tools.migrations import runner

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

    @contextmanager
    def servers(self, **options: Any) -> Iterator[RunningServers]:
        """Servers by storage, with these options of `ServerProcess`: each is started when it is first asked for."""
        from e2e.processes import ServerProcess

        started: dict[str, ServerProcess] = {}
        with ExitStack() as until_the_end:

            def running(name: str) -> ServerProcess:
                if name not in started:
                    url = until_the_end.enter_context(self.migrated(name))
                    directory = self.tmp_path_factory.mktemp("server")
                    server = ServerProcess(directory, DATABASE_URL=url, **options)
                    started[name] = until_the_end.enter_context(server)
                return started[name]

            yield running


@pytest.fixture(scope="session")
def storages(postgres_servers: PostgresServers, tmp_path_factory: pytest.TempPathFactory) -> Storages:
    """Every storage there is."""
    return Storages(postgres_servers, tmp_path_factory)


@pytest.fixture(scope="session")
def running_servers(storages: Storages) -> Iterator[RunningServers]:
    """The server on the storage of a name: started when it is first asked for, stopped at the end of the run."""
    with storages.servers() as running:
        yield running


@pytest.fixture
def http(server: "ServerProcess") -> Iterator["httpx2.Client"]:
    """A client of the shared server, which is empty. Packages say what `server` is."""
    with server.client() as client:
        _delete_everything(client, _collections(server))
        yield client


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the servers logged beside the failure of a test."""
    report = yield
    if report.failed:
        from e2e.processes import ServerProcess

        report.sections += [(f"log of server {one.pid}", one.log[-10_000:]) for one in ServerProcess.running]
    return report


@cache
def _collections(server: "ServerProcess") -> list[str]:
    """The addresses of the server's lists, of whatever resources there are."""
    with server.client() as client:
        paths = client.get("/openapi.json").json()["paths"]
    return [path for path, operations in paths.items() if {"get", "post"} <= operations.keys()]


def _delete_everything(http: "httpx2.Client", collections: list[str]) -> None:
    """Delete all resources; one that another refers to can be deleted in a later round."""
    left = True
    while left:
        left = False
        for path in collections:
            for item in http.get(path, params={"limit": 100}).json()["items"]:
                left = True
                assert http.delete(f"{path}/{item['id']}").status_code in {204, 409}
