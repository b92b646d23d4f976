"""Ends connections that are used for longer than the deadline allows."""

import asyncio
import math
import os
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from psycopg import AsyncConnection

from foundation.kernel.deadline import deadline

if TYPE_CHECKING:
    from collections.abc import Callable

# Seconds between two looks. A timer for each use would cost more than a statement's share of it.
_INTERVAL: Final = 0.1


class Watchdog:
    """Shuts down the sockets of connections that are in use when the deadline of the work has passed.

    No limit of the server's ends the wait for a server that is frozen, or for packets that are lost. Whatever waits
    for the socket, be it our pipeline, psycopg or a COPY, fails at once when it is shut down, as if the server had
    closed it. `limit` is how many seconds a use may take where there is no deadline.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._in_use: dict[AsyncConnection[Any], float] = {}
        self._looking = False
        self.on_expired: Callable[[], None] = lambda: None

    def watch(self, connection: AsyncConnection[Any]) -> None:
        """The connection is in use from now on, until the deadline of this task."""
        at = deadline()
        self._in_use[connection] = time.monotonic() + self._limit if at == math.inf else at
        if not self._looking:
            self._looking = True
            asyncio.get_running_loop().call_later(_INTERVAL, self._look)

    def extend(self, connection: AsyncConnection[Any], seconds: float) -> None:
        """The connection may be used for this long, whatever the deadline is."""
        self._in_use[connection] = time.monotonic() + seconds

    def forget(self, connection: AsyncConnection[Any]) -> None:
        """The connection is not in use any more."""
        self._in_use.pop(connection, None)

    def _look(self) -> None:
        now = time.monotonic()
        for connection in [connection for connection, at in self._in_use.items() if at <= now]:
            del self._in_use[connection]
            if not connection.closed:
                _shut_down(connection)
                self.on_expired()
        self._looking = bool(self._in_use)
        if self._looking:
            asyncio.get_running_loop().call_later(_INTERVAL, self._look)


def _shut_down(connection: AsyncConnection[Any]) -> None:
    # A descriptor of its own, so that libpq's is closed by libpq alone. The server may have closed it meanwhile.
    with suppress(OSError), socket.socket(fileno=os.dup(connection.pgconn.socket)) as own:
        own.shutdown(socket.SHUT_RDWR)
