"""Hostile credentials, and credentials where none belongs."""

import json
from base64 import urlsafe_b64encode
from typing import Final

from e2e.hostile.cases import USERS, cases, request


def _with(value: bytes, *more: bytes) -> bytes:
    """A request to list users, with this `Authorization`."""
    return request(USERS, b"Authorization: " + value, *more)


def _token(header: object, claims: object = (), signature: bytes = b"") -> bytes:
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, claims, signature)]
    return b"Bearer " + b".".join(urlsafe_b64encode(part).rstrip(b"=") for part in parts)


_NONE: Final = {"alg": "none", "typ": "at+jwt"}
_DEEP: Final = b'{"alg":"RS256","a":' + b"[" * 2_000 + b"]" * 2_000 + b"}"
_ADMIN: Final = {"sub": "admin", "scope": "users:read users:admin", "exp": 4_000_000_000}
_API_KEY: Final = b"svc_" + b"0" * 36

CREDENTIALS: Final = [
    *cases(
        401,
        no_credential=request(USERS),
        empty=_with(b""),
        only_the_scheme=_with(b"Bearer"),
        only_blanks_behind=_with(b"Bearer" + b" " * 1_000),
        a_tab_for_the_blank=_with(b"Bearer\ta.b.c"),
        another_scheme=_with(b"Basic YWRtaW46YWRtaW4="),
        unknown_scheme=_with(b"Magic a.b.c"),
        scheme_within=_with(b"xBearer a.b.c"),
        two_in_one=_with(b"Bearer a.b.c, Bearer d.e.f"),
        two_headers=_with(b"Bearer a.b.c", b"Authorization: Bearer a.b.c"),
        two_schemes=_with(b"Basic YTpi", b"Authorization: Bearer a.b.c"),
        quoted=_with(b'Bearer "a.b.c"'),
        parameters=_with(b"Bearer token=a, realm=b"),
        raw_bytes=_with(b"Bearer \xff\xfe\xfd"),
        raw_utf8=_with("Bearer å.b.c".encode()),
        equal_signs_within=_with(b"Bearer a==.b.c"),
        only_equal_signs=_with(b"Bearer " + b"=" * 1_000),
        dots=_with(b"Bearer " + b"." * 8_000),
        letters=_with(b"Bearer " + b"A" * 8_000),
        slashes=_with(b"Bearer " + b"/" * 8_000),
        api_key_that_is_broken=_with(b"Bearer " + _API_KEY),
        api_key_that_is_long=_with(b"Bearer svc_" + b"0" * 8_000),
        api_key_with_a_quote=_with(b"Bearer svc_'OR'1'='1"),
        unsigned=_with(_token(_NONE, _ADMIN)),
        unsigned_in_capitals=_with(_token(_NONE | {"alg": "NONE"}, _ADMIN)),
        signed_by_nothing=_with(_token({"alg": "RS256", "typ": "at+jwt"}, _ADMIN)),
        signed_by_zeros=_with(_token({"alg": "ES256", "typ": "at+jwt"}, _ADMIN, bytes(64))),
        signed_by_a_password=_with(_token({"alg": "HS256", "typ": "at+jwt"}, _ADMIN, bytes(32))),
        key_elsewhere=_with(_token({"alg": "RS256", "jku": "http://169.254.169.254/"}, _ADMIN, bytes(256))),
        key_in_a_file=_with(_token({"alg": "RS256", "kid": "../../../../dev/null"}, _ADMIN, bytes(256))),
        header_that_is_deep=_with(_token(_DEEP, _ADMIN)),
        header_that_is_no_object=_with(_token([], _ADMIN)),
        header_of_nulls=_with(_token(bytes(1_000), _ADMIN)),
        header_with_a_number=_with(_token(b'{"alg":' + b"9" * 4_301 + b"}", _ADMIN)),
        five_parts=_with(b"Bearer a.b.c.d.e"),
        of_a_proxy=request(USERS, b"Proxy-Authorization: Bearer a.b.c"),
        of_a_gateway=request(USERS, b"X-Remote-User: admin", b"X-Forwarded-User: admin"),
        in_a_cookie=request(USERS, b"Cookie: access_token=" + _API_KEY),
        in_the_query=request(USERS + b"?access_token=" + _API_KEY),
    ),
    *cases(
        400,
        null=_with(b"Bearer a\x00b"),
        folded=_with(b"Bearer\r\n a.b.c"),
        a_second_request_within=_with(b"Bearer a\nX: b"),
    ),
    *cases(431, too_long=_with(b"Bearer " + b"a" * 9_000)),
    *cases(405, method_that_is_not_allowed=request(USERS, method=b"PUT")),
    *cases(404, id_that_is_none=request(USERS + b"/0")),
    *cases(204, options=request(USERS, method=b"OPTIONS")),
]
