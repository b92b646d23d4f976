"""One service behind each kind of pooler for the tests of a file."""

from collections.abc import Iterator

import httpx2
import pytest

from e2e.processes import ServerProcess, eventually
from faults.poolers.pgbouncer import PgBouncer, program
from faults.poolers.pooled import LIMITS, ODD_SETTINGS, Pooled, network_before
from plain_sql import connected
from postgres_fixtures import POSTGRES_NAMES
from running_servers import Storages


@pytest.fixture(scope="module", params=["prepared", "unprepared"])
def pooled(
    request: pytest.FixtureRequest, storages: Storages, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pooled]:
    """With prepared statements through one that keeps them, and without through one that does not."""
    keeps = request.param == "prepared"
    chosen = program(keeps_statements=keeps)
    with storages.migrated(POSTGRES_NAMES[-1]) as url, network_before(url) as network:
        name = url.rpartition("/")[2].partition("?")[0]
        with connected(url) as connection:
            for setting, value in ODD_SETTINGS.items():
                connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET {setting} = {value}')
        settings = {"DATABASE_POOLER": "transaction", "DATABASE_PREPARED_STATEMENTS": str(keeps).lower()} | LIMITS
        with (
            PgBouncer(chosen, network.url) as pooler,
            ServerProcess(tmp_path_factory.mktemp("pooled"), DATABASE_URL=pooler.url, **settings) as server,
        ):
            yield Pooled(server, pooler, url, network.between)


@pytest.fixture
def http(pooled: Pooled) -> Iterator[httpx2.Client]:
    """A client of the service, which is ready and has no users."""
    with connected(pooled.database) as connection:
        connection.exec_driver_sql("TRUNCATE users, idempotency_keys RESTART IDENTITY")
    with pooled.server.client() as client:
        eventually("the service is ready", lambda: client.get("/readyz").status_code == 200)
        yield client
