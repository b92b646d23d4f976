"""What surrounds every request: its id, its log line, the headers of every answer, and the last resort for defects."""

import asyncio
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from foundation.http.access.limits import limits_of
from foundation.http.edge.defects import DefectLog
from foundation.http.edge.random_ids import random_id
from foundation.http.edge.request_log import log_request
from foundation.http.problems import kinds
from foundation.http.problems.problem import Problem, ProblemKind, problem_response
from foundation.http.responses import AnswerBrokenOff
from foundation.kernel.deadline import begin_deadline

if TYPE_CHECKING:
    from foundation.http.access.access_control import AccessControl
    from foundation.http.edge.draining import Draining

logger = logging.getLogger("service.http")

_SAFE: Final = frozenset({"GET", "OPTIONS", "TRACE"})  # RFC 9110, 9.2.1; HEAD is GET by then
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
HEADERS: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}

_RAW_HEADERS: Final[Sequence[tuple[bytes, bytes]]] = [
    (name.lower().encode(), value.encode()) for name, value in HEADERS.items()
]
_ADDED: Final = frozenset({b"x-request-id", *(name for name, _ in _RAW_HEADERS)})


class Envelope:
    """The outermost middleware. Pure ASGI, so that it costs little and streams stay streams.

    `request_timeout` is how many seconds a request may take, beside the time that its body takes to arrive. `templates`
    are those of the paths of the endpoints. `access` stands before the routes; without it, none of them asks who sends
    a request.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        request_timeout: float,
        draining: "Draining",
        templates: Mapping[Callable[..., object], str],
        access: "AccessControl | None" = None,
    ) -> None:
        self.app = app
        self.access = access
        self.draining = draining
        self.templates = templates
        self._request_timeout = request_timeout
        self._defects = DefectLog()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other kinds of connection pass through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["path"].endswith("\n"):
            # Starlette's patterns end in $, which matches before a last line feed, too: a second spelling of each path.
            scope = {**scope, "path": scope["path"] + "/"}
        exchange = _Exchange(scope, receive, send, self)
        begin_deadline(self._request_timeout)
        try:
            await self.app(exchange.scope, receive, exchange.send)
        except ClientDisconnect:
            pass  # the client is gone
        except AnswerBrokenOff:
            pass  # the server breaks the connection of an answer that has not ended, so that it is not taken for whole
        except asyncio.CancelledError:
            # The server is stopping and no longer waits for this one. Only reading is known to have changed nothing.
            if exchange.status is not None:
                raise
            harmless = exchange.scope["method"] in _SAFE
            await exchange.answer(kinds.DRAINING if harmless else kinds.COMMIT_OUTCOME_UNKNOWN)
        except Exception as error:
            self._defects.log(error, exchange.request_id)
            if exchange.status is not None:
                raise  # the answer has begun: break the connection, so that it cannot be taken for a whole one
            await exchange.answer(kinds.INTERNAL_ERROR)
        finally:
            exchange.log()


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, envelope: Envelope) -> None:
        self.request_id = _request_id(scope)
        self.status: int | None = None
        self._receive = receive
        self._send = send
        self._envelope = envelope
        self._method = scope["method"]
        self._started = time.perf_counter()
        # HEAD is GET without the content (RFC 9110, 9.3.2); the server leaves the content out.
        head = self._method == "HEAD"
        self.scope: Scope = {**scope, "method": "GET"} if head else scope
        self.scope.setdefault("state", {}).update(request_id=self.request_id, head=head, access=envelope.access)

    async def answer(self, kind: ProblemKind) -> None:
        """Answer in place of the application."""
        response = problem_response(Request(self.scope), Problem(kind))
        await response(self.scope, self._receive, self.send)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self._envelope.draining.under_way:
                # The client does better to send its next request to another instance.
                MutableHeaders(scope=message)["Connection"] = "close"
            headers, more = message["headers"], _RAW_HEADERS
            present = [name for name, _ in headers]
            if not _ADDED.isdisjoint(present):
                headers = [header for header in headers if header[0] != b"x-request-id"]
                more = [header for header in _RAW_HEADERS if header[0] not in present]
            if "rate_limits" in self.scope["state"]:
                more = [*more, *limits_of(self.scope["state"]["rate_limits"])]
            # Put together at once, without a search for each.
            message["headers"] = [*headers, (b"x-request-id", self.request_id.encode()), *more]
        await self._send(message)

    def log(self) -> None:
        """One line without anything the client wrote but the method: the route's template stands for the path."""
        if not logger.isEnabledFor(logging.INFO):
            return
        route = self._envelope.templates.get(self.scope.get("endpoint"), "-")  # type: ignore[arg-type]  # None has none
        milliseconds = (time.perf_counter() - self._started) * 1000
        method = self._method if self._method.isalpha() else "-"
        message = f"{method} {route} {self.status or 'disconnected'} {milliseconds:.1f} ms"
        log_request(logger, message, self.request_id)


def _request_id(scope: Scope) -> str:
    """The id that the client gave its request, in the first such header, or a new one."""
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            given = value.decode("latin-1")
            return given if _REQUEST_ID.fullmatch(given) else random_id()
    return random_id()
