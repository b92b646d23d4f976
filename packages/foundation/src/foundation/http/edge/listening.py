"""The sockets that a server listens on."""

import asyncio
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice

from uvicorn import Server


def accept_waiting(server: Server, loop: asyncio.AbstractEventLoop, most: int) -> list[asyncio.Task[object]]:
    """Accept at most so many connections that wait for it now; returns the tasks that begin them.

    The event loop accepts one connection in each of its rounds. Under load a round is long, so that a new connection
    would wait for all that came before it: a health check for seconds.
    """
    found = [one for listener in server.servers for one in islice(waiting(listener), most)]
    return [loop.create_task(loop.connect_accepted_socket(lambda: protocol(server), one)) for one in found]


def protocol(server: Server) -> asyncio.Protocol:
    """The protocol of a connection, as the server makes it."""
    make: Callable[..., asyncio.Protocol] = server.config.http_protocol_class
    return make(config=server.config, server_state=server.server_state, app_state=server.lifespan.state)


def waiting(listener: asyncio.Server) -> Iterator[socket.socket]:
    """Accept the connections in the accept queue of the kernel."""
    for listening in listener.sockets:
        with suppress(OSError), socket.socket(fileno=os.dup(listening.fileno())) as own:
            own.settimeout(0)
            while True:
                connection, _ = own.accept()
                connection.settimeout(0)
                yield connection
