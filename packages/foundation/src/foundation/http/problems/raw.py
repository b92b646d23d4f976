"""Writes problems where there is no application to do it: as the bytes of a whole answer."""

import logging
import secrets
from collections.abc import Iterable
from http import HTTPStatus

from foundation.http.edge.envelope import HEADERS
from foundation.http.problems.problem import PROBLEM_MEDIA_TYPE, Problem, ProblemKind, problem_document

logger = logging.getLogger("service.http")


def raw_problem(kind: ProblemKind, server_headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """An answer that ends the connection, with a request id of its own, under which it is logged.

    `server_headers` are those that the server adds to every answer.
    """
    status = kind.status
    request_id = secrets.token_hex(16)
    logger.info("- - %d", status, extra={"request_id": request_id})
    content = problem_document(Problem(kind), request_id)
    headers = {
        **{name.decode(): value.decode() for name, value in server_headers},
        **HEADERS,
        "X-Request-Id": request_id,
        "Content-Type": PROBLEM_MEDIA_TYPE,
        "Content-Length": str(len(content)),
        "Connection": "close",
        **({"Retry-After": "1"} if kind.transient else {}),
    }
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + content
