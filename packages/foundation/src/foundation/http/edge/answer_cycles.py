"""How an answer is written: in one piece where it is known as a whole, and without chunks for HTTP/1.0.

What one write gains instead of two: docs/decisions/0022-the-lean-path.md.
"""

import re
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

# In a head that is put together, nothing but the ends of its lines may be one of these (RFC 9110, 5.5).
_CONTROLS: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class AnswerInOneWrite(RequestResponseCycle):
    """An answer of a known length, whose head is written together with its content: one system call, one packet.

    One of unknown length is uvicorn's to write, which sends the head at once.
    """

    head = b""
    """What is not written yet."""

    async def send(self, message: Any) -> None:
        """Send, or keep a head until its content is there."""
        if not self.response_started and message["type"] == "http.response.start" and self._is_kept(message):
            return
        if not self.head:
            await super().send(message)
        elif message.get("more_body", False):
            head, self.head = self.head, b""
            self.transport.write(head)
            await super().send(message)
        else:
            await self._complete(message.get("body", b""))

    def _is_kept(self, message: Any) -> bool:
        """Keep the head of an answer whose content has a length, and tell whether it has."""
        parts: list[bytes] = [STATUS_LINE[message["status"]]]
        length, closes = None, False
        lines = 2
        for name, value in (*self.default_headers, *message["headers"]):
            if name == b"content-length":
                length = int(value)
            elif name == b"transfer-encoding":
                return False
            elif name == b"connection":
                closes = b"close" in value.lower()
            parts += (name, b": ", value, b"\r\n")
            lines += 1
        if length is None:
            return False
        if not self.keep_alive and not closes:
            parts.append(b"connection: close\r\n")
            lines += 1
        parts.append(b"\r\n")
        head = b"".join(parts)
        if head.count(b"\n") != lines or head.count(b"\r") != lines or _CONTROLS.search(head):
            return False  # uvicorn says what is wrong with it
        if closes:
            self.keep_alive = False
        self.head, self.expected_content_length, self.chunked_encoding = head, length, False
        self.response_started, self.waiting_for_100_continue = True, False
        return True

    async def _complete(self, content: bytes) -> None:
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if self.scope["method"] == "HEAD":
            content = b""
        elif len(content) != self.expected_content_length:
            raise RuntimeError("the content has another length than Content-Length says")
        self.transport.write(self.head + content)
        self.head, self.response_complete = b"", True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


class AnswerInHttp10(RequestResponseCycle):
    """An answer that ends with the connection, if its length is unknown: HTTP/1.0 has no chunks (RFC 9112, 6.1)."""

    counted = True

    async def send(self, message: Any) -> None:
        """Send on, and let the server not count."""
        if message["type"] == "http.response.start":
            if b"content-length" not in dict(message["headers"]):
                self.chunked_encoding = self.counted = False
        elif not self.counted:
            self.expected_content_length = len(message.get("body", b""))
        await super().send(message)
