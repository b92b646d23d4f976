"""What the tokens of the tests are made from: the keys that the provider publishes, and the sentences of refusals."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec

from forge import Forge
from identity_provider import ProviderKey, base64url, ed25519, rsa_key

TOO_LONG: Final = "The token is too long."
NOT_SIGNED: Final = "The token is not a signed JSON Web Token."
ENCRYPTED: Final = "Encrypted tokens are not accepted."
MEMBER: Final = "The header of the token has a member that is not accepted."
NO_ACCESS_TOKEN: Final = "The token is not an access token."
ALGORITHM: Final = "The token is signed by an algorithm that is not accepted."
KEY_NAME: Final = "The token names its key in a way that is not accepted."
NO_KEY: Final = "No key of the provider fits the token."
SIGNATURE: Final = "The signature of the token is not valid."
ISSUER: Final = "The token is from another issuer."
FOR_ANOTHER: Final = "The token is for another audience."
NO_EXPIRY: Final = "The token does not say when it expires."
EXPIRED: Final = "The token has expired."
NOT_YET: Final = "The token is not valid yet."
FUTURE: Final = "The token was issued in the future."
TIME: Final = "The token has a time that is not accepted."
NO_SUBJECT: Final = "The token has no subject."
NO_TENANT: Final = "The token names no tenant."
NAME: Final = "The token has a name that is not accepted."
SCOPES: Final = "The token has scopes that are not accepted."
TOO_MANY_SCOPES: Final = "The token has too many scopes."

LONGEST_KEY_ID: Final = "k" * 200
LAST_MOMENT: Final = 253_402_300_799


def _keys() -> dict[str, ProviderKey]:
    strong, p256, p384 = rsa_key(), ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())
    return {
        "ed": ed25519("ed"),
        "rsa": ProviderKey(strong, "RS256", "rsa", {"use": "sig"}),
        "ec": ProviderKey(p256, "ES256", "ec", {"key_ops": ["verify"]}),
        "only RS256": ProviderKey(strong, "RS256", "only RS256", {"alg": "RS256"}),
        "only PS256": ProviderKey(strong, "PS256", "only PS256", {"alg": "PS256"}),
        "for encryption": ProviderKey(strong, "RS256", "for encryption", {"use": "enc"}),
        "for signing": ProviderKey(strong, "RS256", "for signing", {"key_ops": ["sign"]}),
        "operations as a text": ProviderKey(strong, "RS256", "operations as a text", {"key_ops": "verify"}),
        "for HS256": ProviderKey(strong, "RS256", "for HS256", {"alg": "HS256"}),
        "short": ProviderKey(rsa_key(1024), "RS256", "short"),
        "almost long enough": ProviderKey(rsa_key(2047), "RS256", "almost long enough"),
        "P-384": ProviderKey(p384, "ES256", "P-384"),
        "longest id": ed25519(LONGEST_KEY_ID),
        "id too long": ed25519(f"{LONGEST_KEY_ID}k"),
        "number": ed25519("number", {"kid": 7}),
        "no RSA": ed25519("no RSA", {"kty": "RSA"}),
        "twice": ProviderKey(strong, "RS256", "twice"),
        "the second": ProviderKey(rsa_key(2048, 2), "RS256", "twice"),
    }


KEYS: Final = _keys()
"""What the provider publishes."""
SECRET: Final = b"a secret of thirty-two characters"
PUBLISHED_SECRET: Final = {"kty": "oct", "kid": "oct", "k": base64url(SECRET), "alg": "HS256"}
UNPUBLISHED: Final = {"stranger": ed25519("ed"), "strange RSA": ProviderKey(rsa_key(2048, 1), "RS256", "rsa")}
"""What it does not, although it has the ids of keys that it does."""


@dataclass(frozen=True)
class Hostile:
    """A token, and the sentence by which it is refused."""

    name: str
    make: Callable[[Forge], str]
    sentence: str


@dataclass(frozen=True)
class Accepted:
    """A token, and what of its principal is not as usual."""

    name: str
    make: Callable[[Forge], str]
    principal: Mapping[str, Any] = field(default_factory=dict)
