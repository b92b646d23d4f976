"""The headers of requests and answers."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from foundation.http.edge.envelope import HEADERS
from foundation.http.limits import MAX_HEADER_SIZE

_ID: Final = "^[A-Za-z0-9._-]{1,128}$"
_PATH: Final = r"^/[A-Za-z0-9/_-]{1,200}$"
_POLICY: Final = '"[a-z][a-z0-9-]{0,31}";q=[1-9][0-9]{0,6};w=[1-9][0-9]{0,3}'
_SERVICE_LIMIT: Final = '"[a-z][a-z0-9-]{0,31}";r=(?:0|[1-9][0-9]{0,6});t=[1-9][0-9]{0,3}'
_METHODS: Final = "^[A-Z]{3,7}(?:, [A-Z]{3,7})*$"
_MEDIA_TYPES: Final = "^[a-z]+/[a-z.+-]+(?:, [a-z]+/[a-z.+-]+)*$"


def _text(description: str, pattern: str, example: str, *, longest: int = 1000, always: bool = False) -> dict[str, Any]:
    """A header whose value matches `pattern`; `always` says that no answer with it declared may lack it."""
    schema = {"type": "string", "pattern": pattern, "maxLength": longest}
    return {"description": description, "required": always, "schema": schema, "example": example}


def _constant(description: str, value: str) -> dict[str, Any]:
    return {"description": description, "required": True, "schema": {"type": "string", "const": value}}


HEADER_COMPONENTS: Final[Mapping[str, Any]] = {
    "X-Request-Id": _text(
        "The id of this request, under which the service logs it: the one that the client sent, if it has this form.",
        _ID,
        "5f2b9a0c7d1e4f6a8b3c2d1e0f9a8b7c",
        longest=128,
        always=True,
    ),
    "X-Content-Type-Options": _constant(
        "The media type is as declared; clients must not guess another one.", HEADERS["X-Content-Type-Options"]
    ),
    "Cache-Control": _constant("Personal data is not kept on the way.", HEADERS["Cache-Control"]),
    "Content-Security-Policy": _constant(
        "An answer that is opened in a browser may load and do nothing.", HEADERS["Content-Security-Policy"]
    ),
    "ETag": _text(
        "The strong entity tag of the resource, for If-Match and If-None-Match (RFC 9110, section 8.8.3).",
        '^"[0-9a-f]{1,8}-[0-9a-f]{1,15}"$',
        '"2a-6465b1f0e4c00"',
        always=True,
    ),
    "Location": _text("The address of the new resource.", _PATH, "/api/v1/things/42", always=True),
    "Link": _text(
        'The next page, with rel="next" (RFC 8288). The last page has none.',
        '^</[^<>]+>; rel="next"$',
        '</api/v1/things?limit=2&cursor=hGq0Zr>; rel="next"',
        longest=8192,
    ),
    "Idempotent-Replayed": _constant("This is the answer to an earlier request with the same Idempotency-Key.", "true")
    | {"required": False},
    "Preference-Applied": _text(
        "The preference that was honoured (RFC 7240, section 3).", "^count=exact$", "count=exact"
    ),
    "Allow": _text("The methods that there are here.", _METHODS, "GET, HEAD, OPTIONS, POST", always=True),
    "Accept-Post": _text("The media types that POST takes here.", _MEDIA_TYPES, "application/json"),
    "Accept-Patch": _text(
        "The media types that PATCH takes here (RFC 5789, section 3.1).",
        _MEDIA_TYPES,
        "application/merge-patch+json, application/json",
    ),
    # Structured fields of draft-ietf-httpapi-ratelimit-headers; see `foundation.http.requests.rate_limits`.
    "RateLimit-Policy": _text(
        "The limits that the request counted against, by name: q requests, which come back evenly in w seconds.",
        f"^{_POLICY}(?:, {_POLICY})*$",
        '"default";q=100;w=60',
    ),
    "RateLimit": _text(
        "What is left of each limit: r requests, and in t seconds all of them again, or if r is 0 the next one.",
        f"^{_SERVICE_LIMIT}(?:, {_SERVICE_LIMIT})*$",
        '"default";r=57;t=26',
    ),
    "WWW-Authenticate": _text(
        "What is wrong with the credential, or which scope it lacks (RFC 6750, section 3).",
        '^Bearer(?: [a-z_]+="[^"]+"(?:, [a-z_]+="[^"]+")*)?$',
        'Bearer error="insufficient_scope", scope="things:write"',
    ),
    "Retry-After": {
        "description": "Seconds after which to try again.",
        "required": True,
        "schema": {"type": "integer", "format": "int32", "minimum": 1, "maximum": 3600},
        "example": 1,
    },
}


def header(name: str) -> dict[str, Any]:
    """The header `name` of an answer, as a reference to its component."""
    return {name: {"$ref": f"#/components/headers/{name}"}}


def headers_of_page(policy: str) -> dict[str, str]:
    """The headers of a page with this policy. Its address is not sent to the hosts that its links lead to."""
    return {"Content-Security-Policy": policy, "Referrer-Policy": "same-origin"}


def described_page(headers: Mapping[str, str]) -> dict[str, Any]:
    """What the document says of the headers of a page (see `headers_of_page`)."""
    described = {
        "Content-Security-Policy": "What the page may load and do.",
        "Referrer-Policy": "The address of the page is not sent to other hosts.",
    }
    return {name: _constant(described[name], value) for name, value in headers.items()}


def content_disposition(name: str, suffixes: Sequence[str]) -> dict[str, Any]:
    """The header of a file with this name and one of these suffixes."""
    return {
        "Content-Disposition": _text(
            "The name for the file that the answer is saved as (RFC 6266).",
            rf'^attachment; filename="{name}\.(?:{"|".join(suffixes)})"$',
            f'attachment; filename="{name}.{suffixes[-1]}"',
            always=True,
        )
    }


# What the envelope gives every answer.
ON_EVERY_ANSWER: Final[Mapping[str, Any]] = {
    name: reference for known in ("X-Request-Id", *HEADERS) for name, reference in header(known).items()
}
ENTITY_TAG: Final = header("ETag")
IDEMPOTENT_REPLAYED: Final = header("Idempotent-Replayed")
LINK_TO_NEXT: Final = header("Link")
LOCATION: Final = header("Location")
RATE_LIMITS: Final = {**header("RateLimit-Policy"), **header("RateLimit")}
PREFERENCE_APPLIED: Final = header("Preference-Applied")


def _text_of_a_header(name: str, pattern: str) -> dict[str, Any]:
    """The schema of a header of requests, which may be as long as the name leaves room for: see `strict_input`."""
    return {"type": "string", "pattern": pattern, "maxLength": MAX_HEADER_SIZE - len(name)}


# A list of entity tags, or any version (RFC 9110, 8.8.3 and 13.1); members of a list may be empty (5.6.1.2).
_ENTITY_TAGS: Final = (
    r'^(?:\*|[ \t]*(?:(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"[ \t]*)?'
    r'(?:,[ \t]*(?:(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"[ \t]*)?)*)$'
)
REQUEST_HEADERS: Final[Mapping[str, Any]] = {
    "If-Match": {"schema": _text_of_a_header("If-Match", _ENTITY_TAGS), "example": "*"},
    "If-None-Match": {"schema": _text_of_a_header("If-None-Match", _ENTITY_TAGS), "example": '"2a-6465b1f0e4c00"'},
    # Without an example, which the page would send with every request that is tried.
    "Idempotency-Key": {"schema": {"type": "string", "pattern": "^[!-~]{1,255}$", "minLength": 1, "maxLength": 255}},
    "Prefer": {
        "schema": _text_of_a_header("Prefer", r"^[\t\x20-\x7e\x80-\xff]*$"),
        "example": "count=exact",
    },
}
