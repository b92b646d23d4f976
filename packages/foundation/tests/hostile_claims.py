"""Tokens of the provider whose claims are wrong in one thing each, and what is said."""

from typing import Any, Final

from forge import ABSENT, AUDIENCE, NOW
from token_corpus import (
    EXPIRED,
    FOR_ANOTHER,
    FUTURE,
    ISSUER,
    LAST_MOMENT,
    NAME,
    NO_ACCESS_TOKEN,
    NO_EXPIRY,
    NO_SUBJECT,
    NO_TENANT,
    NOT_YET,
    SCOPES,
    TIME,
    TOO_MANY_SCOPES,
    Hostile,
)


def _claims(name: str, sentence: str, **changes: Any) -> Hostile:
    return Hostile(name, lambda forge: forge.token(**changes), sentence)


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
    _claims("tenant: missing", NO_TENANT, tenant=ABSENT),
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
