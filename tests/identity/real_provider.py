"""A certified OpenID provider, as a process: the npm package `oidc-provider`."""

import shutil
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlsplit

import httpx2

from node_packages import NODE, installed, node_environment

HERE: Final = Path(__file__).parent

_CLIENT: Final = ("client-1", "the secret of a client that exists in tests only")
_CALLBACK: Final = "https://client.example.com/callback"


class RealProvider:
    """The provider on a free port of this machine: a context manager, within which it runs.

    Its tokens for a resource are JWTs, signed by RS256. It knows the user `ada`, and grants whatever is asked for.
    """

    issuer: str

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def access_token(self, resource: str, scope: str = "users:read users:write") -> str:
        """A token of the client itself, by its credentials (RFC 6749, section 4.4)."""
        return str(self._token(grant_type="client_credentials", resource=resource, scope=scope)["access_token"])

    def tokens_of_ada(self, resource: str, scope: str = "users:read") -> tuple[str, str]:
        """An access token and an ID token, as an application gets them for a user (by a code)."""
        asked = {
            "client_id": _CLIENT[0],
            "response_type": "code",
            "redirect_uri": _CALLBACK,
            "scope": f"openid {scope}",
            "resource": resource,
            "nonce": "n-1",
        }
        with httpx2.Client(trust_env=False) as browser:
            url = str(httpx2.URL(f"{self.issuer}/auth", params=asked))
            while not url.startswith(_CALLBACK):
                response = browser.get(url)
                assert response.is_redirect, response.text
                url = str(httpx2.URL(url).join(response.headers["location"]))
        (code,) = parse_qs(urlsplit(url).query)["code"]
        tokens = self._token(grant_type="authorization_code", code=code, redirect_uri=_CALLBACK, resource=resource)
        return tokens["access_token"], tokens["id_token"]

    def rotate_keys(self) -> None:
        """From now on, a new key signs; the old ones are still published."""
        self._say("rotate")
        assert self._line() == "rotated"

    def __enter__(self) -> Self:
        with ExitStack() as until_the_end:
            # Below the installation, where the program finds what it imports.
            name = until_the_end.enter_context(tempfile.TemporaryDirectory(dir=installed(HERE, "oidc-provider")))
            log = until_the_end.enter_context((self._directory / "provider.log").open("w+b"))
            shutil.copy(HERE / "provider.mjs", name)
            self._process = subprocess.Popen(
                [NODE, "provider.mjs"],
                cwd=name,
                env=node_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                encoding="utf-8",
            )
            # It ends when its input does.
            until_the_end.callback(self._process.communicate, timeout=30)
            self.issuer = self._line()
            assert self.issuer.startswith("http://"), (self._directory / "provider.log").read_text("utf-8")
            self._until_the_end = until_the_end.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._until_the_end.close()

    def _token(self, **form: str) -> dict[str, Any]:
        with httpx2.Client(trust_env=False) as client:
            answer = client.post(f"{self.issuer}/token", data=form, auth=_CLIENT)
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()
