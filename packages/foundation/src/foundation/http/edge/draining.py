"""Keeps serving for a while after the order to stop, so that load balancers find other instances first."""

import asyncio
import logging
import signal
import socket
import struct
import sys
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from types import FrameType
from typing import Any, Final

from uvicorn import Server

from foundation.http.edge.listening import accept_waiting, protocol, waiting

logger = logging.getLogger("service.http")

# Seconds within which a second SIGTERM is the same order: a supervisor and the process group may both send it.
_SAME_ORDER: Final = 0.5
# Connections that are accepted at a time beside those that the event loop accepts.
_AT_A_TIME: Final = 100
# Seconds in which TCP handshakes under way complete.
_HANDSHAKE: Final = 0.1
# Seconds that a server which is stopped at once gives the application to close its connections.
_LAST_CLEANUP: Final = 1.0
_SO_ATTACH_FILTER: Final = 26  # asm-generic/socket.h
# Classic BPF (linux/filter.h) over the TCP header: load the flags; drop the segment if SYN is set, else accept it.
_DROP_SYN: Final = b"".join(
    struct.pack("=HBBI", *instruction)
    for instruction in ((0x30, 0, 0, 13), (0x45, 0, 1, 0x02), (0x06, 0, 0, 0), (0x06, 0, 0, 0xFFFFFFFF))
)


class Draining:
    """Whether the process was told to stop."""

    def __init__(self) -> None:
        self.under_way = False
        self._server: Server | None = None
        self._beginning: set[asyncio.Task[object]] = set()

    def accept_waiting(self, loop: asyncio.AbstractEventLoop) -> None:
        """Accept connections that wait for it: see `listening`.

        Not when the service is about to stop: one that begins while the server counts its connections would be reset.
        """
        if self._server is None or self.under_way or self._server.should_exit:
            return
        for task in accept_waiting(self._server, loop, _AT_A_TIME):
            self._beginning.add(task)
            task.add_done_callback(self._beginning.discard)

    @contextmanager
    def on_sigterm(self, delay: timedelta) -> Iterator[None]:
        """Within it, SIGTERM reaches the server `delay` after it came; at once it makes this `under_way`.

        A second SIGTERM stops the server at once, without waiting for requests under way. Where no server listens to
        SIGTERM in this thread, nothing changes.
        """
        stop = signal.getsignal(signal.SIGTERM)
        if not callable(stop) or threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        server = getattr(stop, "__self__", None)
        if isinstance(server, Server):
            self._server = server
            server.shutdown = _without_resets(server)  # type: ignore[method-assign]  # it has no other place for this
        ordered_at = 0.0

        def begin() -> None:
            nonlocal ordered_at
            if not self.under_way:
                self.under_way = True
                ordered_at = time.monotonic()
                logger.info("draining: the service stops in %g s", delay.total_seconds())
                loop.call_later(delay.total_seconds(), stop, signal.SIGTERM, None)
            elif time.monotonic() - ordered_at > _SAME_ORDER and isinstance(server, Server):
                server.force_exit = server.should_exit = True

        def handle(_number: int, _frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(begin)

        signal.signal(signal.SIGTERM, handle)
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, stop)


def _without_resets(server: Server) -> Callable[..., Any]:
    """The shutdown of the server after its accept queue is emptied, since closing the listener resets what is in it."""
    shutdown = server.shutdown

    async def accept_and_shut_down(sockets: list[socket.socket] | None = None) -> None:
        if sockets is None:  # a supervisor's sockets are shared with other workers
            for listener in server.servers:
                _drop_new_connections(listener)
            await asyncio.sleep(_HANDSHAKE)
        accepted = [one for listener in server.servers for one in waiting(listener)]
        for listener in server.servers:
            listener.close()
        loop = asyncio.get_running_loop()
        for one in accepted:
            await loop.connect_accepted_socket(lambda: protocol(server), one)
        await shutdown(sockets)
        if server.force_exit:
            # The server skips this then; the application would be cancelled instead, and log it with a traceback.
            with suppress(TimeoutError):
                await asyncio.wait_for(server.lifespan.shutdown(), _LAST_CLEANUP)

    return accept_and_shut_down


def _drop_new_connections(listener: asyncio.Server) -> None:
    """Drop SYN segments from now on (Linux only), so that no connection is made before the listener is closed.

    The client's kernel sends its SYN again a second later, and the connection is refused then.
    """
    instructions = array("B", _DROP_SYN)
    address, length = instructions.buffer_info()
    program = struct.pack("@HP", length // 8, address)
    for listening in listener.sockets if sys.platform == "linux" else ():
        with suppress(OSError):  # some sandboxes do not support it
            listening.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
