"""What the provider may answer, and which of its keys are used."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from foundation.kernel.access.credentials import CredentialUnverifiable
from foundation.oidc.algorithms import ALGORITHMS
from foundation.oidc.key_set import UnusableKeySet, read_key_set
from foundation.oidc.settings import OidcSettings
from foundation.oidc.signing_keys import SigningKeys
from identity_provider import DISCOVERY, KEYS, IdentityProvider, base64url, ed25519, public_jwk, rsa_key

FIRST = ed25519("first")
EDDSA = ALGORITHMS["EdDSA"]
MIB = 1 << 20


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    with IdentityProvider(FIRST) as provider:
        yield provider


async def failure(provider: IdentityProvider, caplog: pytest.LogCaptureFixture) -> str | None:
    """Why the keys could not be fetched, as the log says it; None if they were."""
    keys = SigningKeys(OidcSettings(provider.issuer, "api", allow_http=True))
    try:
        await keys.find("first", EDDSA)
    except CredentialUnverifiable:
        (record,) = caplog.records
        return record.getMessage().removeprefix("the keys of the identity provider cannot be fetched: ").split(";")[0]
    finally:
        await keys.aclose()
    return None


def padded(document: dict[str, Any], length: int) -> bytes:
    content = json.dumps(document).encode()
    return content + b" " * (length - len(content))


# HTTP.


@pytest.mark.anyio
@pytest.mark.parametrize("path", [DISCOVERY, KEYS])
@pytest.mark.parametrize("status", [201, 204, 301, 302, 307, 400, 404, 500, 503])
async def test_only_ok_is_an_answer(
    provider: IdentityProvider, caplog: pytest.LogCaptureFixture, path: str, status: int
) -> None:
    provider.status[path] = status
    provider.headers[path] = {"Location": "/elsewhere"}
    provider.bodies["/elsewhere"] = provider.body(path) or b""
    assert await failure(provider, caplog) == f"it answered with status {status}"
    assert "/elsewhere" not in provider.requests


@pytest.mark.anyio
@pytest.mark.parametrize("path", [DISCOVERY, KEYS])
@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{", b'{"keys": [], "keys": []}', b"\xff", b'{"a": NaN}', b"[" * 100_000]
)
async def test_what_is_not_json_is_no_answer(
    provider: IdentityProvider, caplog: pytest.LogCaptureFixture, path: str, body: bytes
) -> None:
    provider.bodies[path] = body
    assert await failure(provider, caplog) == "its answer is not JSON"


@pytest.mark.anyio
@pytest.mark.parametrize("path", [DISCOVERY, KEYS])
@pytest.mark.parametrize("length", [MIB + 1, 10 * MIB])
async def test_an_answer_that_is_too_long_is_not_read(
    provider: IdentityProvider, caplog: pytest.LogCaptureFixture, path: str, length: int
) -> None:
    provider.bodies[path] = padded(json.loads(provider.body(path) or b""), length)
    assert await failure(provider, caplog) == f"its answer is longer than {MIB} bytes"


@pytest.mark.anyio
async def test_an_answer_of_the_longest_kind_is_read(
    provider: IdentityProvider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.bodies[KEYS] = padded({"keys": [FIRST.jwk()]}, MIB)
    assert await failure(provider, caplog) is None


@pytest.mark.anyio
async def test_an_answer_that_is_compressed_unasked_is_not_unpacked(
    provider: IdentityProvider, caplog: pytest.LogCaptureFixture
) -> None:
    import gzip

    provider.bodies[KEYS] = gzip.compress(json.dumps({"keys": [FIRST.jwk()]}).encode())
    provider.headers[KEYS] = {"Content-Encoding": "gzip"}
    assert await failure(provider, caplog) == "its answer is not JSON"


# The discovery document.


@pytest.mark.anyio
@pytest.mark.parametrize("issuer", ["https://evil.example.com", "", None, ["x"], "slash", "upper"])
async def test_the_document_of_another_issuer_is_refused(
    provider: IdentityProvider, caplog: pytest.LogCaptureFixture, issuer: Any
) -> None:
    changed = {"slash": f"{provider.issuer}/", "upper": provider.issuer.upper()}
    provider.discovery["issuer"] = changed.get(issuer, issuer) if isinstance(issuer, str) else issuer
    assert await failure(provider, caplog) == "its discovery document is of another issuer"
    assert KEYS not in provider.requests


@pytest.mark.anyio
async def test_a_document_that_is_no_object_is_refused(
    provider: IdentityProvider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.bodies[DISCOVERY] = b"[]"
    assert await failure(provider, caplog) == "its discovery document is of another issuer"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "url",
    [
        None,
        1,
        "",
        "/keys",
        "keys",
        "//127.0.0.1/keys",
        "http://example.com/keys",
        "http://127.0.0.1.example.com/keys",
        "http://user@127.0.0.1/keys",
        "ftp://127.0.0.1/keys",
        "file:///etc/passwd",
        "https://",
        "https://[::1/keys",
        "https://example.com:port/keys",
        "https://example.com/a b\n",
        "https://ex\u00e4mple.com/keys",
    ],
)
async def test_keys_are_fetched_from_https_or_from_this_machine_only(
    provider: IdentityProvider, caplog: pytest.LogCaptureFixture, url: Any
) -> None:
    provider.discovery["jwks_uri"] = url
    assert await failure(provider, caplog) == "its discovery document names no address of keys that may be used"


@pytest.mark.anyio
async def test_keys_are_asked_for_over_https(provider: IdentityProvider, caplog: pytest.LogCaptureFixture) -> None:
    # The server speaks no TLS, so that the attempt fails; it is made, however.
    provider.discovery["jwks_uri"] = f"{provider.address}{KEYS}".replace("http:", "https:")
    assert await failure(provider, caplog) == "the request failed with ConnectError"


# The set of keys.


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([], "it is no JWK set"),
        ({}, "it is no JWK set"),
        ({"keys": {}}, "it is no JWK set"),
        ({"keys": None}, "it is no JWK set"),
        ({"keys": []}, "it has no key that can be used"),
        ({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}, "it has no key that can be used"),
        ({"keys": [{}] * 101}, "it has more than 100 keys"),
    ],
)
async def test_a_set_without_a_key_that_can_be_used_is_a_failure(
    provider: IdentityProvider, caplog: pytest.LogCaptureFixture, document: Any, reason: str
) -> None:
    provider.bodies[KEYS] = json.dumps(document).encode()
    assert await failure(provider, caplog) == f"its key set cannot be used: {reason}"


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


# The settings.


@pytest.mark.parametrize(
    "issuer", ["https://id.example.com", "https://id.example.com/", "https://id.example.com:8443/realms/a"]
)
def test_an_issuer_has_an_https_address(issuer: str) -> None:
    settings = OidcSettings(issuer, "api")
    assert settings.issuer == issuer
    assert not settings.on_loopback
    assert settings.token_types == {"at+jwt"}


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "localhost", "[::1]", "localhost:8080"])
def test_an_issuer_on_this_machine_may_do_without_tls(host: str) -> None:
    assert OidcSettings(f"http://{host}/realms/a", "api", allow_http=True).on_loopback
    with pytest.raises(ValueError, match="issuer must be an https address"):
        OidcSettings(f"http://{host}/realms/a", "api")


@pytest.mark.parametrize(
    "issuer",
    [
        "",
        "id.example.com",
        "http://id.example.com",
        "http://localhost.example.com",
        "http://10.0.0.1",
        "https://id.example.com?a=b",
        "https://id.example.com?",
        "https://id.example.com#a",
        "https://user:password@id.example.com",
        "https://id.example.com:port",
        "https://id.example.com/ a\n",
        "https://[id",
        "ftp://localhost",
    ],
)
def test_another_issuer_is_refused(issuer: str) -> None:
    with pytest.raises(ValueError, match="issuer must be an https address"):
        OidcSettings(issuer, "api", allow_http=True)


def test_an_audience_and_a_type_are_needed() -> None:
    with pytest.raises(ValueError, match="audience"):
        OidcSettings("https://id.example.com", "")
    with pytest.raises(ValueError, match="type"):
        OidcSettings("https://id.example.com", "api", token_types=frozenset())
