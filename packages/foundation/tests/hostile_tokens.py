"""Tokens that must be refused, and what is said.

Where it can be done, a hostile token is valid and signed by the provider's own key, but for one thing. Then a single
check stands between it and acceptance, and the test of it fails without that check.
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from forge import ABSENT, Forge, encoded
from hostile_claims import CLAIMS
from identity_provider import base64url, ecdsa_in_der, ps256, public_jwk, rs256, rsa_key
from token_corpus import (
    ALGORITHM,
    ENCRYPTED,
    KEY_NAME,
    MEMBER,
    NO_ACCESS_TOKEN,
    NO_KEY,
    NOT_SIGNED,
    SECRET,
    SIGNATURE,
    TOO_LONG,
    Hostile,
)


def _header(name: str, sentence: str, **changes: Any) -> Hostile:
    return Hostile(name, lambda forge: forge.token(header=changes), sentence)


def _by_key(key: str, **header: Any) -> Hostile:
    return Hostile(f"key: {key} {header or ''}", lambda forge: forge.token(key, header), NO_KEY)


def _parts(name: str, header: bytes | None, payload: bytes | None, sentence: str = NOT_SIGNED) -> Hostile:
    def make(forge: Forge) -> str:
        return forge.signed(
            encoded(forge.header()) if header is None else header,
            encoded(forge.claims()) if payload is None else payload,
        )

    return Hostile(name, make, sentence)


def _changed(name: str, change: Callable[[str], str], sentence: str) -> Hostile:
    return Hostile(name, lambda forge: change(forge.token()), sentence)


def _with_header(name: str, change: Callable[[bytes], bytes]) -> Hostile:
    return Hostile(
        name, lambda forge: forge.signed(change(encoded(forge.header())), encoded(forge.claims())), NOT_SIGNED
    )


def _with_payload(name: str, change: Callable[[bytes], bytes]) -> Hostile:
    return Hostile(
        name, lambda forge: forge.signed(encoded(forge.header()), change(encoded(forge.claims()))), NOT_SIGNED
    )


def _keyed_by(name: str, secret: bytes, alg: str = "HS256", kid: str = "rsa") -> Hostile:
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[alg]

    def make(forge: Forge) -> str:
        header = encoded(forge.header("rsa", alg=alg, kid=kid))
        return forge.signed(header, encoded(forge.claims()), sign=lambda _, m: hmac.digest(secret, m, digest))

    return Hostile(name, make, ALGORITHM)


def _signed_by(
    name: str, key: str, alg: str, sign: Callable[[Any, bytes], bytes], sentence: str = SIGNATURE
) -> Hostile:
    def make(forge: Forge) -> str:
        return forge.signed(encoded(forge.header(key, alg=alg)), encoded(forge.claims()), key, sign)

    return Hostile(name, make, sentence)


def _last_segment(token: str, change: Callable[[str], str]) -> str:
    message, _, signature = token.rpartition(".")
    return f"{message}.{change(signature)}"


def _free_bits(signature: str) -> str:
    """The same bytes, where the decoder does not look at the last bits."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return signature[:-1] + alphabet[alphabet.index(signature[-1]) + 1]


def _in_the_usual_alphabet(forge: Forge) -> str:
    tokens = (forge.token(jti=f"token-{number}") for number in range(1000))
    token = next(token for token in tokens if {"-", "_"} & set(token.rpartition(".")[2]))
    return _last_segment(token, lambda signature: signature.replace("-", "+").replace("_", "/"))


def _in_another_text(forge: Forge) -> str:
    header, payload, signature = forge.token().split(".")
    return f"{header}\n.{payload}.{signature}"


def _swapped(forge: Forge) -> str:
    return _last_segment(forge.token(sub="user-1"), lambda _: forge.token(sub="user-2").rpartition(".")[2])


def _other_payload(forge: Forge) -> str:
    header, _, signature = forge.token().split(".")
    return f"{header}.{base64url(encoded(forge.claims(sub='admin')))}.{signature}"


def _nested(levels: int) -> bytes:
    return b'{"a":' + b"[" * levels + b"]" * levels + b"}"


def _pem() -> bytes:
    return rsa_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _der() -> bytes:
    return rsa_key().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _brought_along() -> Hostile:
    own = Ed25519PrivateKey.generate()

    def make(forge: Forge) -> str:
        header = encoded(forge.header(jwk=public_jwk(own)))
        return forge.signed(header, encoded(forge.claims()), sign=lambda _, message: own.sign(message))

    return Hostile("header: jwk, and signed by it", make, MEMBER)


STRUCTURE: Final = [
    Hostile("length: one too many", lambda forge: forge.of_length(8193), TOO_LONG),
    _changed("length: a megabyte", lambda token: token + "A" * (1 << 20), TOO_LONG),
    _changed("length: a huge header", lambda token: "e30" * 4000 + token, TOO_LONG),
    Hostile("segments: none", lambda _: "", NOT_SIGNED),
    Hostile("segments: dots", lambda _: "..", NOT_SIGNED),
    Hostile("segments: one", lambda _: "token", NOT_SIGNED),
    _changed("segments: two", lambda token: token.rpartition(".")[0], NOT_SIGNED),
    _changed("segments: four", lambda token: f"{token}.", NOT_SIGNED),
    _changed("segments: four, an empty one in front", lambda token: f".{token}", NOT_SIGNED),
    _changed("segments: five", lambda token: f"{token}.e30.e30", ENCRYPTED),
    _changed("segments: six", lambda token: f"{token}.e30.e30.e30", NOT_SIGNED),
    Hostile("segments: thousands", lambda _: "." * 8000, NOT_SIGNED),
    _changed("text: a space in front", lambda token: f" {token}", NOT_SIGNED),
    _changed("text: a space behind", lambda token: f"{token} ", NOT_SIGNED),
    _changed("text: a line feed behind", lambda token: f"{token}\n", NOT_SIGNED),
    _changed("text: NUL behind", lambda token: f"{token}\0", NOT_SIGNED),
    _changed("text: quoted", lambda token: f'"{token}"', NOT_SIGNED),
    _changed("text: not ASCII", lambda token: f"{token}é", NOT_SIGNED),
    _changed("text: digits of another script", lambda token: f"{token}\u0661", NOT_SIGNED),
    _changed("text: a lone surrogate", lambda token: f"{token}\ud800", NOT_SIGNED),
    Hostile("text: a line feed in a segment", _in_another_text, NOT_SIGNED),
    _changed("base64: padding", lambda token: f"{token}==", NOT_SIGNED),
    _changed("base64: bits that belong to no byte", lambda token: _last_segment(token, _free_bits), NOT_SIGNED),
    _changed("base64: one character too many", lambda token: f"{token}AAA", NOT_SIGNED),
    Hostile("base64: the usual alphabet", _in_the_usual_alphabet, NOT_SIGNED),
    _parts("JSON: header is a list", b'["EdDSA"]', None),
    _parts("JSON: header is a text", b'"EdDSA"', None),
    _parts("JSON: header is null", b"null", None),
    _parts("JSON: header is empty", b"", None),
    _parts("JSON: payload is a list", None, b"[]"),
    _parts("JSON: payload is a number", None, b"1"),
    _parts("JSON: payload is empty", None, b""),
    _parts("JSON: payload is another token", None, b"e30.e30.e30"),
    _parts("JSON: header nested deeply", _nested(2500), None),
    _parts("JSON: payload nested deeply", None, _nested(2500)),
    _with_header("JSON: header one level too deep", lambda it: b'{"a":' + b"[" * 32 + b"]" * 32 + b"," + it[1:]),
    _with_payload("JSON: payload one level too deep", lambda it: b'{"a":' + b"[" * 32 + b"]" * 32 + b"," + it[1:]),
    _with_header("JSON: alg repeated", lambda header: b'{"alg":"EdDSA",' + header[1:]),
    _with_header("JSON: typ repeated", lambda header: b'{"typ":"at+jwt",' + header[1:]),
    _with_payload("JSON: sub repeated", lambda payload: b'{"sub":"admin",' + payload[1:]),
    _with_payload("JSON: exp repeated, escaped", lambda payload: b'{"\\u0065xp":1,' + payload[1:]),
    _with_payload("JSON: repeated inside", lambda payload: b'{"a":{"b":1,"b":1},' + payload[1:]),
    _with_payload("JSON: NaN", lambda payload: b'{"a":NaN,' + payload[1:]),
    _with_payload("JSON: infinity", lambda payload: b'{"exp2":1e999,' + payload[1:]),
    _with_payload("JSON: a number of 5000 digits", lambda payload: b'{"a":' + b"1" * 5000 + b"," + payload[1:]),
    _with_payload("JSON: not UTF-8", lambda payload: b'{"a":"\xff",' + payload[1:]),
    _with_payload("JSON: a lone surrogate", lambda payload: b'{"a":"\\ud800",' + payload[1:]),
    _with_payload("JSON: a byte order mark", lambda payload: b"\xef\xbb\xbf" + payload),
    _with_payload("JSON: something behind", lambda payload: payload + b"{}"),
]  # fmt: skip

HEADERS: Final = [
    *(_header(f"alg: {alg}, yet signed", ALGORITHM, alg=alg) for alg in ("none", "None", "NONE", "nOnE", "", "eddsa")),
    *(
        _signed_by(f"alg: {alg} without a signature", "ed", alg, lambda *_: b"", ALGORITHM)
        for alg in ("none", "None", "NONE")
    ),
    _header("alg: missing", ALGORITHM, alg=ABSENT),
    _header("alg: null", ALGORITHM, alg=None),
    _header("alg: a number", ALGORITHM, alg=256),
    _header("alg: a list", ALGORITHM, alg=["EdDSA"]),
    _header("alg: an object", ALGORITHM, alg={"EdDSA": 1}),
    *(_header(f"alg: {alg}", ALGORITHM, alg=alg) for alg in ("RS384", "RS512", "PS512", "ES384", "ES256K", "Ed25519")),
    _header("alg: of encryption", ALGORITHM, alg="RSA-OAEP"),
    _keyed_by("alg: HS256 by the public key in PEM", _pem()),
    _keyed_by("alg: HS256 by the public key in PEM, without the last line feed", _pem().strip()),
    _keyed_by("alg: HS256 by the public key in DER", _der()),
    _keyed_by("alg: HS256 by the JWK", json.dumps(public_jwk(rsa_key())).encode()),
    _keyed_by("alg: HS256 by the modulus", public_jwk(rsa_key())["n"].encode()),
    _keyed_by("alg: HS512 by the public key in PEM", _pem(), "HS512"),
    _keyed_by("alg: HS256 by nothing", b""),
    _keyed_by("alg: HS256 by a secret that is published", SECRET, kid="oct"),
    _header("crit: empty", MEMBER, crit=[]),
    _header("crit: exp", MEMBER, crit=["exp"]),
    _header("crit: unknown", MEMBER, crit=["x"], x=True),
    _header("b64: false", MEMBER, b64=False),
    _header("b64: false and critical", MEMBER, b64=False, crit=["b64"]),
    _header("b64: true", MEMBER, b64=True),
    _header("zip: DEF", MEMBER, zip="DEF"),
    _header("header: jwk", MEMBER, jwk={"kty": "OKP"}),
    _brought_along(),
    _header("header: jku", MEMBER, jku="https://evil.example.com/keys"),
    _header("header: jku that is null", MEMBER, jku=None),
    _header("header: x5u", MEMBER, x5u="https://evil.example.com/keys"),
    _header("header: x5c", MEMBER, x5c=["MII"]),
    _header("typ: missing", NO_ACCESS_TOKEN, typ=ABSENT),
    _header("typ: null", NO_ACCESS_TOKEN, typ=None),
    _header("typ: a list", NO_ACCESS_TOKEN, typ=["at+jwt"]),
    *(
        _header(f"typ: {typ}", NO_ACCESS_TOKEN, typ=typ)
        for typ in ("JWT", "jwt", "", "application/jwt", "at+jwt ", "at-jwt", "text/at+jwt", "logout+jwt", "id+jwt")
    ),
    _header("typ: application twice", NO_ACCESS_TOKEN, typ="application/application/at+jwt"),
    _header("kid: a number", KEY_NAME, kid=7),
    _header("kid: null", KEY_NAME, kid=None),
    _header("kid: a list", KEY_NAME, kid=["ed"]),
    _header("kid: very long", KEY_NAME, kid="x" * 5000),
    Hostile("kid: one character too long", lambda forge: forge.token("id too long"), KEY_NAME),
    *(
        _header(f"kid: {kid!r}", NO_KEY, kid=kid)
        for kid in ("../../ed", "/dev/null", "ed' OR '1'='1", "ed\0", " ed", "ED", "", "https://evil.example.com/keys")
    ),
]  # fmt: skip

SIGNATURES: Final = [
    Hostile("key: missing, where several fit", lambda forge: forge.token("rsa", {"kid": ABSENT}), NO_KEY),
    Hostile("key: of another algorithm", lambda forge: forge.token("rsa", {"kid": "ed"}), NO_KEY),
    _by_key("only RS256", alg="PS256"),
    _by_key("only PS256", alg="RS256"),
    _by_key("rsa", alg="ES256"),
    _by_key("ec", alg="RS256"),
    _by_key("ed", alg="ES256"),
    _by_key("for encryption"),
    _by_key("for signing"),
    _by_key("operations as a text"),
    _by_key("for HS256"),
    _by_key("short"),
    _by_key("almost long enough"),
    _by_key("P-384"),
    _by_key("number"),
    _by_key("no RSA"),
    _by_key("twice"),
    _by_key("the second"),
    Hostile("signature: of a stranger", lambda forge: forge.token("stranger"), SIGNATURE),
    Hostile("signature: of a stranger's RSA key", lambda forge: forge.token("strange RSA"), SIGNATURE),
    Hostile("signature: of another token", _swapped, SIGNATURE),
    Hostile("signature: of another payload", _other_payload, SIGNATURE),
    _changed("signature: missing", lambda token: f"{token.rpartition('.')[0]}.", SIGNATURE),
    _changed("signature: truncated", lambda token: _last_segment(token, lambda it: it[:40]), SIGNATURE),
    _changed("signature: zeros", lambda token: _last_segment(token, lambda _: base64url(bytes(64))), SIGNATURE),
    _signed_by("signature: RS256 under PS256", "rsa", "PS256", rs256),
    _signed_by("signature: PS256 under RS256", "rsa", "RS256", ps256),
    _signed_by("signature: ES256 in DER", "ec", "ES256", ecdsa_in_der),
    _signed_by("signature: ES256 of zeros", "ec", "ES256", lambda *_: bytes(64)),
    _signed_by("signature: ES256 of one zero", "ec", "ES256", lambda *_: bytes(32) + (1).to_bytes(32)),
    _signed_by("signature: ES256, empty", "ec", "ES256", lambda *_: b""),
    _signed_by("signature: ES256, too long", "ec", "ES256", lambda *_: bytes(65)),
    _signed_by("signature: ES256, beyond the order", "ec", "ES256", lambda *_: b"\xff" * 64),
    _signed_by("signature: RS256, empty", "rsa", "RS256", lambda *_: b""),
    _signed_by("signature: RS256 of zeros", "rsa", "RS256", lambda *_: bytes(256)),
    _signed_by("signature: RS256, too long", "rsa", "RS256", lambda key, it: b"\0" + rs256(key, it)),
]  # fmt: skip


HOSTILE: Final = [*STRUCTURE, *HEADERS, *SIGNATURES, *CLAIMS]
