"""What the pages of the problems say: what happened, and what to do about it. Between backticks stands code."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from foundation.http.edge.strict_input import LARGEST_HEADER, LARGEST_HEADERS, LONGEST_TARGET, MOST_HEADERS
from foundation.http.problems.problem import ProblemKind
from foundation.http.requests.body import LARGEST_BATCH_DOCUMENT, LARGEST_DOCUMENT, LARGEST_IMPORT
from foundation.strict_json import DEEPEST_NESTING

_KIB: Final = 1024
_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Explanation:
    """One kind of problem, explained: `happened` and `to_do` are sentences."""

    happened: str
    to_do: str


_NOTHING_WRITTEN: Final = "Nothing was changed."

EXPLANATIONS: Final[Mapping[ProblemKind, Explanation]] = {
    ProblemKind.MALFORMED_REQUEST: Explanation(
        "The request cannot be understood, or could be understood in two ways: its framing, its address, a header, "
        f"or its JSON. JSON must be UTF-8 without a byte order mark, nest at most {DEEPEST_NESTING} levels, and have "
        f"no repeated names, no lone surrogates and no `NaN` or `Infinity`. {_NOTHING_WRITTEN}",
        "Look at `detail`, which says what was wrong where that is known. The same request will fail again.",
    ),
    ProblemKind.UNKNOWN_PARAMETER: Explanation(
        "The address has a query parameter that this route does not know, or one of them twice. It is refused, and not "
        "ignored, because ignoring a typing error answers another question than the one that was asked.",
        "Compare the names with the documentation of the route; capital letters count.",
    ),
    ProblemKind.INVALID_CURSOR: Explanation(
        "The cursor was not given out by this service, or for another `sort` or filter than this request has. A cursor "
        "also ends when the key that the service signs cursors with is changed.",
        "Use `next_cursor` or the `Link` of the page before as it is, with the same parameters. Where that is gone, "
        "begin again without a cursor.",
    ),
    ProblemKind.NOT_FOUND: Explanation(
        "There is nothing at this address: no such route, or no such resource. A resource that was deleted never "
        "comes back under the same id. Each address has one spelling, without a slash at its end.",
        "Check the address. If a resource was there before, somebody deleted it.",
    ),
    ProblemKind.METHOD_NOT_ALLOWED: Explanation(
        f"The address exists, and the method is none of those it has. {_NOTHING_WRITTEN}",
        "Use one of the methods in the `Allow` header. `OPTIONS` tells them for any address.",
    ),
    ProblemKind.NOT_ACCEPTABLE: Explanation(
        "The `Accept` header leaves out every media type that the answer could have. Nothing was carried out.",
        "Accept one of the media types in `detail`; without an `Accept` header, the service chooses. Problems are "
        "`application/problem+json` whatever is accepted.",
    ),
    ProblemKind.REQUEST_TIMEOUT: Explanation(
        f"The headers or the body of the request did not arrive in time. {_NOTHING_WRITTEN} The connection is closed.",
        "Send the request again over a new connection. Large bodies have more time, as long as they arrive steadily.",
    ),
    ProblemKind.CONTENT_TOO_LARGE: Explanation(
        f"The body is larger than it may be: {LARGEST_DOCUMENT // _KIB} KiB for a single resource, "
        f"{LARGEST_BATCH_DOCUMENT // _MIB} MiB for a batch, {LARGEST_IMPORT // _MIB} MiB for an import. "
        f"{_NOTHING_WRITTEN} The connection is closed.",
        "Send less at once: several batches, or several imports.",
    ),
    ProblemKind.URI_TOO_LONG: Explanation(
        f"The address, with its query, is longer than {LONGEST_TARGET // _KIB} KiB.",
        "Leave parameters out. No request of this API needs as many.",
    ),
    ProblemKind.UNSUPPORTED_MEDIA_TYPE: Explanation(
        "The body has a media type, a charset or a content coding that this route does not read, or says nothing "
        f"about its media type. {_NOTHING_WRITTEN}",
        "Send a media type that the `Accept-Post` or `Accept-Patch` header names, in UTF-8 and not compressed.",
    ),
    ProblemKind.EMAIL_ALREADY_TAKEN: Explanation(
        "Another user has this email address; capital letters make no difference. Of several users at once, `errors` "
        f"says which. {_NOTHING_WRITTEN}",
        "Use another address, or find the user who has it: `GET /api/v1/users?email=...`. An import can leave such "
        "lines out: `on_conflict=skip`.",
    ),
    ProblemKind.IDEMPOTENCY_KEY_IN_USE: Explanation(
        "A request with the same `Idempotency-Key` is being carried out at this moment.",
        "Wait for as many seconds as `Retry-After` says, and send the same request with the same key again: the answer "
        "will be that of the first.",
    ),
    ProblemKind.PRECONDITION_FAILED: Explanation(
        "`If-Match` names versions of the resource, and it has another one by now: somebody changed it in between. "
        f"{_NOTHING_WRITTEN}",
        "Read the resource, decide again whether and what to change, and send its new `ETag` in `If-Match`.",
    ),
    ProblemKind.VALIDATION_FAILED: Explanation(
        "The request is well-formed, and some of its values are not allowed. Each member of `errors` says where the "
        f"value is and what is wrong with it; in an import also in which line. {_NOTHING_WRITTEN}",
        "Correct the values. `code` is made for programs and does not change; `message` is made for people.",
    ),
    ProblemKind.IDEMPOTENCY_KEY_REUSED: Explanation(
        f"The `Idempotency-Key` belongs to an earlier request that wished for something else. {_NOTHING_WRITTEN}",
        "Make a new key, such as a random UUID, for each new wish, and use it again only to repeat that wish.",
    ),
    ProblemKind.PRECONDITION_REQUIRED: Explanation(
        "This service changes and deletes only what the client has seen, and the request does not say which version "
        f"that was. {_NOTHING_WRITTEN}",
        "Read the resource, and send its `ETag` in `If-Match`.",
    ),
    ProblemKind.HEADERS_TOO_LARGE: Explanation(
        f"The request has more than {MOST_HEADERS} headers, one of more than {LARGEST_HEADER // _KIB} KiB, or more "
        f"than {LARGEST_HEADERS // _KIB} KiB of them. The connection is closed.",
        "Send fewer or shorter headers. Often it is cookies that have added up.",
    ),
    ProblemKind.INTERNAL_ERROR: Explanation(
        "The service met a case that nobody thought of. The operators find it in the log, under the request id.",
        "Report `request_id` to the operators. Whether a change was made is not known; read the resource to find out.",
    ),
    ProblemKind.OVERLOADED: Explanation(
        f"More requests came than the service can carry out, so that this one was turned away. {_NOTHING_WRITTEN}",
        "Wait for as many seconds as `Retry-After` says, longer each time, and try again.",
    ),
    ProblemKind.STORAGE_UNAVAILABLE: Explanation(
        f"The service cannot reach its storage. {_NOTHING_WRITTEN}",
        "Wait for as many seconds as `Retry-After` says, longer each time, and try again. Operators learn more from "
        "`/readyz` and the log.",
    ),
    ProblemKind.DRAINING: Explanation(
        "This instance of the service was told to stop, and takes leave of those who send it requests.",
        "Send requests to another instance, or try again after as many seconds as `Retry-After` says.",
    ),
    ProblemKind.COMMIT_OUTCOME_UNKNOWN: Explanation(
        "The change was on its way into the storage when the connection broke, or the service had to stop. It may have "
        "been made, or not.",
        "If the request had an `Idempotency-Key`, send it again with the same key: the change is made once. "
        "Without a key, read the resource to find out.",
    ),
    ProblemKind.DEADLINE_EXCEEDED: Explanation(
        f"The storage did not finish in the time that it has for one request. {_NOTHING_WRITTEN}",
        "Try again later. If it happens again and again, ask for less at once, or tell the operators.",
    ),
}
