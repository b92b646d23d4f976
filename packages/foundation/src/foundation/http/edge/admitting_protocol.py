"""Refuses requests that are more than a worker can carry, for a fraction of what a request costs."""

import re
from typing import TYPE_CHECKING, Any, Final

import httptools
from starlette.types import Receive, Scope, Send

from foundation.http.edge.admission import AdmissionControl
from foundation.http.edge.protocol import HttpProtocol, Stage
from foundation.http.problems import kinds
from foundation.http.problems.raw import RawProblem

if TYPE_CHECKING:
    from foundation.http.edge.draining import Draining

_EXEMPT: Final = ("/livez", "/readyz")
_EXEMPT_TARGETS: Final = tuple(path.encode() for path in _EXEMPT)
_CONTENT_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*+(\d{1,18})[ \t]*+\r", re.IGNORECASE)
# Bytes of the body of a request that was refused, which are read for the sake of the connection.
_MAX_REST_SIZE: Final = 256 * 1024

_busy: Final = RawProblem(kinds.OVERLOADED)


class AdmittingProtocol(HttpProtocol):
    """One connection, whose requests are answered 503 when `admission` has no room for them.

    Most of them are refused before they are read: only their end is looked for. Those whose head does not come in one
    piece, or which begin before the answer to the one before, are read as usual and refused in place of the
    application. Health checks are always taken on: they tell a load balancer, not a client.
    """

    def __init__(self, *arguments: Any, admission: AdmissionControl, **keywords: Any) -> None:
        """See `HttpProtocol`. All connections of a worker share `admission`."""
        super().__init__(*arguments, **keywords)
        self._admission = admission
        self._refused: _Unread | None = None  # the request that was refused and has not ended
        self._refused_at = 0.0
        self._draining: Draining = self.app.state.draining

    def data_received(self, data: bytes) -> None:
        """Read on, or refuse what begins."""
        if self._refused is not None:
            self._pass_over(self._refused, data)
        elif len(self.tasks) < self._admission.capacity or not self._refuse_unread(data):
            super().data_received(data)

    def timeout_keep_alive_handler(self) -> None:
        """Nothing came for a while; a request that was refused may have."""
        idle = self.loop.time() - self._refused_at
        if idle < self.timeout_keep_alive and self._refused is None:
            self._await_next(self.timeout_keep_alive - idle)
        else:
            super().timeout_keep_alive_handler()

    def is_waiting_for_client(self) -> bool:
        """Whether a request is under way that needs nothing but its client: the rest of a body, or a reader."""
        return self._is_answering() and (self._stage is Stage.BODY or self.cycle.response_started)

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        if len(self.tasks) >= self._admission.capacity and cycle.scope["path"] not in _EXEMPT:
            self._admission.refusals += 1
            app = self._answer_busy
        super()._start_asgi_task(cycle, app)
        if len(self.tasks) > self._admission.watched_above:
            self._admission.watch(self)

    def waiting_for_clients(self) -> int:
        """How many requests of the worker need nothing but their clients."""
        return sum(one.is_waiting_for_client() for one in self.connections if isinstance(one, AdmittingProtocol))

    def _refuse_unread(self, data: bytes) -> bool:
        """Refuse the request that begins with `data`, unless it is one that must be read."""
        if self._stage is not Stage.NOTHING or self._idle_bytes or self._reading_stopped or self._surplus:
            return False
        if self._is_answering():
            return False
        if self.transport.is_closing() or (request := _Unread.look_at(data)) is None:
            return False
        self._admission.refusals += 1
        self._refused_at = self.loop.time()
        close = not request.keep_alive or self._stopping or self._draining.under_way
        self.transport.write(_busy.answer(self.server_state.default_headers, close=close, content=not request.is_head))
        if close:
            self._refused = None if request.ended else request
            self.transport.close()
        elif not request.ended:
            self._refused = request
            self._set_timer(self._head_timeout)
        elif self.timeout_keep_alive_task is None:
            self._await_next(self.timeout_keep_alive)
        return True

    def _pass_over(self, request: "_Unread", data: bytes) -> None:
        """Pass over the rest of the body of a request that was refused."""
        if self.transport.is_closing():
            return
        data, behind = request.divide(data)
        if not request.passes_over(data):
            self.transport.close()
        elif request.ended:
            self._refused = None
            self._await_next(self.timeout_keep_alive)
            if behind:
                self.data_received(behind)

    def _await_next(self, seconds: float) -> None:
        self._unset_timer()
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _is_unread(self) -> bool:
        return self._refused is not None or super()._is_unread()

    def accept_waiting(self) -> None:
        """Accept connections that wait for it: a health check must not wait for the clients before it."""
        self._draining.accept_waiting(self.loop)

    async def _answer_busy(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Refuse a request that was read, in place of the application."""
        waits = any(name == b"expect" for name, _ in scope["headers"])
        close = [(b"connection", b"close")] if waits or self._draining.under_way else []
        headers, content = _busy.parts()
        await send({"type": "http.response.start", "status": kinds.OVERLOADED.status, "headers": headers + close})
        await send({"type": "http.response.body", "body": content})


class _Unread:
    """A request that is answered before it is read. It is parsed only as far as it takes to find its end."""

    _spare: "_Unread | None" = None

    def __init__(self) -> None:
        self.begun = 0
        self.ended = False
        self.target = b""
        self.missing: int | None = None
        self.keep_alive = self.is_head = False
        self._rest = 0
        self.parser = httptools.HttpRequestParser(self)

    @classmethod
    def look_at(cls, data: bytes) -> "_Unread | None":
        """The request that begins with `data`; None if it must be read.

        That is one to a health check, and one whose head is incomplete, or that is malformed, not alone, or waits to be
        told 100 (Continue).
        """
        request, cls._spare = cls._spare or cls(), None
        request.begun, request.ended, request.keep_alive, request.target = 0, False, False, b""
        try:
            request.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            return None
        if any(target in request.target for target in _EXEMPT_TARGETS):
            return None
        if request.ended and request.keep_alive and request.begun == 1:
            cls._spare = request  # it has been looked at by the time of the next
            return request
        head, _, body = data.partition(b"\r\n\r\n")
        if request.begun != 1 or head == data or b"100-continue" in data.lower():
            return None
        length = _CONTENT_LENGTH.search(head + b"\r")
        request.missing = int(length[1]) - len(body) if length else None
        return request

    def divide(self, data: bytes) -> tuple[bytes, bytes]:
        """What belongs to the request, and what follows it, where its length was declared."""
        if self.missing is None:
            return data, b""
        rest, behind = data[: self.missing], data[self.missing :]
        self.missing -= len(rest)
        return rest, behind

    def on_url(self, url: bytes) -> None:
        """A part of the target."""
        self.target += url

    def on_message_begin(self) -> None:
        """A request begins; a second one, if the client did not wait for the answer to the first."""
        self.begun += 1

    def on_headers_complete(self) -> None:
        """The head is complete."""
        parser = self.parser
        self.keep_alive = parser.should_keep_alive() and parser.get_http_version() == "1.1"
        self.is_head = parser.get_method() == b"HEAD"

    def on_message_complete(self) -> None:
        """The request is complete."""
        self.ended = True

    def passes_over(self, data: bytes) -> bool:
        """Look on for the end; False where none is found that the connection can go on behind."""
        self._rest += len(data)
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            return False
        return self.begun == 1 and self._rest <= _MAX_REST_SIZE
