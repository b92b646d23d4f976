"""The one place where errors become problem documents."""

import logging
from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from itertools import takewhile
from typing import Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from domain.users.errors import EmailAlreadyTaken
from entrypoints.http.v1.users.refusals import addresses_taken, import_refused
from foundation.http.problems.problem import FieldError, Problem, ProblemKind, plain_problem_response, problem_response
from foundation.http.routing.route_table import allowed_methods, known_methods, readable_media_types
from foundation.kernel.bulk_import import ImportRefused
from foundation.kernel.errors import (
    ApplicationError,
    CommitOutcomeUnknown,
    DeadlineExceeded,
    DomainError,
    IdempotencyKeyInUse,
    IdempotencyKeyReused,
    InvalidValue,
    NotFound,
    PreconditionFailed,
    StorageOverloaded,
    StorageUnavailable,
    WriteConflict,
)

logger = logging.getLogger("service.http")

# The first kind that an error is an instance of; an error that is of none is a defect.
_KIND_OF_ERROR: Final[Mapping[type[DomainError | ApplicationError], ProblemKind]] = {
    EmailAlreadyTaken: ProblemKind.EMAIL_ALREADY_TAKEN,
    ImportRefused: ProblemKind.VALIDATION_FAILED,  # or EMAIL_ALREADY_TAKEN, as its report has it
    NotFound: ProblemKind.NOT_FOUND,
    InvalidValue: ProblemKind.VALIDATION_FAILED,
    PreconditionFailed: ProblemKind.PRECONDITION_FAILED,
    IdempotencyKeyInUse: ProblemKind.IDEMPOTENCY_KEY_IN_USE,
    IdempotencyKeyReused: ProblemKind.IDEMPOTENCY_KEY_REUSED,
    WriteConflict: ProblemKind.OVERLOADED,
    StorageOverloaded: ProblemKind.OVERLOADED,
    StorageUnavailable: ProblemKind.STORAGE_UNAVAILABLE,
    DeadlineExceeded: ProblemKind.DEADLINE_EXCEEDED,
    CommitOutcomeUnknown: ProblemKind.COMMIT_OUTCOME_UNKNOWN,
}

_KIND_OF_STATUS: Final[Mapping[int, ProblemKind]] = {
    404: ProblemKind.NOT_FOUND,
    405: ProblemKind.METHOD_NOT_ALLOWED,
    413: ProblemKind.CONTENT_TOO_LARGE,
    415: ProblemKind.UNSUPPORTED_MEDIA_TYPE,
}

# Our code and message for Pydantic's own types of errors, whose names may change and whose messages may quote.
_OWN_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("required", "is required"),
    "extra_forbidden": ("read-only", "is read-only"),
    "model_type": ("not-an-object", "must be an object"),
    "model_attributes_type": ("not-an-object", "must be an object"),
}
_SERVER_ERROR: Final = 500

_UNKNOWN_FIELD: Final = ("unknown-field", "has a field that this resource does not have")


def install_error_handlers(app: FastAPI) -> None:
    """Answer every error of `app` with a problem document."""
    handlers: Mapping[type[Exception], Callable[[Request, Any], Awaitable[Response]]] = {
        Problem: _answer_problem,
        DomainError: _answer_known_error,
        ApplicationError: _answer_known_error,
        RequestValidationError: _answer_invalid_request,
        HTTPException: _answer_http_exception,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


def problem_kind(error: type[Exception]) -> ProblemKind | None:
    """The kind of problem that errors of this type are answered with; None when they are defects."""
    return next((kind for family, kind in _KIND_OF_ERROR.items() if issubclass(error, family)), None)


async def _answer_problem(request: Request, problem: Problem) -> Response:
    return problem_response(request, problem)


async def _answer_known_error(request: Request, error: DomainError | ApplicationError) -> Response:
    kind = problem_kind(type(error))
    if kind is None:
        raise error
    if kind.value.status >= _SERVER_ERROR:
        logger.warning("%s", error.code, exc_info=error, extra={"request_id": request.scope["state"]["request_id"]})
    if isinstance(error, EmailAlreadyTaken):
        return problem_response(request, addresses_taken(error))
    if isinstance(error, ImportRefused):
        return problem_response(request, import_refused(error))
    # Why the storage is unavailable is for operators, who find it in the log and at /readyz, and not for every client.
    detail = None if kind is ProblemKind.STORAGE_UNAVAILABLE else str(error)
    return problem_response(request, Problem(kind, detail))


async def _answer_http_exception(request: Request, error: HTTPException) -> Response:
    headers = dict(error.headers or {})
    kind = _KIND_OF_STATUS.get(error.status_code)
    if kind is None:
        return plain_problem_response(request, error.status_code, headers)
    path = request.scope["path"]
    if kind is ProblemKind.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(allowed_methods(request.app, path))
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=headers | readable_media_types(request.app, path))
    elif path == "*" and request.method == "OPTIONS":
        return Response(status_code=204, headers={"Allow": ", ".join(known_methods(request.app))})
    return problem_response(request, Problem(kind, headers=headers))


async def _answer_invalid_request(request: Request, error: RequestValidationError) -> Response:
    # For parameters that a route leaves to FastAPI; those of users are read by `query` and `json_body`.
    return problem_response(
        request, Problem(ProblemKind.VALIDATION_FAILED, errors=field_errors_of_query(error.errors()))
    )


def field_errors_of_query(errors: Sequence[Mapping[str, Any]]) -> list[FieldError]:
    """Pydantic's errors about query parameters, without any value of them."""
    return [FieldError(str(problem["loc"][-1]), *_code_and_message(problem), in_query=True) for problem in errors]


def field_errors_of_body(errors: Sequence[Mapping[str, Any]], names: Container[str]) -> list[FieldError]:
    """Pydantic's errors about a body, without any value of it.

    Of the names in the body only those in `names` are repeated: another one is input, like the values, so its object is
    pointed at.
    """
    found: list[FieldError] = []
    unknown: dict[str, FieldError] = {}
    for problem in errors:
        known = list(takewhile(lambda part: isinstance(part, int) or part in names, problem["loc"]))
        if len(known) == len(problem["loc"]):
            found.append(FieldError(_pointer(known), *_code_and_message(problem)))
        else:
            unknown[_pointer(known)] = FieldError(_pointer(known), *_UNKNOWN_FIELD)
    return [*found, *unknown.values()]


def _code_and_message(problem: Mapping[str, Any]) -> tuple[str, str]:
    """Those of our own validators, which say so and never quote, or ours for a type of Pydantic's."""
    if problem.get("ctx", {}).get("ours"):
        return problem["type"], str(problem["msg"])
    return _OWN_WORDS.get(problem["type"], ("invalid", "is not valid"))


def _pointer(location: Sequence[str | int]) -> str:
    """A JSON pointer as a URI fragment (RFC 6901, 6); names of fields need no escapes."""
    return "".join(["#", *(f"/{part}" for part in location)])
