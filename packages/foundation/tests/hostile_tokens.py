"""Tokens that must be refused, and what is said; and tokens that look odd and must be accepted.

Where it can be done, a hostile token is valid and signed by the provider's own key, but for one thing. Then a single
check stands between it and acceptance, and the test of it fails without that check.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from forge import ABSENT, AUDIENCE, NOW, Forge, encoded
from identity_provider import ProviderKey, base64url, ecdsa_in_der, ed25519, ps256, public_jwk, rs256, rsa_key

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


def _header(name: str, sentence: str, **changes: Any) -> Hostile:
    return Hostile(name, lambda forge: forge.token(header=changes), sentence)


def _claims(name: str, sentence: str, **changes: Any) -> Hostile:
    return Hostile(name, lambda forge: forge.token(**changes), sentence)


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

CLAIMS: Final = [
    _claims("iss: missing", ISSUER, iss=ABSENT),
    _claims("iss: null", ISSUER, iss=None),
    Hostile("iss: a list", lambda forge: forge.token(iss=[forge.issuer]), ISSUER),
    Hostile("iss: a slash behind", lambda forge: forge.token(iss=f"{forge.issuer}/"), ISSUER),
    Hostile("iss: upper case", lambda forge: forge.token(iss=forge.issuer.upper()), ISSUER),
    Hostile("iss: a neighbour", lambda forge: forge.token(iss=f"{forge.issuer}/realms/b"), ISSUER),
    Hostile("iss: a beginning", lambda forge: forge.token(iss=forge.issuer[:-1]), ISSUER),
    Hostile("iss: a space behind", lambda forge: forge.token(iss=f"{forge.issuer} "), ISSUER),
    _claims("aud: missing", FOR_ANOTHER, aud=ABSENT),
    _claims("aud: null", FOR_ANOTHER, aud=None),
    _claims("aud: empty", FOR_ANOTHER, aud=""),
    _claims("aud: an empty list", FOR_ANOTHER, aud=[]),
    _claims("aud: another", FOR_ANOTHER, aud="https://other.example.com"),
    _claims("aud: a beginning", FOR_ANOTHER, aud=AUDIENCE[:-1]),
    _claims("aud: more", FOR_ANOTHER, aud=f"{AUDIENCE}/"),
    _claims("aud: in a text", FOR_ANOTHER, aud=f"{AUDIENCE} https://other.example.com"),
    _claims("aud: upper case", FOR_ANOTHER, aud=AUDIENCE.upper()),
    _claims("aud: an object", FOR_ANOTHER, aud={AUDIENCE: True}),
    _claims("aud: others", FOR_ANOTHER, aud=["https://other.example.com", "x"]),
    _claims("aud: a list in a list", FOR_ANOTHER, aud=[[AUDIENCE]]),
    _claims("aud: a list with a number", FOR_ANOTHER, aud=[AUDIENCE, 1]),
    _claims("exp: missing", NO_EXPIRY, exp=ABSENT),
    *(
        _claims(f"{name}: {what}", TIME, **{name: value})
        for name in ("exp", "nbf", "iat")
        for what, value in (
            ("null", None),
            ("a text", str(int(NOW))),
            ("true", True),
            ("a list", [NOW]),
            ("negative", -1),
            ("beyond the year 9999", LAST_MOMENT + 1),
            ("of 400 digits", 10**400),
        )
    ),
    _claims("exp: past, by the leeway", EXPIRED, exp=NOW - 60),
    _claims("exp: long past", EXPIRED, exp=NOW - 86_400),
    _claims("exp: zero", EXPIRED, exp=0),
    _claims("nbf: ahead, by more than the leeway", NOT_YET, nbf=NOW + 61),
    _claims("iat: ahead, by more than the leeway", FUTURE, iat=NOW + 61),
    _claims("sub: missing", NO_SUBJECT, sub=ABSENT),
    *(
        _claims(f"{name}: {what}", NAME, **{name: value})
        for name in ("sub", "jti", "tenant")
        for what, value in (
            ("null", None),
            ("empty", ""),
            ("a number", 1),
            ("a list", ["a"]),
            ("a line feed", "a\nb"),
            ("NUL", "a\0"),
            ("an escape", "\x1b[2J"),
            ("a change of direction", "a\u202eb"),
            ("of no width", "a\u200bb"),
            ("a space", " "),
            ("a space in front", " a"),
            ("a space behind", "a "),
            ("too long", "a" * (101 if name == "tenant" else 256)),
        )
    ),
    *(
        _claims(f"scope: {what}", SCOPES, scope=value)
        for what, value in (
            ("null", None),
            ("a number", 1),
            ("a list", ["users:read"]),
            ("an object", {"users:read": 1}),
            ("a quote", 'users:"read"'),
            ("a backslash", "users\\read"),
            ("a tab", "users:read\tusers:write"),
            ("not ASCII", "users:r\u00e9ad"),
            ("DEL", "users:\x7f"),
            ("two spaces", "users:read  users:write"),
            ("a space in front", " users:read"),
            ("one too long", "s" * 101),
            ("a line feed behind", "users:read\n"),
        )
    ),
    _claims("scope: too many", TOO_MANY_SCOPES, scope=" ".join(f"s{number}" for number in range(201))),
    _claims("scp: too many", TOO_MANY_SCOPES, scope=ABSENT, scp=[f"s{number}" for number in range(201)]),
    *(
        _claims(f"scp: {what}", SCOPES, scope=ABSENT, scp=value)
        for what, value in (
            ("null", None),
            ("zero", 0),
            ("an object", {"users:read": 1}),
            ("a list with a number", ["users:read", 1]),
            ("a list with spaces", ["users:read users:write"]),
            ("a list with an empty text", [""]),
        )
    ),
    _claims("ID token: nonce", NO_ACCESS_TOKEN, nonce="n-1"),
    _claims("ID token: at_hash", NO_ACCESS_TOKEN, at_hash="abc"),
    _claims("ID token: c_hash", NO_ACCESS_TOKEN, c_hash="abc"),
    _claims("ID token: typ in the payload", NO_ACCESS_TOKEN, typ="ID"),
    _claims("logout token: events", NO_ACCESS_TOKEN, events={}),
]  # fmt: skip

HOSTILE: Final = [*STRUCTURE, *HEADERS, *SIGNATURES, *CLAIMS]


def _valid(name: str, principal: Mapping[str, Any] | None = None, **claims: Any) -> Accepted:
    return Accepted(name, lambda forge: forge.token(**claims), principal or {})


def _with(name: str, key: str = "ed", **header: Any) -> Accepted:
    return Accepted(name, lambda forge: forge.token(key, header))


MANY: Final = [f"s{number}" for number in range(200)]

ACCEPTED: Final = [
    *(_with(f"key: {key}", key) for key in ("ed", "rsa", "ec", "only RS256", "only PS256", "longest id")),
    _with("alg: PS256 by a key for both", "rsa", alg="PS256"),
    _with("kid: missing, where one key fits", "ec", kid=ABSENT),
    *(
        _with(f"typ: {typ}", typ=typ)
        for typ in ("at+jwt", "AT+JWT", "At+Jwt", "application/at+jwt", "Application/AT+JWT")
    ),
    _with("header: members without a meaning here", cty="JWT", x5t="abc", other=[1]),
    Accepted("length: as long as may be", lambda forge: forge.of_length(8192)),
    _valid("aud: a list", aud=["https://other.example.com", AUDIENCE]),
    _valid("exp: past, within the leeway", exp=NOW - 59),
    _valid("exp: with a fraction", exp=NOW - 59.999),
    _valid("exp: the last moment", exp=LAST_MOMENT),
    _valid("nbf: ahead, by the leeway", nbf=NOW + 60),
    _valid("nbf: the first moment", nbf=0),
    _valid("iat: ahead, by the leeway", iat=NOW + 60),
    _valid("nbf, iat and jti: missing", nbf=ABSENT, iat=ABSENT, jti=ABSENT),
    _valid("sub: one character", {"id": "1", "owner": "1"}, sub="1"),
    _valid("sub: as long as may be", {"id": "a" * 255, "owner": "a" * 255}, sub="a" * 255),
    _valid("sub: not ASCII", {"id": "Zoë 1", "owner": "Zoë 1"}, sub="Zoë 1"),
    _valid("tenant: given", {"tenant": "acme"}, tenant="acme"),
    _valid("tenant: as long as may be", {"tenant": "t" * 100}, tenant="t" * 100),
    _valid("scope: missing", {"scopes": frozenset()}, scope=ABSENT),
    _valid("scope: empty", {"scopes": frozenset()}, scope=""),
    _valid("scope: one", {"scopes": frozenset({"s" * 100})}, scope="s" * 100),
    _valid("scope: of every kind of character", {"scopes": frozenset({"!", "#[", "]~"})}, scope="! #[ ]~"),
    _valid("scope: as many as may be", {"scopes": frozenset(MANY)}, scope=" ".join(MANY)),
    _valid("scp: a list", {"scopes": frozenset({"a", "b"})}, scope=ABSENT, scp=["a", "b"]),
    _valid("scp: an empty list", {"scopes": frozenset()}, scope=ABSENT, scp=[]),
    _valid("scp: a text", {"scopes": frozenset({"a", "b"})}, scope=ABSENT, scp="a b"),
    _valid("scope and scp: scope counts", {"scopes": frozenset({"a"})}, scope="a", scp=["b"]),
    _valid("claims: others", typ="Bearer", azp="x", deep={"a": [[1]]}),
]  # fmt: skip
