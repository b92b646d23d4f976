"""`/livez`, `/readyz` and the documentation."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from e2e.answers import problem
from e2e.processes import ServerProcess
from http_contract.conftest import DATABASES
from http_contract.talking import USERS
from running_servers import Storages


def test_liveness_answers_200(http: httpx2.Client) -> None:
    answer = http.get("/livez")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


def test_readiness_answers_200_when_the_storage_can_serve(http: httpx2.Client) -> None:
    answer = http.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


@pytest.fixture(params=DATABASES)
def unmigrated_server(request: pytest.FixtureRequest, storages: Storages, tmp_path: Path) -> Iterator[ServerProcess]:
    """A server on a database of an older schema."""
    with (
        storages.unmigrated(request.param) as url,
        ServerProcess(tmp_path, ready="/livez", DATABASE_URL=url) as running,
    ):
        yield running


@pytest.mark.fewer_storages("memory has no migrations and cannot be away")
def test_storage_unavailable_until_the_migrations_were_run(unmigrated_server: ServerProcess) -> None:
    with unmigrated_server.client() as http:
        for answer in (http.get("/readyz"), http.get(USERS), http.post(USERS, json={"email": "a@b.cd", "name": "A"})):
            problem(answer, 503, "storage-unavailable")
            assert int(answer.headers["retry-after"]) >= 1
        assert "db upgrade" in http.get("/readyz").json()["detail"]
        assert http.get("/livez").status_code == 200


def test_the_documentation_is_served(http: httpx2.Client) -> None:
    document = http.get("/openapi.json")
    assert (document.status_code, document.json()["openapi"][:4]) == (200, "3.1.")
    assert set(document.json()["paths"]) >= {USERS, f"{USERS}/batch", f"{USERS}/import", f"{USERS}/export"}
    page = http.get("/docs")
    assert (page.status_code, page.headers["content-type"].partition(";")[0]) == (200, "text/html")


def test_the_page_of_the_documentation_loads_nothing_from_another_host(http: httpx2.Client) -> None:
    page = http.get("/docs")
    assert re.findall(r"(?:src|href)=\"(?:[a-z]+:)?//", page.text) == []
    assert "connect-src 'self'" in page.headers["content-security-policy"]
    assert "script-src 'self'" in page.headers["content-security-policy"]
    for address in re.findall(r"(?:src|href)=\"([^\"]+)\"", page.text):
        assert http.get(page.url.join(address)).status_code == 200
