"""Which keys of a JWK set are used, and with which algorithms."""

from base64 import urlsafe_b64decode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from foundation.oidc.algorithms import ALGORITHMS, Algorithm
from foundation.oidc.key_set import UnusableKeySet, read_key_set
from identity_provider import base64url, ed25519, ps256, public_jwk, rs256, rsa_key

FIRST = ed25519("first")


def test_a_set_of_a_hundred_keys_is_read() -> None:
    assert len(read_key_set({"keys": [FIRST.jwk()] * 100}).keys) == 100


def usable(jwk: Any) -> set[str]:
    """The algorithms that the key is used with, when it is published beside another one."""
    other, *rest = read_key_set({"keys": [ed25519("other").jwk(), jwk]}).keys
    assert other.key_id == "other"
    return set(rest[0].algorithms) if rest else set()


RSA = public_jwk(rsa_key())
P256 = public_jwk(ec.generate_private_key(ec.SECP256R1()))
OKP = public_jwk(FIRST.private)


@pytest.mark.parametrize(
    ("jwk", "algorithms"),
    [
        (RSA, {"RS256", "PS256"}),
        (RSA | {"alg": "PS256", "use": "sig", "key_ops": ["sign", "verify"]}, {"PS256"}),
        (RSA | {"kid": "k" * 200}, {"RS256", "PS256"}),
        (RSA | {"d": 1, "x5c": 1, "x5u": "not read", "other": {}}, {"RS256", "PS256"}),
        (P256, {"ES256"}),
        (OKP, {"EdDSA"}),
        (OKP | {"kid": ""}, {"EdDSA"}),
    ],
)
def test_a_key_is_used_with_the_algorithms_that_fit_it(jwk: dict[str, Any], algorithms: set[str]) -> None:
    assert usable(jwk) == algorithms


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        "key",
        [],
        {},
        RSA | {"kty": "EC"},
        RSA | {"kty": ["RSA"]},
        RSA | {"kty": None},
        RSA | {"kty": "rsa"},
        RSA | {"use": "enc"},
        RSA | {"use": None},
        RSA | {"alg": "RS512"},
        RSA | {"alg": None},
        RSA | {"alg": ["RS256"]},
        RSA | {"key_ops": []},
        RSA | {"key_ops": ["encrypt"]},
        RSA | {"key_ops": "verify"},
        RSA | {"key_ops": {"verify": 1}},
        RSA | {"kid": 1},
        RSA | {"kid": "k" * 201},
        RSA | {"n": 1},
        RSA | {"n": ""},
        RSA | {"n": "!"},
        RSA | {"n": f"{RSA['n']}="},
        RSA | {"e": None},
        RSA | {"e": "AA"},
        RSA | {"e": "\u00e9"},
        {name: value for name, value in RSA.items() if name != "e"},
        P256 | {"crv": "P-384"},
        P256 | {"crv": ["P-256"]},
        P256 | {"crv": "Ed25519"},
        P256 | {"x": P256["y"]},
        P256 | {"x": ""},
        P256 | {"y": 1},
        P256 | {"alg": "RS256"},
        OKP | {"crv": "Ed448"},
        OKP | {"x": OKP["x"][:-2]},
        OKP | {"x": None},
        public_jwk(ec.generate_private_key(ec.SECP384R1())),
        public_jwk(ec.generate_private_key(ec.SECP256K1())),
        public_jwk(Ed448PrivateKey.generate()),
        public_jwk(X25519PrivateKey.generate()),
        public_jwk(rsa_key(2047)),
        {"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"},
        {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"},
    ],
)
def test_a_key_that_cannot_be_used_is_left_out(jwk: Any) -> None:
    assert usable(jwk) == set()


@pytest.mark.parametrize(("bits", "used"), [(2047, False), (2048, True), (8192, True), (8193, False)])
def test_the_size_of_an_rsa_key_is_bounded(bits: int, *, used: bool) -> None:
    modulus = (1 << bits) - 1
    jwk = {"kty": "RSA", "e": "AQAB", "n": base64url(modulus.to_bytes((bits + 7) // 8))}
    assert bool(usable(jwk)) == used


def test_a_modulus_is_no_longer_for_the_zeros_in_front_of_it() -> None:
    short = urlsafe_b64decode(public_jwk(rsa_key(2047))["n"] + "==")
    assert usable(RSA | {"n": base64url(bytes(300) + short)}) == set()


def test_a_key_verifies_by_no_algorithm_that_is_not_its_own() -> None:
    (key,) = read_key_set({"keys": [RSA | {"alg": "RS256"}]}).keys
    message = b"message"
    assert key.has_signed(message, rs256(rsa_key(), message), ALGORITHMS["RS256"])
    assert not key.has_signed(message, ps256(rsa_key(), message), ALGORITHMS["PS256"])


def test_no_other_algorithm_verifies_anything() -> None:
    (key,) = read_key_set({"keys": [RSA]}).keys
    for name in ("RS512", "HS256", "none"):
        with pytest.raises(KeyError):
            Algorithm(name, "RSA").verify(b"message", b"", key.key)


def test_a_key_that_the_library_refuses_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_arguments: Any) -> Any:
        raise JoseError("not this one")

    monkeypatch.setattr(OKPKey, "import_key", refuses)
    (key,) = read_key_set({"keys": [FIRST.jwk(), RSA]}).keys
    assert key.key.key_type == "RSA"


def test_no_private_key_is_kept() -> None:
    numbers: rsa.RSAPrivateNumbers = rsa_key().private_numbers()
    private = {"d": base64url(numbers.d.to_bytes(256))}
    (key,) = read_key_set({"keys": [RSA | private]}).keys
    assert not key.key.is_private


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.sampled_from(["RSA", "EC", "P-256"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["keys", "kty", "crv", "n", "e", "x", "y", "kid", "use"]), inner, max_size=5
            )
        ),
        max_leaves=12,
    )
)
def test_no_document_breaks_anything(document: Any) -> None:
    with pytest.raises(UnusableKeySet):
        read_key_set({"keys": [document]})
    with pytest.raises(UnusableKeySet):
        read_key_set(document)
