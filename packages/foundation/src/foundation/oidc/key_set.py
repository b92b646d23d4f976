"""The public keys of the provider, as its JWK set has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from foundation.oidc import base64url
from foundation.oidc.algorithms import ALGORITHMS, Algorithm
from foundation.oidc.headers import MAX_KEY_ID

MAX_KEYS: Final = 100
"""How many keys a set may have. Providers have less than ten."""

# Shorter ones can be factored, and longer ones take milliseconds to verify by. In bits.
_RSA_SIZES: Final = range(2048, 8193)
# What makes up a public key. The rest of a JWK is left out, above all what would make it a private one.
_MEMBERS: Final[Mapping[str, tuple[type[RSAKey | ECKey | OKPKey], tuple[str, ...]]]] = {
    "RSA": (RSAKey, ("n", "e")),
    "EC": (ECKey, ("crv", "x", "y")),
    "OKP": (OKPKey, ("crv", "x")),
}


class UnusableKeySet(Exception):
    """The document is no JWK set, or has no key by which a token could be verified."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key of the provider.

    Attributes:
        key_id: Its `kid`, if it has one.
        algorithms: The names of the algorithms that it may be used with; never none.
        key: The public key itself.
    """

    key_id: str | None
    algorithms: frozenset[str]
    key: Key

    def has_signed(self, message: bytes, signature: bytes, algorithm: Algorithm) -> bool:
        """Whether the signature is this key's, of this message, by this algorithm."""
        return algorithm.name in self.algorithms and algorithm.verify(message, signature, self.key)


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys that tokens can be verified by."""

    keys: Sequence[SigningKey]

    def __bool__(self) -> bool:
        return bool(self.keys)

    def knows(self, key_id: str | None) -> bool:
        """Whether a key has this id. What names no key is about those that are known."""
        return key_id is None or any(key.key_id == key_id for key in self.keys)

    def find(self, key_id: str | None, algorithm: Algorithm) -> SigningKey | None:
        """The key with this id that fits the algorithm, or the only one that fits where no id is given.

        None if there is none, or if there are several: nothing tells which of them is meant.
        """
        fitting = [
            key for key in self.keys if algorithm.name in key.algorithms and (key_id is None or key.key_id == key_id)
        ]
        return fitting[0] if len(fitting) == 1 else None


def read_key_set(document: Any) -> KeySet:
    """The keys in a JWK set (RFC 7517, section 5). Those that are not understood are left out.

    Raises:
        UnusableKeySet: it is no such set, has more than `MAX_KEYS`, or has no key that can be used.
    """
    members = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(members, list):
        raise UnusableKeySet("it is no JWK set")
    if len(members) > MAX_KEYS:
        raise UnusableKeySet(f"it has more than {MAX_KEYS} keys")
    keys = [key for key in map(_read_key, members) if key is not None]
    if not keys:
        raise UnusableKeySet("it has no key that can be used")
    return KeySet(keys)


def _read_key(jwk: Any) -> SigningKey | None:
    if not isinstance(jwk, dict):
        return None
    algorithms = _algorithms(jwk)
    key_id = jwk.get("kid")
    if not algorithms or not (key_id is None or (isinstance(key_id, str) and len(key_id) <= MAX_KEY_ID)):
        return None
    try:
        return SigningKey(key_id, algorithms, _public_key(jwk))
    except (ValueError, JoseError):
        return None


def _algorithms(jwk: Mapping[str, Any]) -> frozenset[str]:
    """What the key may be used with, by its type, curve, and what it says of itself (RFC 7517, sections 4.1 to 4.4)."""
    operations = jwk.get("key_ops", ["verify"])
    if jwk.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        return frozenset()
    return frozenset(
        name
        for name, algorithm in ALGORITHMS.items()
        if jwk.get("kty") == algorithm.key_type and jwk.get("crv") == algorithm.curve and jwk.get("alg", name) == name
    )


def _public_key(jwk: Mapping[str, Any]) -> Key:
    kind, names = _MEMBERS[jwk["kty"]]
    members: dict[str, str] = {name: jwk[name] for name in names if isinstance(jwk.get(name), str)}
    if len(members) < len(names):
        raise ValueError("a member of the key is missing")
    if kind is RSAKey and _bits(jwk["n"]) not in _RSA_SIZES:
        raise ValueError("an RSA key of another size")
    key: Key = kind.import_key({"kty": jwk["kty"], **members})
    return key


def _bits(number: str) -> int:
    return int.from_bytes(base64url.decode(number)).bit_length()
