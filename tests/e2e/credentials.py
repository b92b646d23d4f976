"""Credentials that a server accepts: an API key that its operator has issued, or a token of a provider."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from application.unit_of_work import SCOPES
from e2e.processes import run_cli
from forge import AUDIENCE, Forge
from foundation.kernel.access.principal import Principal, PrincipalKind
from identity_provider import IdentityProvider, ed25519

LIFETIME: Final = 3600.0
"""Seconds for which a token is good: longer than the tests of a server take."""


def new_key(directory: Path, settings: dict[str, str], *scopes: str) -> tuple[int, str]:
    """The id and the secret of a key that was created in a terminal. It has every scope unless some are named."""
    options = [option for scope in scopes or sorted(SCOPES) for option in ("--scope", scope)]
    create = ("keys", "create", "--name", "A", "--owner", "42", "--format", "json", *options)
    done = run_cli(*create, cwd=directory, **settings)
    assert (done.returncode, done.stderr) == (0, "")
    key = json.loads(done.stdout)
    return key["id"], key["secret"]


@dataclass(frozen=True, slots=True)
class Issued:
    """A credential with every scope, the principal that it proves, and the settings of a server that accepts it."""

    settings: dict[str, str]
    credential: str
    principal: Principal


@contextmanager
def issued(mode: str, directory: Path, settings: dict[str, str]) -> Iterator[Issued]:
    """A credential for a server with this AUTH_MODE.

    It is a token where tokens are accepted, so that no request to the server can revoke it, and where there is no
    database for API keys.
    """
    if mode == "api-keys" and not settings.get("DATABASE_URL", "").startswith("memory:"):
        keys = {"AUTH_MODE": mode}
        key_id, secret = new_key(directory, settings | keys)
        yield Issued(keys, secret, Principal(PrincipalKind.API_KEY, str(key_id), SCOPES))
        return
    mode = mode if "oidc" in mode else "oidc"
    key = ed25519()
    with IdentityProvider(key) as provider:
        now = time.time()
        forge = Forge(provider.issuer, {"ed": key})
        yield Issued(
            {"AUTH_MODE": mode, "OIDC_ISSUER": provider.issuer, "OIDC_AUDIENCE": AUDIENCE},
            forge.token(scope=" ".join(sorted(SCOPES)), exp=now + LIFETIME, iat=now, nbf=now),
            Principal(PrincipalKind.TOKEN, forge.claims()["sub"], SCOPES),
        )
