"""Problem documents (RFC 9457): the catalogue, and how one is written. Every status from 400 on is answered by one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

PROBLEM_MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One kind of problem: its slug, which is a promise to clients, its status, its title and what to do about it."""

    slug: str
    status: int
    title: str
    advice: str


class ProblemKind(Enum):
    """Every kind of problem that the API answers."""

    MALFORMED_REQUEST = ProblemType(
        "malformed-request", 400, "The request is malformed.", "Correct the syntax of the request."
    )
    UNKNOWN_PARAMETER = ProblemType(
        "unknown-parameter",
        400,
        "A query parameter is unknown or repeated.",
        "Send only the documented query parameters, each once.",
    )
    INVALID_CURSOR = ProblemType(
        "invalid-cursor",
        400,
        "The cursor is not valid here.",
        "Use the cursor of the page before, with the same sort and filter; or begin again without one.",
    )
    NOT_FOUND = ProblemType("not-found", 404, "There is nothing here.", "Check the address; it may have been deleted.")
    METHOD_NOT_ALLOWED = ProblemType(
        "method-not-allowed",
        405,
        "The method is not allowed here.",
        "Use a method that the Allow header names.",
    )
    NOT_ACCEPTABLE = ProblemType(
        "not-acceptable",
        406,
        "The answer has no form that is acceptable.",
        "Accept one of the media types that the documentation names for this route.",
    )
    REQUEST_TIMEOUT = ProblemType(
        "request-timeout",
        408,
        "The request arrived too slowly.",
        "Send the request faster, over a new connection.",
    )
    CONTENT_TOO_LARGE = ProblemType("content-too-large", 413, "The body is too large.", "Send a smaller body.")
    URI_TOO_LONG = ProblemType(
        "uri-too-long",
        414,
        "The address is too long.",
        "Shorten the address.",
    )
    UNSUPPORTED_MEDIA_TYPE = ProblemType(
        "unsupported-media-type",
        415,
        "The body has a media type that is not supported.",
        "Send a media type that the Accept-Post or Accept-Patch header names.",
    )
    EMAIL_ALREADY_TAKEN = ProblemType(
        "email-already-taken",
        409,
        "The email address is taken.",
        "Use another address, or find the user who has it.",
    )
    IDEMPOTENCY_KEY_IN_USE = ProblemType(
        "idempotency-key-in-use",
        409,
        "The first request with this idempotency key is still being carried out.",
        "Send the request again after the time in Retry-After.",
    )
    PRECONDITION_FAILED = ProblemType(
        "precondition-failed",
        412,
        "The resource has changed.",
        "Read the resource again, decide anew, and send its new entity tag.",
    )
    PRECONDITION_REQUIRED = ProblemType(
        "precondition-required",
        428,
        "A precondition is required.",
        "Send the resource's entity tag in If-Match.",
    )
    VALIDATION_FAILED = ProblemType(
        "validation-failed",
        422,
        "The request has invalid values.",
        "Correct each of the values listed in errors.",
    )
    IDEMPOTENCY_KEY_REUSED = ProblemType(
        "idempotency-key-reused",
        422,
        "The idempotency key was used for another request.",
        "Use a new key for a new request, and the same key only to repeat the same request.",
    )
    HEADERS_TOO_LARGE = ProblemType(
        "headers-too-large",
        431,
        "The headers are too large.",
        "Send fewer or shorter headers.",
    )
    INTERNAL_ERROR = ProblemType(
        "internal-error",
        500,
        "The service has a defect.",
        "Report the request id to the operators; trying again is unlikely to help.",
    )
    OVERLOADED = ProblemType(
        "overloaded",
        503,
        "The service is busy.",
        "Nothing was written. Try again after the time in Retry-After.",
    )
    STORAGE_UNAVAILABLE = ProblemType(
        "storage-unavailable",
        503,
        "The storage is unavailable.",
        "Nothing was written. Try again after the time in Retry-After.",
    )
    DRAINING = ProblemType(
        "draining",
        503,
        "The service is about to stop.",
        "Send requests to another instance.",
    )
    COMMIT_OUTCOME_UNKNOWN = ProblemType(
        "commit-outcome-unknown",
        503,
        "Whether the change was made is unknown.",
        "Repeat the request with the same Idempotency-Key, or read the resource to learn whether the change was made.",
    )
    DEADLINE_EXCEEDED = ProblemType(
        "deadline-exceeded",
        504,
        "The storage did not answer in time.",
        "Nothing was written. Try again later.",
    )


# What goes by in a moment, so that trying again is advised.
PASSING: Final = frozenset(
    {kind for kind in ProblemKind if kind.value.status == HTTPStatus.SERVICE_UNAVAILABLE}
    | {ProblemKind.IDEMPOTENCY_KEY_IN_USE}
)


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one value: `at` is a JSON pointer into the body, or the name of a query parameter.

    In a body of lines, the pointer is one into the line with the number `line`, counted from 1.
    """

    at: str
    code: str
    message: str
    in_query: bool = False
    line: int | None = None

    def document(self) -> dict[str, str | int]:
        """As a member of `errors`."""
        return {
            **({} if self.line is None else {"line": self.line}),
            "parameter" if self.in_query else "pointer": self.at,
            "code": self.code,
            "message": self.message,
        }


class Problem(Exception):
    """Raised anywhere below a route to answer with a problem document. Nothing in it may come from the input."""

    def __init__(
        self,
        kind: ProblemKind,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        counts: Mapping[str, int] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`counts` are members of the document that this kind of problem adds (RFC 9457, 3.2)."""
        super().__init__(kind.value.slug)
        self.kind = kind
        self.detail = detail
        self.errors = errors
        self.counts = dict(counts or {})
        self.headers = dict(headers or {})


def problem_response(request: Request, problem: Problem) -> Response:
    """The problem as a response."""
    kind = problem.kind.value
    content = problem_document(problem, request.scope["state"]["request_id"])
    headers = problem.headers | ({"Retry-After": "1"} if problem.kind in PASSING else {})
    return Response(content, kind.status, headers, PROBLEM_MEDIA_TYPE)


def problem_document(problem: Problem, request_id: str) -> bytes:
    """The problem as JSON. `instance` names this occurrence, and nothing of the request but its id."""
    kind = problem.kind.value
    document: dict[str, Any] = {
        "type": f"/problems/{kind.slug}",
        "title": kind.title,
        "status": kind.status,
        "detail": problem.detail or kind.advice,
        "instance": f"/problems/{kind.slug}#{request_id}",
        "request_id": request_id,
        **problem.counts,
    }
    if problem.errors:
        document["errors"] = [error.document() for error in problem.errors]
    return json.dumps(document).encode()


def plain_problem_response(request: Request, status: int, headers: Mapping[str, str]) -> Response:
    """A problem of no kind of ours, for a status that a clone's own route answers (`about:blank`, RFC 9457, 4.2.1)."""
    document = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    document["request_id"] = request.scope["state"]["request_id"]
    return Response(json.dumps(document), status, dict(headers), PROBLEM_MEDIA_TYPE)
