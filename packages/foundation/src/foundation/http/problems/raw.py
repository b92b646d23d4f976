"""Writes problems where there is no application to do it: as the bytes of a whole answer."""

import itertools
import logging
import secrets
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Final

from foundation.http.edge.envelope import HEADERS
from foundation.http.problems.problem import PROBLEM_MEDIA_TYPE, Problem, ProblemKind, problem_document

logger = logging.getLogger("service.http")

_ID_LENGTH: Final = 32
_PLACE: Final = b"0" * _ID_LENGTH
_CLOSE: Final = b"Connection: close\r\n"


def raw_problem(kind: ProblemKind, server_headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """An answer that ends the connection, with a request id of its own, under which it is logged.

    `server_headers` are those that the server adds to every answer.
    """
    request_id = _request_id()
    logger.info("- - %d", kind.status, extra={"request_id": request_id.decode()})
    head, content = _head_and_content(kind, server_headers)
    return b"".join([head, _CLOSE, b"\r\n", content]).replace(_PLACE, request_id)


class RawProblem:
    """An answer of this kind that is put together once and sent many times, each time with another request id."""

    def __init__(self, kind: ProblemKind) -> None:
        self._kind = kind
        self._server_headers: list[tuple[bytes, bytes]] | None = None
        self._pieces: dict[tuple[bool, bool], list[bytes]] = {}
        self._prefix, self._numbers = _prefix_and_numbers()

    def answer(self, server_headers: list[tuple[bytes, bytes]], *, close: bool, content: bool = True) -> bytes:
        """The answer, which ends the connection if `close`, and has no content if it is one to HEAD.

        `server_headers` are those that the server adds to every answer; it makes the list anew when they change.
        """
        if server_headers is not self._server_headers:
            self._server_headers = server_headers
            self._pieces = {}
        pieces = self._pieces.get((close, content))
        if pieces is None:
            head, body = _head_and_content(self._kind, server_headers)
            whole = b"".join([head, _CLOSE if close else b"", b"\r\n", body if content else b""])
            pieces = self._pieces[close, content] = whole.replace(_PLACE, self._prefix + _PLACE).split(_PLACE)
        return (b"%016x" % next(self._numbers)).join(pieces)

    def parts(self) -> tuple[list[tuple[bytes, bytes]], bytes]:
        """The headers, without those that the server adds, and the content, for an application to send."""
        request_id = b"%b%016x" % (self._prefix, next(self._numbers))
        headers, content = _headers_and_content(self._kind)
        raw = [(name.lower().encode(), value.encode().replace(_PLACE, request_id)) for name, value in headers.items()]
        return raw, content.replace(_PLACE, request_id)


def _prefix_and_numbers() -> tuple[bytes, Iterator[int]]:
    """What ids are made of that no other process has, without asking the system for chance each time."""
    return secrets.token_bytes(_ID_LENGTH // 4).hex().encode(), itertools.count(int.from_bytes(secrets.token_bytes(4)))


def _request_id() -> bytes:
    return secrets.token_hex(_ID_LENGTH // 2).encode()


def _head_and_content(kind: ProblemKind, server_headers: Iterable[tuple[bytes, bytes]]) -> tuple[bytes, bytes]:
    """The head, without the empty line at its end, and the content, with zeros for the request id."""
    headers, content = _headers_and_content(kind)
    lines = [f"HTTP/1.1 {kind.status} {HTTPStatus(kind.status).phrase}"]
    lines += [f"{name.decode()}: {value.decode()}" for name, value in server_headers]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, ""]).encode(), content


def _headers_and_content(kind: ProblemKind) -> tuple[dict[str, str], bytes]:
    content = problem_document(Problem(kind), _PLACE.decode())
    headers = {
        **HEADERS,
        "X-Request-Id": _PLACE.decode(),
        "Content-Type": PROBLEM_MEDIA_TYPE,
        "Content-Length": str(len(content)),
        **({"Retry-After": "1"} if kind.transient else {}),
    }
    return headers, content
