"""The document is held against the service by requests that are made from it; `make fuzz` makes many more of them."""

from pathlib import Path

import pytest

from e2e.processes import ServerProcess
from foundation.http.access.api_keys import API_KEYS
from openapi.schemathesis_run import SETTINGS, run_schemathesis
from postgres_fixtures import POSTGRES_NAMES
from running_servers import Storages


# Every operation meets each database, and is tried without authentication and with it.
@pytest.mark.parametrize(
    ("storage", "auth_mode"), [("sqlite", ""), (POSTGRES_NAMES[-1], "api-keys")], ids=["open", "protected"]
)
def test_the_service_does_what_the_document_says(
    storage: str, auth_mode: str, storages: Storages, tmp_path: Path
) -> None:
    with (
        storages.migrated(storage) as url,
        ServerProcess(tmp_path, auth_mode=auth_mode, DATABASE_URL=url, **SETTINGS) as server,
    ):
        # `test_schemathesis_and_keys` has the others, which take long.
        findings = run_schemathesis(server, tmp_path, seed=1, examples=3, without=[API_KEYS.tag])
    assert findings.passed, findings.output
    assert findings.requests > 300
