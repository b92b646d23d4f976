"""The algorithms that signatures are verified by, and which key each needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from joserfc.jwa import JWS_ALGORITHMS, JWSAlgModel
from joserfc.jwk import Key


@dataclass(frozen=True, slots=True)
class Algorithm:
    """An algorithm of RFC 7518 or RFC 8037 that signs with a private key.

    Attributes:
        name: The value of `alg`.
        key_type: The value of `kty` that its keys have.
        curve: The value of `crv` that its keys have; None where keys have no curve.
    """

    name: str
    key_type: str
    curve: str | None = None

    def verify(self, message: bytes, signature: bytes, key: Key) -> bool:
        """Whether the signature is the key's, of this message. The key must be of this type and curve."""
        return _MODELS[self.name].verify(message, signature, key)


# Never one that is keyed by a shared secret: a public key would serve as such a secret (RFC 8725, section 2.1).
ALGORITHMS: Final[Mapping[str, Algorithm]] = {
    algorithm.name: algorithm
    for algorithm in (
        Algorithm("RS256", "RSA"),
        Algorithm("PS256", "RSA"),
        Algorithm("ES256", "EC", "P-256"),
        Algorithm("EdDSA", "OKP", "Ed25519"),
    )
}
"""Those that are accepted, by name; no other one ever is, whatever a token or a key says."""

_MODELS: Final[Mapping[str, JWSAlgModel]] = {model.name: model for model in JWS_ALGORITHMS if model.name in ALGORITHMS}
