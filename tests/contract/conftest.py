"""The contract's storages, as fixtures. A test that uses `service` or `storage_url` runs once on each of them."""

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack

import pytest

from contract.storages import SQL_STORAGES, STORAGES, Service, Storages, open_service
from postgres_fixtures import POSTGRES_NAMES, PostgresServers


@pytest.fixture(scope="session")
def storages(tmp_path_factory: pytest.TempPathFactory, postgres_servers: PostgresServers) -> Iterator[Storages]:
    """Makes storages."""
    with ExitStack() as until_the_end:
        yield Storages(tmp_path_factory.mktemp("storages"), postgres_servers, until_the_end)


@pytest.fixture(params=STORAGES)
def storage_url(request: pytest.FixtureRequest, storages: Storages) -> str:
    """Each storage."""
    return storages.fresh(request.param)


@pytest.fixture(params=SQL_STORAGES)
def sql_url(request: pytest.FixtureRequest, storages: Storages) -> str:
    """Each storage that is a database: it outlives a container, and other writers reach it."""
    return storages.fresh(request.param)


@pytest.fixture(params=POSTGRES_NAMES)
def server_url(request: pytest.FixtureRequest, storages: Storages) -> str:
    """Each storage that is a server, which can be away."""
    return storages.fresh(request.param)


@pytest.fixture(params=SQL_STORAGES)
def unmigrated_url(request: pytest.FixtureRequest, storages: Storages) -> Iterator[str]:
    """Each database, without a single table."""
    with storages.unmigrated(request.param) as url:
        yield url


@pytest.fixture
def sqlite_url(storages: Storages) -> str:
    """SQLite alone."""
    return storages.fresh("sqlite")


@pytest.fixture
async def service(storage_url: str) -> AsyncIterator[Service]:
    """The service on each storage."""
    async with open_service(storage_url) as service:
        yield service


@pytest.fixture
def unreachable_url() -> Iterator[str]:
    """A server that is not there: its port is taken, and nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"postgresql+psycopg://user:secret@127.0.0.1:{taken.getsockname()[1]}/service"
