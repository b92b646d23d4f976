"""The storages of the contract, and the servers on them."""

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

import e2e.defective_service
from e2e.answers import create
from e2e.processes import ServerProcess
from http_contract.protected import ProtectedService, remove_users
from http_contract.talking import USERS
from postgres_fixtures import POSTGRES_NAMES
from running_servers import RunningServers, Storages

# What differs between two releases of PostgreSQL is below the ports, and tested there.
STORAGES = ["memory", "sqlite", POSTGRES_NAMES[-1]]
DATABASES = STORAGES[1:]
# A server with these has little patience and little room, and lets nobody write blindly; it also has two defects.
STRICT = {
    "REQUIRE_IF_MATCH": "true",
    "DATABASE_POOL_SIZE": "1",
    "DATABASE_POOL_TIMEOUT": "0.3",
    "DATABASE_LOCK_TIMEOUT": "0.3",
    "SERVER_BODY_TIMEOUT": "0.3",
}
DEFECTIVE = (sys.executable, str(Path(e2e.defective_service.__file__)))


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker with which a test says why it does not run on every storage."""
    config.addinivalue_line("markers", "fewer_storages(reason): the line cannot be tested on every storage, and why")


@pytest.fixture(scope="session", params=STORAGES)
def server(request: pytest.FixtureRequest, running_servers: RunningServers) -> ServerProcess:
    """A running server, one per storage, shared by the tests that leave it as they found it."""
    return running_servers(request.param)


@pytest.fixture(scope="session", params=DATABASES)
def database_server(request: pytest.FixtureRequest, running_servers: RunningServers) -> ServerProcess:
    """The shared server on each database."""
    return running_servers(request.param)


@pytest.fixture(scope="session", params=DATABASES[-1:])
def postgres_server(request: pytest.FixtureRequest, running_servers: RunningServers) -> ServerProcess:
    """The shared server on PostgreSQL."""
    return running_servers(request.param)


@pytest.fixture
def ada(http: httpx2.Client) -> str:
    """The address of a user."""
    return f"{USERS}/{create(http)['id']}"


@pytest.fixture(params=STORAGES)
def storage_url(request: pytest.FixtureRequest, storages: Storages) -> Iterator[str]:
    """A storage of the test's own."""
    with storages.migrated(request.param) as url:
        yield url


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, storages: Storages) -> Iterator[str]:
    """A database of the test's own."""
    with storages.migrated(request.param) as url:
        yield url


@pytest.fixture(scope="session")
def strict_servers(storages: Storages) -> Iterator[RunningServers]:
    """Servers with the settings of `STRICT`, by storage."""
    with storages.servers(command=DEFECTIVE, **STRICT) as running:
        yield running


@pytest.fixture(scope="session", params=STORAGES)
def strict_server(request: pytest.FixtureRequest, strict_servers: RunningServers) -> ServerProcess:
    """A server with the settings of `STRICT`."""
    return strict_servers(request.param)


@pytest.fixture(scope="session", params=STORAGES)
def shared_protected(request: pytest.FixtureRequest, storages: Storages) -> Iterator[ProtectedService]:
    """The service with API keys, one per storage."""
    with storages.migrated(request.param) as url, ProtectedService(url) as service:
        yield service


@pytest.fixture
def protected(shared_protected: ProtectedService) -> ProtectedService:
    """The service with API keys, and without users."""
    remove_users(shared_protected)
    return shared_protected


@pytest.fixture(scope="session", params=STORAGES)
def shared_own_users(request: pytest.FixtureRequest, storages: Storages) -> Iterator[ProtectedService]:
    """The service whose users see themselves only, one per storage."""
    with storages.migrated(request.param) as url, ProtectedService(url, access_policy="own-users") as service:
        yield service


@pytest.fixture
def own_users(shared_own_users: ProtectedService) -> ProtectedService:
    """The service whose users see themselves only, and without users."""
    remove_users(shared_own_users)
    return shared_own_users
