"""Queues requests of clients that sent too many invalid credentials, so that they do not slow other clients."""

import asyncio
from collections.abc import Callable
from contextvars import Context
from typing import TYPE_CHECKING, Any, Final

from foundation.http.edge.admitting_protocol import AdmittingProtocol

if TYPE_CHECKING:
    from foundation.http.access.access_control import AccessControl

# Seconds between two attempts. A refusal takes a worker about 0.3 milliseconds, so attempts get less than a hundredth
# of its time: of a hundred other requests, none or one meets an attempt.
_BETWEEN: Final = 0.05


class Throttle:
    """The attempts that wait in one worker, of which one begins every 50 milliseconds: the one that waits longest."""

    def __init__(self) -> None:
        # By connection, which has one at a time. What a client sent is kept until its turn comes, and no longer than
        # the client waits for it.
        self._waiting: dict[object, Callable[[], None]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """How many attempts wait."""
        return len(self._waiting)

    def wait(self, loop: asyncio.AbstractEventLoop, connection: object, begin: Callable[[], None]) -> None:
        """Call `begin` when the turn of the connection comes, unless it is forgotten before."""
        self._waiting[connection] = begin
        if self._timer is None:
            self._set_timer(loop)

    def forget(self, connection: object) -> None:
        """Let the connection wait no more."""
        self._waiting.pop(connection, None)

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        if not self._waiting:
            return
        begin = self._waiting.pop(next(iter(self._waiting)))
        self._set_timer(loop)
        begin()

    def _set_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        # In a context of its own: that of the present request has its principal and its deadline.
        self._timer = loop.call_later(_BETWEEN, self._next, loop, context=Context())


class ThrottlingProtocol(AdmittingProtocol):
    """One connection. An attempt of a client that is beyond its limit of failed ones waits, and nothing else does.

    A refusal costs nearly as much as an answer, and a client can send the next attempt as soon as it has it; a few
    connections would so take all of a worker's time. While an attempt waits it costs nothing, is no request under way,
    and what follows it on its connection is not looked at. Connections of a trusted proxy have many clients, and none
    of them waits.
    """

    def __init__(self, *arguments: Any, throttle: Throttle, **keywords: Any) -> None:
        """See `AdmittingProtocol`. All connections of a worker share the `throttle`."""
        super().__init__(*arguments, **keywords)
        self._throttle = throttle
        self._access: AccessControl | None = self.app.state.access
        self._client_address: str | None = None
        self._waits = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Begin."""
        super().connection_made(transport)
        if self._access is not None:
            self._client_address = self._access.direct_client({"client": self.client})

    def connection_lost(self, exc: Exception | None) -> None:
        """See `HttpProtocol.connection_lost`. An attempt whose client is gone waits no more."""
        self._throttle.forget(self)
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """See `HttpProtocol.shutdown`. An attempt that waits is not looked at any more."""
        if self._waits:
            self.transport.abort()
        else:
            super().shutdown()

    def is_waiting_for_client(self) -> bool:
        """See `AdmittingProtocol.is_waiting_for_client`. What waits for its turn is not under way."""
        return not self._waits and super().is_waiting_for_client()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        if (access := self._throttling()) is None or not access.is_attempt(cycle.scope):
            super()._start_asgi_task(cycle, app)
            return
        if self._stopping:
            self.transport.abort()
            return
        self._running, self._waits = cycle, True
        self._throttle.wait(self.loop, self, lambda: self._begin(cycle, app))

    def _begin(self, cycle: Any, app: Any) -> None:
        self._waits = False
        if not self.transport.is_closing():
            super()._start_asgi_task(cycle, app)

    def _refuse_unread(self, data: bytes) -> bool:
        # A refusal of what is too much for the worker would not wait.
        return self._throttling() is None and super()._refuse_unread(data)

    def _throttling(self) -> "AccessControl | None":
        """What tells attempts from other requests, if the client is beyond its limit."""
        access, address = self._access, self._client_address
        return access if access is not None and address is not None and access.is_throttled(address) else None
