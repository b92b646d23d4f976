"""The server on each storage, for the promises that every resource keeps."""

import pytest

from e2e.processes import ServerProcess
from postgres_fixtures import POSTGRES_NAMES
from running_servers import RunningServers

STORAGES = ["memory", "sqlite", POSTGRES_NAMES[-1]]


@pytest.fixture(scope="session", params=STORAGES)
def server(request: pytest.FixtureRequest, running_servers: RunningServers) -> ServerProcess:
    """A running server, one per storage."""
    return running_servers(request.param)
