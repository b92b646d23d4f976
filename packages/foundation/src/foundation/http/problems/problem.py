"""Problem documents (RFC 9457). Every answer with a status of 400 or above is one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

PROBLEM_MEDIA_TYPE: Final = "application/problem+json"


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemKind:
    """One kind of problem. Its `slug` is a promise to clients.

    `advice` is the detail of a problem that has no better one. `happened` and `to_do` are sentences for the page of the
    kind, in which code stands between backticks. `transient` says that the same request may soon succeed, so the answer
    has `Retry-After`: one second, unless the problem has another among its headers. `example_errors` belong to the
    example of the documentation.
    """

    slug: str
    status: int
    title: str
    advice: str
    happened: str
    to_do: str
    transient: bool = False
    example_errors: tuple[FieldError, ...] = ()


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
        super().__init__(kind.slug)
        self.kind = kind
        self.detail = detail
        self.errors = errors
        self.counts = dict(counts or {})
        self.headers = dict(headers or {})


def problem_response(request: Request, problem: Problem) -> Response:
    """The problem as a response."""
    kind = problem.kind
    content = problem_document(problem, request.scope["state"]["request_id"])
    # A problem that knows when the request may succeed says so itself.
    headers = ({"Retry-After": "1"} if kind.transient else {}) | problem.headers
    return Response(content, kind.status, headers, PROBLEM_MEDIA_TYPE)


def problem_document(problem: Problem, request_id: str) -> bytes:
    """The problem as JSON. `instance` names this occurrence, and nothing of the request but its id."""
    kind = problem.kind
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
    """A problem of no kind, for a status that a route answers by itself (`about:blank`, RFC 9457, 4.2.1)."""
    document = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    document["request_id"] = request.scope["state"]["request_id"]
    return Response(json.dumps(document), status, dict(headers), PROBLEM_MEDIA_TYPE)
