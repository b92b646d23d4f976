"""The server's own part of HTTP/1.1: what is not a request, or never becomes one.

uvicorn bounds neither the size of the head of a request nor the time it takes, and answers errors with plain text.
"""

import asyncio
from datetime import timedelta
from enum import Enum, auto
from typing import Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from foundation.http.edge.answer_cycles import AnswerInHttp10, AnswerInOneWrite
from foundation.http.edge.lingering_close import PATIENCE, LingeringCloseTransport
from foundation.http.limits import MAX_HEADERS_SIZE, MAX_TARGET_LENGTH
from foundation.http.problems import kinds
from foundation.http.problems.problem import ProblemKind
from foundation.http.problems.raw import raw_problem

# Bytes that may arrive without the head, or a piece of the body, being complete. The exact limits are for the
# application to check; this one bounds the memory before there is something to check.
_MAX_HEAD_SIZE: Final = 2 * (MAX_TARGET_LENGTH + MAX_HEADERS_SIZE)
# Bytes of a body, sent although the answer is complete, that are read for the sake of the connection. More cost more
# than a new connection does.
_MAX_REST_SIZE: Final = 256 * 1024
_WITHOUT_BODY: Final = frozenset({"GET", "HEAD"})
# Seconds that a connection without a request stays open when the server stops.
_LAST_REQUEST: Final = 1.0


class Stage(Enum):
    """What the next byte belongs to."""

    NOTHING = auto()
    HEAD = auto()
    BODY = auto()


class HttpProtocol(HttpToolsProtocol):
    """One connection. Everything it answers by itself is a problem document, and ends the connection.

    A request that is being answered when something malformed follows it gets its answer first, and what follows
    gets none: a client would take it for the answer to the other, which may have been carried out.
    """

    def __init__(
        self,
        *arguments: Any,
        head_timeout: timedelta = timedelta(seconds=10),
        write_timeout: timedelta = timedelta(seconds=30),
        max_connections: int = 1000,
        **keywords: Any,
    ) -> None:
        """`head_timeout` is the time from the beginning of the connection, or of a request, to the end of its head.

        `write_timeout` is the time in which a client that does not read its answer must begin to. A connection beyond
        `max_connections` is told that the service is busy.
        """
        super().__init__(*arguments, **keywords)
        self._head_timeout = head_timeout.total_seconds()
        self._write_timeout = write_timeout.total_seconds()
        self._max_connections = max_connections
        self._surplus = False
        self._stopping = False
        self._stage = Stage.NOTHING
        self._idle_bytes = 0  # since the stage began, or the body last grew
        self._rest_bytes = 0  # of a body after the answer
        self._ends_unread = False  # the connection, if the answer comes before the end of the body
        self._reading_stopped = False
        self._running: Any = None  # the request that is being answered, where `cycle` is the last one that came
        self._timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Begin."""
        super().connection_made(LingeringCloseTransport(transport, self.loop, self._is_unread))
        self._set_timer(self._head_timeout)
        self._surplus = len(self.connections) > self._max_connections

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._unset_timer()
        super().connection_lost(exc)  # which also resumes writing

    def shutdown(self) -> None:
        """The server is stopping: what is being answered ends, and a request that is on its way has a moment."""
        self._stopping = True
        if self._is_answering():
            super().shutdown()
        elif self._stage is not Stage.HEAD:
            self._set_timer(_LAST_REQUEST)

    def pause_writing(self) -> None:
        """The client reads more slowly than it is answered."""
        super().pause_writing()
        self._write_timer = self.loop.call_later(self._write_timeout, self.transport.abort)

    def resume_writing(self) -> None:
        """It has caught up."""
        super().resume_writing()
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None

    def data_received(self, data: bytes) -> None:
        """Read on."""
        if self._reading_stopped or self.transport.is_closing():
            return
        self._unset_keepalive_if_required()
        self._idle_bytes += len(data)
        if self._surplus:
            self._refuse(kinds.OVERLOADED)
            return
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self._refuse(kinds.MALFORMED_REQUEST)
        else:
            self._watch()

    def _feed(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            # No other protocol is spoken here, so the request is read as if it had not asked (RFC 9110, 7.8). The
            # parser has stopped before the body.
            head = self._head_without_upgrade()
            self.parser = _new_parser(self)
            self._feed(head + data[upgrade.args[0] :])

    def _head_without_upgrade(self) -> bytes:
        method = self.parser.get_method()
        if method == b"CONNECT":
            raise httptools.HttpParserError
        lines = [b"%s %s HTTP/%s" % (method, self.url, self.parser.get_http_version().encode())]
        for name, value in self.headers:
            if name == b"connection":
                tokens = [token.strip() for token in value.split(b",")]
                lines.append(b"connection: " + b", ".join(token for token in tokens if token.lower() != b"upgrade"))
            elif name != b"upgrade":
                lines.append(b"%s: %s" % (name, value))
        return b"\r\n".join([*lines, b"", b""])

    def on_message_begin(self) -> None:
        """The head begins."""
        self._stage = Stage.HEAD
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header; those after the body are dropped (RFC 9110, 6.5.1)."""
        if self._stage is Stage.HEAD:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is complete. What is raised here makes the request a malformed one."""
        if self.parser.should_upgrade():
            return
        if self.parser.get_http_version() not in {"1.0", "1.1"} or b"#" in self.url:
            raise ValueError
        about_the_server = self.url == b"*"  # RFC 9112, 3.2.4; the parser of addresses does not know it
        if about_the_server:
            self.url = b"/"
        elif b"://" in self.url and not self.url.startswith(b"/"):
            self._take_host_of_target()
        super().on_headers_complete()
        if self.parser.get_http_version() == "1.0":
            self.cycle.waiting_for_100_continue = False  # such a client knows no interim answers (RFC 9110, 15.2)
        if about_the_server:
            self.scope["path"], self.scope["raw_path"] = "*", b"*"
        if self.cycle.keep_alive and self.scope["method"] not in _WITHOUT_BODY and self._may_leave_much_unread():
            # An answer before the end of the body says that it is the last one, or the client would send its next
            # request on a connection that is about to be closed (RFC 9112, 9.6).
            self._ends_unread, self.cycle.keep_alive = True, False
        self._unset_timer()
        self._stage = Stage.BODY
        self._idle_bytes = self._rest_bytes = 0

    def _may_leave_much_unread(self) -> bool:
        for name, value in self.headers:
            if name == b"content-length":
                return int(value) > _MAX_REST_SIZE
            if name == b"transfer-encoding":
                return True
        return False

    def _take_host_of_target(self) -> None:
        """An address with a host of its own wins over the header (RFC 9112, 3.2.2)."""
        target = httptools.parse_url(self.url)
        if target.userinfo is not None or not target.host:
            raise ValueError
        host = b"[%s]" % target.host if b":" in target.host else target.host
        host = b"%s:%d" % (host, target.port) if target.port is not None else host
        self.headers[:] = [(name, host if name == b"host" else value) for name, value in self.headers]

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._idle_bytes = 0
        if self.cycle.response_complete:
            self._rest_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete, unless its head is about to be read again."""
        if self._stage is not Stage.BODY:
            return
        self._stage = Stage.NOTHING
        self._idle_bytes = 0
        if self._ends_unread:
            self._ends_unread = False
            if not self.cycle.response_started:
                self.cycle.keep_alive = not self._stopping
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is complete. The rest of the request has a moment to arrive, so that the connection can go on."""
        super().on_response_complete()
        if self._stage is Stage.BODY and not self.pipeline:
            self._set_timer(PATIENCE)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 -- the signature is uvicorn's
        """Answer what is malformed."""
        self._refuse(kinds.MALFORMED_REQUEST)

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._running = cycle
        if self._stopping:
            cycle.keep_alive = False
        cycle.__class__ = AnswerInHttp10 if cycle.scope["http_version"] == "1.0" else AnswerInOneWrite
        super()._start_asgi_task(cycle, app)

    def _is_unread(self) -> bool:
        return self._reading_stopped or self._stage is not Stage.NOTHING or self._idle_bytes > 0 or bool(self.pipeline)

    def _is_answering(self) -> bool:
        return self._running is not None and not self.cycle.response_complete

    def _watch(self) -> None:
        """Bound what is incomplete."""
        if self._stage is Stage.BODY:
            if self._rest_bytes > _MAX_REST_SIZE:
                self.transport.close()
            elif self._idle_bytes > _MAX_HEAD_SIZE:
                # Neither body nor end: the extensions of a chunk, or headers after the last.
                self._refuse(kinds.MALFORMED_REQUEST)
        elif self._idle_bytes > _MAX_HEAD_SIZE:
            in_address = self._stage is Stage.HEAD and not self.headers and len(self.url) > MAX_TARGET_LENGTH
            self._refuse(kinds.URI_TOO_LONG if in_address else kinds.HEADERS_TOO_LARGE)
        elif self._stage is Stage.HEAD or self._idle_bytes:
            if self._timer is None:
                self._set_timer(self._head_timeout)
        elif not self._is_answering():
            # The rest of a request whose answer was complete before: wait for the next one.
            self._unset_timer()
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _set_timer(self, seconds: float) -> None:
        self._unset_timer()
        self._timer = self.loop.call_later(seconds, self._on_timer)

    def _unset_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_timer(self) -> None:
        self._timer = None
        if self._reading_stopped or self.transport.is_closing():
            return
        if self._is_answering():
            # While an answer is under way, the client may take its time with the next request.
            self._set_timer(self._head_timeout)
        elif self._stage is Stage.HEAD:
            self._refuse(kinds.REQUEST_TIMEOUT)
        else:
            self.transport.close()

    def _refuse(self, kind: ProblemKind) -> None:
        """Answer with a problem and close: where the next request would begin is unknown."""
        self._reading_stopped = True
        if self._is_answering():
            if self._stage is not Stage.BODY or self.cycle.response_started:
                self.cycle.keep_alive = False
                return
            if self.pipeline:
                # It is queued, and must never be carried out.
                self.pipeline.popleft()
                before = self.pipeline[0][0] if self.pipeline else self._running
                before.keep_alive = False
                return
            # The route that reads its body learns that the rest will not come, and carries nothing out.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.write(raw_problem(kind, self.server_state.default_headers))
        self.transport.close()


def _new_parser(protocol: HttpProtocol) -> httptools.HttpRequestParser:
    """As uvicorn makes it: a request may follow one that asked for the end of the connection, and is not looked at."""
    parser = httptools.HttpRequestParser(protocol)
    parser.set_dangerous_leniencies(lenient_data_after_close=True)
    return parser
