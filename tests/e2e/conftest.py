"""The service as its users meet it: over HTTP and as a command, on each storage."""

from collections.abc import Iterator

import pytest

from e2e.processes import ServerProcess
from postgres_fixtures import POSTGRES_NAMES
from running_servers import RunningServers, Storages

STORAGES = ["memory", "sqlite", *POSTGRES_NAMES]
# For tests that take seconds each, because they start servers of their own.
DATABASES = ["sqlite", POSTGRES_NAMES[-1]]


@pytest.fixture(scope="session", params=STORAGES)
def server(request: pytest.FixtureRequest, running_servers: RunningServers) -> ServerProcess:
    """A running server, one per storage, shared by the tests that leave it as they found it."""
    return running_servers(request.param)


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
