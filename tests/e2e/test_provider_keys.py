"""The keys of the identity provider, as a server fetches them."""

from pathlib import Path

import pytest

from e2e.processes import ServerProcess, eventually
from forge import AUDIENCE
from identity_provider import KEYS, IdentityProvider, ed25519


def settings_of(provider: IdentityProvider) -> dict[str, str]:
    return {"DATABASE_URL": "memory://", "AUTH_MODE": "oidc", "OIDC_ISSUER": provider.issuer, "OIDC_AUDIENCE": AUDIENCE}


def test_a_server_fetches_the_keys_before_the_first_request(tmp_path: Path) -> None:
    with IdentityProvider(ed25519()) as provider, ServerProcess(tmp_path, **settings_of(provider)):
        eventually("the keys are fetched", lambda: provider.requests[KEYS] == 1)


@pytest.mark.parametrize("running", [True, False])
def test_a_server_starts_without_the_keys_and_says_so(tmp_path: Path, *, running: bool) -> None:
    with IdentityProvider(ed25519()) as provider:
        if running:
            provider.open.clear()
        else:
            provider.stop()
        with ServerProcess(tmp_path, **settings_of(provider)) as server:
            if not running:
                eventually("the failure is logged", lambda: "no token can be verified" in server.log)
            with server.client() as http:
                assert http.get("/livez").status_code == 200
        provider.open.set()
