"""Writers of one row at once, where the database aborts all but one of them: no client learns of it."""

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from e2e.answers import create
from e2e.processes import ServerProcess
from plain_sql import connected
from postgres_fixtures import POSTGRES_NAMES
from running_servers import Storages

CLIENTS = 12
WRITES = 15


@pytest.mark.parametrize("postgres", POSTGRES_NAMES[-1:])
def test_serializable_transactions_that_meet_are_repeated_out_of_sight(
    storages: Storages, postgres: str, tmp_path: Path
) -> None:
    with storages.migrated(postgres) as url:
        name = url.rpartition("/")[2].partition("?")[0]
        with connected(url) as connection:
            connection.exec_driver_sql(f'ALTER DATABASE "{name}" SET default_transaction_isolation = serializable')
        with ServerProcess(tmp_path, DATABASE_URL=url) as server, server.client() as http:
            hot = [create(http, f"{number}@example.com")["id"] for number in range(2)]

            def write(client: int) -> list[int]:
                dice = random.Random(client)  # noqa: S311 -- a seed, not a secret
                found = []
                for number in range(WRITES):
                    change = {"name": f"client {client}, change {number}"}
                    answer = http.patch(f"/api/v1/users/{dice.choice(hot)}", json=change, timeout=30)
                    found.append(answer.status_code)
                return found

            with ThreadPoolExecutor(CLIENTS) as clients:
                statuses = [status for found in clients.map(write, range(CLIENTS)) for status in found]
    assert statuses == [200] * (CLIENTS * WRITES)
