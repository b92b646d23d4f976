"""Requests that no client library would send, and how they are written down."""

from dataclasses import dataclass
from typing import Final

USERS: Final = b"/api/v1/users"
JSON: Final = b"application/json"
SOMEBODY: Final = b'{"email": "somebody@example.com", "name": "Somebody"}'


@dataclass(frozen=True)
class Case:
    """Bytes to send, and the statuses of the answers until the server hangs up."""

    name: str
    content: bytes
    statuses: tuple[int, ...]


def request(
    target: bytes = b"/livez",
    *fields: bytes,
    method: bytes = b"GET",
    version: bytes = b"HTTP/1.1",
    host: bytes | None = b"localhost",
    body: bytes = b"",
) -> bytes:
    """A request after which the connection ends."""
    lines = [b"%s %s %s" % (method, target, version)]
    lines += [] if host is None else [b"Host: " + host]
    lines += [b"Connection: close", *fields]
    return b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


def post(
    body: bytes, *fields: bytes, media_type: bytes = JSON, target: bytes = USERS, method: bytes = b"POST"
) -> bytes:
    """A request with a body whose length is true."""
    length = b"Content-Length: %d" % len(body)
    return request(target, b"Content-Type: " + media_type, length, *fields, method=method, body=body)


def framed(body: bytes, *fields: bytes) -> bytes:
    """A request to create a user, with whatever framing `fields` and `body` have."""
    return request(USERS, b"Content-Type: " + JSON, *fields, method=b"POST", body=body)


def chunked(body: bytes) -> bytes:
    """A request to create a user, whose body is said to be in chunks."""
    return framed(body, b"Transfer-Encoding: chunked")


def with_value(text: bytes) -> bytes:
    """A request to create a user whose name is this JSON value."""
    return post(b'{"email": "somebody@example.com", "name": %s}' % text)


def with_address(text: bytes) -> bytes:
    """A request to create a user whose email address is this JSON value."""
    return post(b'{"email": %s, "name": "Somebody"}' % text)


def query(text: bytes) -> bytes:
    """A request to list users."""
    return request(USERS + b"?" + text)


def cases(expected: int | tuple[int, ...], **contents: bytes) -> list[Case]:
    """Cases that are answered alike."""
    statuses = expected if isinstance(expected, tuple) else (expected,)
    return [Case(name, content, statuses) for name, content in contents.items()]
