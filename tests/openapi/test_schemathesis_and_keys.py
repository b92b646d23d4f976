"""The same as `test_schemathesis`, for a service that has API keys and tokens, and so the routes of keys."""

from pathlib import Path

import pytest

from e2e.processes import ServerProcess
from openapi.schemathesis_run import SETTINGS, run_schemathesis
from postgres_fixtures import POSTGRES_NAMES
from running_servers import Storages


@pytest.mark.parametrize("storage", ["sqlite", POSTGRES_NAMES[-1]])
def test_the_service_does_what_the_document_says_of_keys(storage: str, storages: Storages, tmp_path: Path) -> None:
    # The requests have a token: one that has a key would revoke its own.
    with (
        storages.migrated(storage) as url,
        ServerProcess(tmp_path, auth_mode="api-keys,oidc", DATABASE_URL=url, **SETTINGS) as server,
    ):
        findings = run_schemathesis(server, tmp_path, seed=1, examples=3)
    assert findings.passed, findings.output
    assert findings.requests > 600
