"""Closes connections so that the client can still read the answer."""

import asyncio
from asyncio import AbstractEventLoop, Transport
from collections.abc import Callable
from typing import Any, Final

# Seconds. Enough for a client to read one answer, and little enough to bear what it sends meanwhile.
PATIENCE: Final = 2.0


class LingeringCloseTransport(asyncio.Transport):
    """A transport that closes in two steps when `unread()` says that the client is still sending (RFC 9112, 9.6).

    Closing a socket while there is unread input resets the connection, which can destroy the answer before
    the client has read it. So the own direction is closed first, and the whole connection when the client has closed
    the other, or after two seconds. What arrives meanwhile is for the protocol to discard.
    """

    def __init__(self, transport: Transport, loop: AbstractEventLoop, unread: Callable[[], bool]) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._unread = unread
        self._closing = False

    def close(self) -> None:
        """Close, in two steps if need be."""
        if self._closing:
            return
        self._closing = True
        if self._unread() and self._transport.can_write_eof() and not self._transport.is_closing():
            self._transport.write_eof()
            self._transport.resume_reading()
            self._loop.call_later(PATIENCE, self._transport.close)
        else:
            self._transport.close()

    def abort(self) -> None:
        """Close at once, whatever is still to be sent."""
        self._closing = True
        self._transport.abort()

    def is_closing(self) -> bool:
        """Whether it was closed, if only in one direction."""
        return self._closing or self._transport.is_closing()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send, unless it was closed."""
        if not self._closing:
            self._transport.write(data)

    def pause_reading(self) -> None:
        """See `asyncio.ReadTransport`."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """See `asyncio.ReadTransport`."""
        self._transport.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """See `asyncio.BaseTransport`."""
        return self._transport.get_extra_info(name, default)
