"""What a person does at /docs, in Chromium: a credential is entered, and sent, and kept nowhere."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest

from e2e.processes import ServerProcess, run_cli
from identity.real_provider import RealProvider
from node_packages import installed, run_node

HERE: Final = Path(__file__).parent
AUDIENCE: Final = "https://users.example.com"
CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="it needs Chromium: apt-get install chromium")


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealProvider]:
    with RealProvider(tmp_path_factory.mktemp("provider")) as provider:
        yield provider


@pytest.fixture
def settings(provider: RealProvider, tmp_path: Path) -> dict[str, str]:
    return {
        "DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/service.sqlite3",
        "AUTH_MODE": "api-keys,oidc",
        "OIDC_ISSUER": provider.issuer,
        "OIDC_AUDIENCE": AUDIENCE,
    }


def new_key(directory: Path, settings: dict[str, str]) -> str:
    creation = ("keys", "create", "--name", "Reader", "--scope", "users:read", "--format", "json")
    secret: str = json.loads(run_cli(*creation, cwd=directory, **settings).stdout)["secret"]
    return secret


def seen_at_docs(url: str, credential: str) -> dict[str, Any]:
    """What `docs-page.mjs` saw; see there."""
    assert CHROMIUM is not None
    # Below the packages, where the program finds what it imports.
    with TemporaryDirectory(dir=installed(HERE, "browser")) as below:
        shutil.copy(HERE / "docs-page.mjs", below)
        done = run_node("docs-page.mjs", CHROMIUM, url, credential, cwd=Path(below))
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


@pytest.mark.parametrize("kind", ["key", "token"])
def test_a_credential_that_is_entered_at_docs_is_sent_and_kept_nowhere(
    kind: str, settings: dict[str, str], provider: RealProvider, tmp_path: Path
) -> None:
    with ServerProcess(tmp_path, "--upgrade-embedded", **settings) as server:
        credential = new_key(tmp_path, settings) if kind == "key" else provider.access_token(AUDIENCE)
        seen = seen_at_docs(server.url, credential)
    assert seen["asked"] == [None, f"Bearer {credential}x", f"Bearer {credential}"]
    assert [status for status, _body in seen["answered"]] == [401, 401, 200]
    assert seen["answered"][-1][1] == {"items": [], "next_cursor": None, "total": 0}
    assert "Needs the scope users:read." in seen["scope"]
    assert "an API key of this service (svc_...) or an access token" in seen["described"]
    assert seen["kept"] == [0, 0, ""]
    # Nothing was held back by the policy of the page.
    assert [error for error in seen["errors"] if "401" not in error] == []
