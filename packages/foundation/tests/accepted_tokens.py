"""Tokens that look odd and must be accepted."""

from collections.abc import Mapping
from typing import Any, Final

from forge import ABSENT, AUDIENCE, NOW
from token_corpus import LAST_MOMENT, Accepted


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
    _valid("tenant: another", {"tenant": "globex"}, tenant="globex"),
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
