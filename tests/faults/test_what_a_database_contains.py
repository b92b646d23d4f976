"""What other programs may have done to the database: never a 500, and always a sentence that an operator can act on."""

from pathlib import Path

import pytest

from e2e.answers import create, problem
from e2e.processes import ServerProcess, eventually, run_cli
from plain_sql import connected
from postgres_fixtures import POSTGRES_NAMES
from running_servers import Storages

USERS = "/api/v1/users"


@pytest.mark.parametrize("postgres", POSTGRES_NAMES[-1:])
def test_ids_that_are_taken_are_the_operators_business(storages: Storages, postgres: str, tmp_path: Path) -> None:
    rows = (
        "INSERT INTO users (id, email, name) OVERRIDING SYSTEM VALUE "
        "SELECT n, 'user' || n || '@example.com', 'User' FROM generate_series(1, 60) n"
    )
    with storages.migrated(postgres) as url, ServerProcess(tmp_path, DATABASE_URL=url) as server:
        with connected(url) as connection:
            connection.exec_driver_sql(rows)
        with server.client() as http:
            answer = http.post(USERS, json={"email": "ada@example.com", "name": "Ada"}, timeout=30)
            problem(answer, 503, "storage-unavailable")
            eventually("the log says why", lambda: "id-taken" in server.log)

            audited = run_cli("db", "audit", cwd=tmp_path, DATABASE_URL=url)
            [fix] = [line.strip() for line in audited.stdout.splitlines() if "setval" in line]
            assert audited.returncode == 1
            with connected(url) as connection:
                connection.exec_driver_sql(fix)
            assert create(http)["id"] == 61
            assert run_cli("db", "audit", cwd=tmp_path, DATABASE_URL=url).returncode == 0
