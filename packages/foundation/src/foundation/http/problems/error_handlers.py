"""The one place where errors become problem documents."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from foundation.http.problems import kinds
from foundation.http.problems.problem import Problem, ProblemKind, plain_problem_response, problem_response
from foundation.http.problems.validation import field_errors_of_query
from foundation.http.routing.route_table import allowed_methods, known_methods, readable_media_types
from foundation.kernel.errors import ApplicationError, DomainError

if TYPE_CHECKING:
    from foundation.http.problems.catalogue import ProblemCatalogue

logger = logging.getLogger("service.http")

_KIND_OF_STATUS: Final[Mapping[int, ProblemKind]] = {
    404: kinds.NOT_FOUND,
    405: kinds.METHOD_NOT_ALLOWED,
    413: kinds.CONTENT_TOO_LARGE,
    415: kinds.UNSUPPORTED_MEDIA_TYPE,
}


def install_error_handlers(app: FastAPI) -> None:
    """Answer every error of `app` with a problem document. Its `state.problems` is a `ProblemCatalogue`."""
    handlers: Mapping[type[Exception], Callable[[Request, Any], Awaitable[Response]]] = {
        Problem: _answer_problem,
        DomainError: _answer_known_error,
        ApplicationError: _answer_known_error,
        RequestValidationError: _answer_invalid_request,
        HTTPException: _answer_http_exception,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


async def _answer_problem(request: Request, problem: Problem) -> Response:
    return problem_response(request, problem)


async def _answer_known_error(request: Request, error: DomainError | ApplicationError) -> Response:
    problems: ProblemCatalogue = request.app.state.problems
    kind = problems.kind_of(type(error))
    if kind is None:
        raise error
    if kind.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        # The cause is a fact about the storage, and no defect: a traceback for each request would bury what is one.
        sqlstate = getattr(getattr(error.__cause__, "orig", error.__cause__), "sqlstate", None)
        said = f"{error.code} ({sqlstate})" if sqlstate else error.code
        if isinstance(error, ApplicationError) and (str(error) != error.sentence or error.for_operators):
            said = f"{said}: {error}"
        logger.warning("%s", said, extra={"request_id": request.scope["state"]["request_id"]})
    return problem_response(request, problems.present(error, kind))


async def _answer_http_exception(request: Request, error: HTTPException) -> Response:
    headers = dict(error.headers or {})
    kind = _KIND_OF_STATUS.get(error.status_code)
    if kind is None:
        return plain_problem_response(request, error.status_code, headers)
    path = request.scope["path"]
    if kind is kinds.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(allowed_methods(request.app, path))
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=headers | readable_media_types(request.app, path))
    elif path == "*" and request.method == "OPTIONS":
        return Response(status_code=204, headers={"Allow": ", ".join(known_methods(request.app))})
    return problem_response(request, Problem(kind, headers=headers))


async def _answer_invalid_request(request: Request, error: RequestValidationError) -> Response:
    # For parameters that a route leaves to FastAPI; most are read by `query` and `json_body`.
    return problem_response(request, Problem(kinds.VALIDATION_FAILED, errors=field_errors_of_query(error.errors())))
