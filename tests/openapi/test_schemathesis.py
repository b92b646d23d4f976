"""The document is held against the service by requests that are made from it; `make fuzz` makes many more of them."""

from pathlib import Path

import pytest

from e2e.processes import ServerProcess
from openapi.schemathesis_run import CURSOR_KEY, run_schemathesis
from postgres_fixtures import POSTGRES_NAMES
from running_servers import Storages


@pytest.mark.parametrize("storage", ["sqlite", POSTGRES_NAMES[-1]])
def test_the_service_does_what_the_document_says(storage: str, storages: Storages, tmp_path: Path) -> None:
    with (
        storages.migrated(storage) as url,
        ServerProcess(tmp_path, DATABASE_URL=url, CURSOR_KEY=CURSOR_KEY) as server,
    ):
        findings = run_schemathesis(server, tmp_path, seed=1, examples=3)
    assert findings.passed, findings.output
    assert findings.requests > 300
