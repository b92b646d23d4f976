"""The kinds of problems that every service answers. A service adds its own: see `catalogue`."""

from typing import Final

from foundation.http import limits
from foundation.http.problems.problem import FieldError, ProblemKind
from foundation.strict_json import MAX_NESTING

_KIB: Final = 1024
_MIB: Final = 1024 * 1024
_NOTHING_CHANGED: Final = "Nothing was changed."

MALFORMED_REQUEST: Final = ProblemKind(
    slug="malformed-request",
    status=400,
    title="The request is malformed.",
    advice="Correct the syntax of the request.",
    happened=(
        "The request cannot be understood, or could be understood in two ways: its framing, its address, a header, "
        f"or its JSON. JSON must be UTF-8 without a byte order mark, nest at most {MAX_NESTING} levels, and have "
        f"no repeated names, no lone surrogates and no `NaN` or `Infinity`. {_NOTHING_CHANGED}"
    ),
    to_do="Look at `detail`, which says what was wrong where that is known. The same request will fail again.",
)
UNKNOWN_PARAMETER: Final = ProblemKind(
    slug="unknown-parameter",
    status=400,
    title="A query parameter is unknown or repeated.",
    advice="Send only the documented query parameters, each once.",
    happened=(
        "The address has a query parameter that this route does not know, or the same parameter twice. The service "
        "refuses it, because a misspelled parameter that is ignored gives the answer to another question."
    ),
    to_do="Compare the names with the documentation of the route. Names are case-sensitive.",
)
INVALID_CURSOR: Final = ProblemKind(
    slug="invalid-cursor",
    status=400,
    title="The cursor is not valid here.",
    advice="Use the cursor of the page before, with the same sort and filter; or begin again without one.",
    happened=(
        "This service did not issue the cursor, or issued it for another `sort` or filter than this request has. A "
        "cursor also becomes invalid when the key that the service signs cursors with changes."
    ),
    to_do=(
        "Use `next_cursor` or the `Link` of the previous page unchanged, with the same parameters. If you no longer "
        "have it, begin again without a cursor."
    ),
)
UNAUTHENTICATED: Final = ProblemKind(
    slug="unauthenticated",
    status=401,
    title="The request has no valid credential.",
    advice="Send an API key or an access token: Authorization: Bearer ...",
    happened=(
        "The route needs to know who asks. The request has no `Authorization` header, or its credential is broken, "
        f"unknown, expired or revoked. {_NOTHING_CHANGED}"
    ),
    to_do=(
        "Send `Authorization: Bearer` with an API key of this service or an access token of its identity provider. "
        "`detail` says what is wrong with the one that was sent. If it has expired, get a new one."
    ),
)
FORBIDDEN: Final = ProblemKind(
    slug="forbidden",
    status=403,
    title="The credential does not allow this.",
    advice="Use a credential that allows it.",
    happened=(
        "The credential is valid, and lacks the scope of this route, or the rules of the service do not allow this "
        f"to its principal. {_NOTHING_CHANGED}"
    ),
    to_do=(
        "Ask for a credential with the scope that `detail` names. The same credential will be refused again, unless "
        "its rights change."
    ),
)
NOT_FOUND: Final = ProblemKind(
    slug="not-found",
    status=404,
    title="There is nothing here.",
    advice="Check the address; it may have been deleted.",
    happened=(
        "There is nothing at this address: no such route, or no such resource. A resource that was deleted never "
        "comes back under the same id. Each address has one spelling, without a slash at its end."
    ),
    to_do="Check the address. If a resource was there before, it has been deleted.",
)
METHOD_NOT_ALLOWED: Final = ProblemKind(
    slug="method-not-allowed",
    status=405,
    title="The method is not allowed here.",
    advice="Use a method that the Allow header names.",
    happened=f"The address exists, and does not have this method. {_NOTHING_CHANGED}",
    to_do="Use one of the methods in the `Allow` header. `OPTIONS` tells them for any address.",
)
NOT_ACCEPTABLE: Final = ProblemKind(
    slug="not-acceptable",
    status=406,
    title="The answer has no form that is acceptable.",
    advice="Accept one of the media types that the documentation names for this route.",
    happened="The `Accept` header excludes every media type that the answer could have. Nothing was carried out.",
    to_do=(
        "Accept one of the media types in `detail`; without an `Accept` header, the service chooses. Problems are "
        "`application/problem+json` whatever is accepted."
    ),
)
REQUEST_TIMEOUT: Final = ProblemKind(
    slug="request-timeout",
    status=408,
    title="The request arrived too slowly.",
    advice="Send the request faster, over a new connection.",
    happened=(
        f"The headers or the body of the request did not arrive in time. {_NOTHING_CHANGED} The connection is closed."
    ),
    to_do="Send the request again over a new connection. Large bodies have more time, as long as they arrive steadily.",
)
ALREADY_TAKEN: Final = ProblemKind(
    slug="already-taken",
    status=409,
    title="A value that must be unique is taken.",
    advice="Use another value, or find the resource that has it.",
    happened=f"Another resource has a value that must be unique. {_NOTHING_CHANGED}",
    to_do="Use another value, or find and use the resource that has it.",
)
STILL_REFERENCED: Final = ProblemKind(
    slug="still-referenced",
    status=409,
    title="Another resource refers to this one.",
    advice="Delete the resources that refer to it, or change what they refer to.",
    happened=f"The resource cannot be deleted, because another one refers to it. {_NOTHING_CHANGED}",
    to_do="First delete the resources that refer to it, or make them refer to another one.",
)
REFERENCE_NOT_FOUND: Final = ProblemKind(
    slug="reference-not-found",
    status=409,
    title="A referenced resource does not exist.",
    advice="Refer to another resource, or create it first.",
    happened=f"The body has the id of a resource that does not exist; `errors` says where. {_NOTHING_CHANGED}",
    to_do="Refer to another resource, or create it first. It may have been deleted.",
)
IDEMPOTENCY_KEY_IN_USE: Final = ProblemKind(
    slug="idempotency-key-in-use",
    status=409,
    title="The first request with this idempotency key is still being carried out.",
    advice="Send the request again after the time in Retry-After.",
    happened="A request with the same `Idempotency-Key` is being carried out at this moment.",
    to_do=(
        "Wait for as many seconds as `Retry-After` says, and send the same request with the same key again: the answer "
        "will be that of the first."
    ),
    transient=True,
)
PRECONDITION_FAILED: Final = ProblemKind(
    slug="precondition-failed",
    status=412,
    title="The resource has changed.",
    advice="Read the resource again, decide what to change, and send its new entity tag.",
    happened=(
        "`If-Match` names versions of the resource, and its version is another one by now: it was changed in between. "
        f"{_NOTHING_CHANGED}"
    ),
    to_do="Read the resource, decide again whether and what to change, and send its new `ETag` in `If-Match`.",
)
CONTENT_TOO_LARGE: Final = ProblemKind(
    slug="content-too-large",
    status=413,
    title="The body is too large.",
    advice="Send a smaller body.",
    happened=(
        f"The body is larger than it may be: {limits.MAX_DOCUMENT_SIZE // _KIB} KiB for a single resource, "
        f"{limits.MAX_BATCH_DOCUMENT_SIZE // _MIB} MiB for a batch, {limits.MAX_IMPORT_SIZE // _MIB} MiB for an "
        f"import. {_NOTHING_CHANGED} The connection is closed."
    ),
    to_do="Send less at once: several batches, or several imports.",
)
URI_TOO_LONG: Final = ProblemKind(
    slug="uri-too-long",
    status=414,
    title="The address is too long.",
    advice="Shorten the address.",
    happened=f"The address, with its query, is longer than {limits.MAX_TARGET_LENGTH // _KIB} KiB.",
    to_do="Leave parameters out. No request of this API needs as many.",
)
UNSUPPORTED_MEDIA_TYPE: Final = ProblemKind(
    slug="unsupported-media-type",
    status=415,
    title="The body has a media type that is not supported.",
    advice="Send a media type that the Accept-Post or Accept-Patch header names.",
    happened=(
        "The body has a media type, a charset or a content coding that this route does not read, or does not declare "
        f"its media type. {_NOTHING_CHANGED}"
    ),
    to_do="Send a media type that the `Accept-Post` or `Accept-Patch` header names, in UTF-8 and not compressed.",
)
VALIDATION_FAILED: Final = ProblemKind(
    slug="validation-failed",
    status=422,
    title="The request has invalid values.",
    advice="Correct each of the values listed in errors.",
    happened=(
        "The request is well-formed, and some of its values are not allowed. Each member of `errors` says where the "
        f"value is and what is wrong with it; in an import also in which line. {_NOTHING_CHANGED}"
    ),
    to_do="Correct the values. `code` is made for programs and does not change; `message` is made for people.",
    example_errors=(FieldError("#/name", "required", "is required"),),
)
IDEMPOTENCY_KEY_REUSED: Final = ProblemKind(
    slug="idempotency-key-reused",
    status=422,
    title="The idempotency key was used for another request.",
    advice="Use a new key for a new request, and the same key only to repeat the same request.",
    happened=f"The `Idempotency-Key` belongs to an earlier request with other content. {_NOTHING_CHANGED}",
    to_do="Make a new key, such as a random UUID, for each new request, and send it again only to repeat that request.",
)
PRECONDITION_REQUIRED: Final = ProblemKind(
    slug="precondition-required",
    status=428,
    title="A precondition is required.",
    advice="Send the resource's entity tag in If-Match.",
    happened=(
        "This service changes and deletes only what the client has seen, and the request does not say which version "
        f"that was. {_NOTHING_CHANGED}"
    ),
    to_do="Read the resource, and send its `ETag` in `If-Match`.",
)
RATE_LIMITED: Final = ProblemKind(
    slug="rate-limited",
    status=429,
    title="The client has sent too many requests.",
    advice="Wait for the time in Retry-After, and send fewer requests.",
    happened=(
        "The client has sent more requests than its limit admits, or tried too many credentials that are not valid. "
        f"{_NOTHING_CHANGED}"
    ),
    to_do=(
        "Wait for as many seconds as `Retry-After` says, and try again. `RateLimit-Policy` says how many requests are "
        "admitted in how many seconds, and `RateLimit` how many are left: spread requests so that some always are."
    ),
    transient=True,
)
HEADERS_TOO_LARGE: Final = ProblemKind(
    slug="headers-too-large",
    status=431,
    title="The headers are too large.",
    advice="Send fewer or shorter headers.",
    happened=(
        f"The request has more than {limits.MAX_HEADERS} headers, one above {limits.MAX_HEADER_SIZE // _KIB} KiB, "
        f"or more than {limits.MAX_HEADERS_SIZE // _KIB} KiB of them. The connection is closed."
    ),
    to_do="Send fewer or shorter headers. Often cookies have added up.",
)
INTERNAL_ERROR: Final = ProblemKind(
    slug="internal-error",
    status=500,
    title="The service has a defect.",
    advice="Report the request id to the operators; trying again is unlikely to help.",
    happened="The service met an unforeseen error. The operators find it in the log, under the request id.",
    to_do="Report `request_id` to the operators. A change may have been made; read the resource to find out.",
)
OVERLOADED: Final = ProblemKind(
    slug="overloaded",
    status=503,
    title="The service is busy.",
    advice="Nothing was written. Try again after the time in Retry-After.",
    happened=f"The service received more requests than it can carry out, and refused this one. {_NOTHING_CHANGED}",
    to_do="Wait for as many seconds as `Retry-After` says, longer each time, and try again.",
    transient=True,
)
AUTHENTICATION_UNAVAILABLE: Final = ProblemKind(
    slug="authentication-unavailable",
    status=503,
    title="Credentials cannot be verified at the moment.",
    advice="Try again shortly.",
    happened=(
        "The service could not reach the identity provider, which tells whether the credential is valid. "
        f"{_NOTHING_CHANGED}"
    ),
    to_do="Try again after the seconds in `Retry-After`. The credential may well be valid: do not discard it.",
    transient=True,
)
STORAGE_UNAVAILABLE: Final = ProblemKind(
    slug="storage-unavailable",
    status=503,
    title="The storage is unavailable.",
    advice="Nothing was written. Try again after the time in Retry-After.",
    happened=f"The service cannot reach its storage. {_NOTHING_CHANGED}",
    to_do=(
        "Wait for as many seconds as `Retry-After` says, longer each time, and try again. Operators learn more from "
        "`/readyz` and the log."
    ),
    transient=True,
)
DRAINING: Final = ProblemKind(
    slug="draining",
    status=503,
    title="The service is shutting down.",
    advice="Send requests to another instance.",
    happened="This instance of the service is shutting down and accepts no new work.",
    to_do="Send requests to another instance, or try again after as many seconds as `Retry-After` says.",
    transient=True,
)
COMMIT_OUTCOME_UNKNOWN: Final = ProblemKind(
    slug="commit-outcome-unknown",
    status=503,
    title="Whether the change was made is unknown.",
    advice="Repeat the request with the same Idempotency-Key, or read the resource to see whether it has changed.",
    happened=(
        "The connection to the storage broke, or the service had to stop, while the change was being committed. The "
        "change may or may not have been made."
    ),
    to_do=(
        "If the request had an `Idempotency-Key`, send it again with the same key: the change is made once. "
        "Without a key, read the resource to find out."
    ),
    transient=True,
)
DEADLINE_EXCEEDED: Final = ProblemKind(
    slug="deadline-exceeded",
    status=504,
    title="The storage did not answer in time.",
    advice="Nothing was written. Try again later.",
    happened=f"The storage did not finish in the time that one request may take. {_NOTHING_CHANGED}",
    to_do="Try again later. If it happens repeatedly, ask for less at once, or tell the operators.",
)

GENERAL_KINDS: Final = tuple(kind for kind in tuple(globals().values()) if isinstance(kind, ProblemKind))
