"""Credentials: one that is good, and floods of those that are guessed or forged."""

import json
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from benchmarks import production
from benchmarks.errors import BenchmarkFailed
from benchmarks.overload import as_sent
from benchmarks.works import USERS
from e2e.processes import environment
from forge import AUDIENCE, Forge, encoded
from foundation.kernel.access.api_keys.secret import new_secret
from identity_provider import IdentityProvider, ProviderKey, ecdsa, rs256

AMOUNT: Final = 500
"""Credentials of each flood, which come again and again."""

_LIFETIME: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class Flood:
    """Requests that are to be refused, and from how many connections they come.

    Each connection sends the next request when the last is answered.
    """

    key: str
    title: str
    requests: list[bytes] = field(repr=False)
    connections: int = 50


@contextmanager
def provider() -> Iterator[tuple[dict[str, str], list[Flood]]]:
    """Settings of a service with API keys and a provider, and the floods that come to it."""
    keys = {
        "rsa": ProviderKey(rsa.generate_private_key(public_exponent=65537, key_size=2048), "RS256", "rsa"),
        "ec": ProviderKey(ec.generate_private_key(ec.SECP256R1()), "ES256", "ec"),
    }
    with IdentityProvider(*keys.values()) as running:
        settings = {"AUTH_MODE": "api-keys,oidc", "OIDC_ISSUER": running.issuer, "OIDC_AUDIENCE": AUDIENCE}
        yield settings, list(_floods(Forge(running.issuer, keys)))


def good_key(settings: Mapping[str, str]) -> str:
    """An API key that may read users, which the operator of the service with these settings issues."""
    command = [production.SERVICE, "keys", "create", "--name", "Good", "--scope", "users:read", "--format", "json"]
    done = subprocess.run(command, env=environment(**settings), capture_output=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        raise BenchmarkFailed(f"no API key can be issued: {done.stderr.strip()}")
    return str(json.loads(done.stdout)["secret"])


def reading(user_id: int, credential: str, *, anew: bool = False) -> bytes:
    """A request to read a user, after which the connection ends if each has one `anew`."""
    headers = {"Authorization": f"Bearer {credential}"} | ({"Connection": "close"} if anew else {})
    return as_sent({"method": "GET", "path": f"{USERS}/{user_id}", "headers": headers})


def _floods(forge: Forge) -> Iterator[Flood]:
    def flood(key: str, title: str, credential: Callable[[], str], *, anew: bool = False) -> Flood:
        return Flood(key, title, [reading(1, credential(), anew=anew) for _ in range(AMOUNT)])

    others = rsa.generate_private_key(public_exponent=65537, key_size=2048), ec.generate_private_key(ec.SECP256R1())
    yield flood("broken", "broken keys", lambda: _broken(new_secret()))
    yield flood("unknown", "unknown keys", new_secret)
    yield flood("rs256", "forged RS256", lambda: _forged(forge, "rsa", lambda _, m: rs256(others[0], m)))
    yield flood("es256", "forged ES256", lambda: _forged(forge, "ec", lambda _, m: ecdsa(others[1], m)))
    yield flood(
        "key-id",
        "forged RS256, unknown key",
        lambda: _forged(forge, "rsa", lambda _, m: rs256(others[0], m), kid=secrets.token_hex(8)),
    )
    yield flood("anew", "unknown keys, each on a new connection", new_secret, anew=True)
    yield replace(flood("many", "unknown keys, on 500 connections", new_secret), connections=500)


def _broken(secret: str) -> str:
    """A key whose checksum is wrong, as after a typing error."""
    return secret[:-1] + ("0" if secret[-1] != "0" else "1")


def _forged(forge: Forge, key: str, sign: Callable[[object, bytes], bytes], **header: str) -> str:
    now = time.time()
    claims = forge.claims(exp=now + _LIFETIME, iat=now, nbf=now, jti=secrets.token_hex(8))
    return forge.signed(encoded(forge.header(key, **header)), encoded(claims), key, sign)
