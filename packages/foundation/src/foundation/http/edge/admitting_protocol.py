"""Refuses requests that are more than a worker can carry, for a fraction of what a request costs."""

import re
from typing import TYPE_CHECKING, Any, Final

from starlette.types import Receive, Scope, Send

from foundation.http.edge.admission import AdmissionControl
from foundation.http.edge.protocol import HttpProtocol, Stage
from foundation.http.limits import HEALTH_CHECKS
from foundation.http.problems import kinds
from foundation.http.problems.raw import RawProblem

if TYPE_CHECKING:
    from foundation.http.edge.draining import Draining

_EXEMPT_TARGETS: Final = tuple(path.encode() for path in HEALTH_CHECKS)
# Bytes of the body of a request that was refused, which are read for the sake of the connection.
_MAX_REST_SIZE: Final = 256 * 1024
# Headers that say nothing about where the request ends; the group is there if the connection is to end with it.
_HEADERS: Final = rb"""
    (?: (?! (?i: connection | content-length | transfer-encoding | expect | upgrade) : )
        [-!#$%&'*+.^_`|~0-9A-Za-z]++ : [^\r\n\0]*+ \r\n
      | (?i: connection: [ \t]*+ (?: keep-alive | (close) )) [ \t]*+ \r\n
    )*+
"""
HEAD: Final = re.compile(
    rb"([A-Z]++) [ ] (/[!-~]*+) [ ] HTTP/1[.]1 \r\n"
    + _HEADERS
    + rb"(?: (?i: content-length): [ \t]*+ ([0-9]{1,18}+) [ \t]*+ \r\n"
    + _HEADERS
    + rb")?+ \r\n",
    re.VERBOSE,
)
"""The head of a request whose end is certain; its groups: method, target, close, length of the body, close."""

# A whole one: of what comes beyond the number of connections, nothing is kept.
_HEALTH_CHECK: Final = re.compile(
    rb"(?:GET|HEAD) (?:%b)(?:[?][!-~]*+)? HTTP/1[.][01]\r\n(?:.+\r\n)*+\r\n" % b"|".join(_EXEMPT_TARGETS)
)

_busy: Final = RawProblem(kinds.OVERLOADED)


class AdmittingProtocol(HttpProtocol):
    """One connection, whose requests are answered 503 when `admission` has no room for them.

    Most of them are refused before they are parsed: it is enough to know where they end. Those of which that is not
    certain, or whose head does not come in one piece, or which begin before the answer to the one before, are read as
    usual and refused in place of the application. Health checks are always taken on: they tell a load balancer, not a
    client.
    """

    def __init__(self, *arguments: Any, admission: AdmissionControl, **keywords: Any) -> None:
        """See `HttpProtocol`. All connections of a worker share `admission`."""
        super().__init__(*arguments, **keywords)
        self._admission = admission
        self._missing = 0  # bytes of the body of a request that was refused
        self._refused_lately = False
        self._refused: Any = None  # the last request that was read and refused
        self._draining: Draining = self.app.state.draining

    def data_received(self, data: bytes) -> None:
        """Read on, or refuse what begins."""
        if self._surplus and _HEALTH_CHECK.fullmatch(data):
            # Answered beyond the number of connections, too, but on a connection that ends then.
            self._surplus, self._stopping = False, True
        if self._missing:
            self._pass_over(data)
        elif len(self.tasks) < self._admission.capacity or not self._refuse_unread(data):
            super().data_received(data)

    def timeout_keep_alive_handler(self) -> None:
        """Nothing came for a while; a request that was refused may have."""
        if self._refused_lately:
            self._refused_lately = False
            self._await_next(self.timeout_keep_alive)
        else:
            super().timeout_keep_alive_handler()

    def is_waiting_for_client(self) -> bool:
        """Whether a request is under way that needs nothing but its client: the rest of a body, or a reader."""
        return self._is_answering() and (self._stage is Stage.BODY or self.cycle.response_started)

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        if len(self.tasks) >= self._admission.capacity and cycle.scope["path"] not in HEALTH_CHECKS:
            self._admission.refusals += 1
            app = self._answer_busy
            self._refused = cycle
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
        if self._is_answering() or self.transport.is_closing() or (head := HEAD.match(data)) is None:
            return False
        method, target, ends, length, ends_too = head.groups()
        for exempt in _EXEMPT_TARGETS:
            if exempt in target:
                return False
        missing = int(length or 0) - (len(data) - head.end())
        if missing < 0:
            return False
        self._admission.refusals += 1
        self._refused_lately = True
        close = bool(ends or ends_too or self._stopping or self._draining.under_way or missing > _MAX_REST_SIZE)
        self._missing = missing
        self.transport.write(_busy.answer(self.server_state.default_headers, close=close, content=method != b"HEAD"))
        if close:
            self.transport.close()
        elif missing:
            self._unset_keepalive_if_required()
            self._set_timer(self._head_timeout)
        elif self.timeout_keep_alive_task is None:
            self._await_next(self.timeout_keep_alive)
        return True

    def _pass_over(self, data: bytes) -> None:
        """Pass over the rest of the body of a request that was refused."""
        if self.transport.is_closing():
            return
        behind = data[self._missing :]
        self._missing = max(self._missing - len(data), 0)
        if not self._missing:
            self._await_next(self.timeout_keep_alive)
            if behind:
                self.data_received(behind)

    def _await_next(self, seconds: float) -> None:
        self._unset_timer()
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _may_leave_much_unread(self) -> bool:
        # Under load a new connection costs more than the rest of most bodies.
        return self.cycle is not self._refused and super()._may_leave_much_unread()

    def _is_unread(self) -> bool:
        return self._missing > 0 or super()._is_unread()

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
