"""Makes tokens: those that are valid, and those that are wrong in one thing only."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from identity_provider import ProviderKey, base64url

NOW: Final = 1_900_000_000.0
"""The moment at which the tokens of the tests are looked at, in seconds since 1970."""
AUDIENCE: Final = "https://api.example.com"
ABSENT: Final = object()
"""The value of a member that is to be left out."""


def encoded(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document).encode()


def merged(document: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**document, **changes}.items() if value is not ABSENT}


@dataclass(frozen=True)
class Forge:
    """Makes tokens of an issuer. Each is signed by `key` unless something else is asked for."""

    issuer: str
    keys: Mapping[str, ProviderKey]

    def header(self, key: str = "ed", **changes: Any) -> dict[str, Any]:
        signing = self.keys[key]
        return merged({"alg": signing.alg, "typ": "at+jwt", "kid": signing.kid}, changes)

    def claims(self, **changes: Any) -> dict[str, Any]:
        valid = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": "user-1",
            "exp": NOW + 300,
            "iat": NOW - 10,
            "nbf": NOW - 10,
            "jti": "token-1",
            "client_id": "client-1",
            "scope": "users:read users:write",
            "tenant": "acme",
        }
        return merged(valid, changes)

    def token(self, key: str = "ed", header: Mapping[str, Any] | None = None, **claims: Any) -> str:
        """A token with these changes, which is signed as its header says, by the key."""
        return self.signed(encoded(self.header(key, **(header or {}))), encoded(self.claims(**claims)), key)

    def signed(
        self,
        header: bytes,
        payload: bytes,
        key: str = "ed",
        sign: Callable[[Any, bytes], bytes] | None = None,
    ) -> str:
        """A token of these parts. `sign` makes the signature, with the private key, in place of the usual one."""
        message = f"{base64url(header)}.{base64url(payload)}"
        signing = self.keys[key]
        if sign is not None:
            signature = sign(signing.private, message.encode())
        else:
            signature = signing.sign(message.encode(), _algorithm(header))
        return f"{message}.{base64url(signature)}"

    def of_length(self, length: int) -> str:
        """A valid token of this many characters."""
        for extra in range(4):
            header = self.header(x="x" * extra)
            for padding in range((length - 600) * 3 // 4, length):
                token = self.signed(encoded(header), encoded(self.claims(pad="p" * padding)))
                if len(token) == length:
                    return token
                if len(token) > length:
                    break
        raise AssertionError("no token has this length")


def _algorithm(header: bytes) -> str | None:
    try:
        alg = json.loads(header)["alg"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return alg if isinstance(alg, str) else None
