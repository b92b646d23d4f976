"""What every request is held to before any route sees it: its address, its headers, and the time its body takes."""

import re
from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import unquote_to_bytes

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from foundation.http.edge.body_deadline import BodyDeadline
from foundation.http.limits import MAX_HEADER_SIZE, MAX_HEADERS, MAX_HEADERS_SIZE, MAX_TARGET_LENGTH
from foundation.http.problems import kinds
from foundation.http.problems.problem import Problem, problem_response
from foundation.settings import is_loopback

_CLOSE: Final = {"Connection": "close"}
# The headers that decide where the request ends and which host it is for. Repeated, they would be ambiguous.
_DECISIVE: Final = frozenset({b"host", b"content-length", b"transfer-encoding", b"expect"})
# A body of theirs has no meaning (RFC 9110, 9.3); what is not read could be taken for the next request.
_WITHOUT_BODY: Final = frozenset({"GET", "HEAD", "DELETE", "OPTIONS", "TRACE"})
# uri-host [ ":" port ] of RFC 9110, 7.2, by RFC 3986, 3.2.2; not empty, because http addresses always have a host.
_HOST: Final = re.compile(
    rb"(\[(?:[0-9A-Fa-f:.]{2,45}|[vV][0-9A-Fa-f]+\.[\w.~!$&'()*+,;=:-]+)\]|(?:[\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)"
    rb"(?::[0-9]{0,5})?"
)
# How many values of the header are remembered, so that clients cannot make them many.
_MAX_ADMITTED: Final = 100
_LENGTH: Final = re.compile(rb"[0-9]{1,15}")
_BAD_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")


class StrictInput:
    """Middleware that refuses what servers, proxies and applications understand in different ways. Pure ASGI.

    `allowed_hosts` are names in lower-case, without a port, that `Host` may have; with none, it may have any, or if the
    server is `on_loopback`, those of this machine: a page of a stranger must not reach it by a name of its own.
    `body_timeout` is how many seconds may be spent waiting for a body: see `BodyDeadline`.

    A refusal is a problem document: 400, 404 for an encoded slash, 414, 431; and the connection ends with it.
    """

    def __init__(
        self, app: ASGIApp, *, allowed_hosts: Collection[str], body_timeout: float, on_loopback: bool = False
    ) -> None:
        self._app = app
        self._on_loopback = on_loopback
        self._admitted: set[bytes | None] = set()
        self._allowed_hosts = frozenset(allowed_hosts)
        self._body_timeout = body_timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look at one request and pass it on; other kinds of connection pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            _check_target(scope)
            decisive = _decisive_headers(scope)
            self._check_host(scope, decisive)
            has_body = _check_framing(scope, decisive)
        except Problem as problem:
            await self._refuse(problem, scope, receive, send)
            return
        if has_body:
            deadline = BodyDeadline(receive, self._body_timeout, awaits_continue=b"expect" in decisive)
            if scope["method"] in _WITHOUT_BODY:
                try:
                    await _read_nothing(deadline)
                except Problem as problem:
                    await self._refuse(problem, scope, receive, send)
                    return
            await self._app(scope, deadline.receive, deadline.closing_unread(send))
        else:
            await self._app(scope, receive, send)

    async def _refuse(self, problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
        problem.headers |= _CLOSE
        await problem_response(Request(scope), problem)(scope, receive, send)

    def _check_host(self, scope: Scope, decisive: Mapping[bytes, bytes]) -> None:
        value = decisive.get(b"host")
        if value in self._admitted:  # as nearly always
            return
        if value is None:
            if scope["http_version"] == "1.0" and not self._allowed_hosts:
                return
            raise _malformed("The request has no Host header.")
        match = _HOST.fullmatch(value)
        if match is None:
            raise _malformed("The Host header is not the name of a host.")
        name = match[1].decode().lower().removesuffix(".")
        if name not in self._allowed_hosts if self._allowed_hosts else self._on_loopback and not is_loopback(name):
            raise _malformed("The Host header names a host that is not served here: see the setting ALLOWED_HOSTS.")
        if len(self._admitted) < _MAX_ADMITTED:
            self._admitted.add(value)


def _check_target(scope: Scope) -> None:
    path, query = scope.get("raw_path") or b"", scope["query_string"]
    if len(path) + len(query) > MAX_TARGET_LENGTH:
        raise Problem(kinds.URI_TOO_LONG, f"An address may have at most {MAX_TARGET_LENGTH} bytes.")
    for part in (path, query):
        if b"%" in part:
            _check_escapes(part)
    if b"%2f" in path.lower():
        # Decoded, it would be a second spelling of another address.
        raise Problem(kinds.NOT_FOUND)


def _check_escapes(text: bytes) -> None:
    try:
        if not _BAD_ESCAPE.search(text):
            unquote_to_bytes(text).decode()
            return
    except UnicodeDecodeError:
        pass
    raise _malformed("The address is not percent-encoded UTF-8.") from None


def _decisive_headers(scope: Scope) -> Mapping[bytes, bytes]:
    """The headers that decide, after a look at the size of all. ASGI gives names in lower-case."""
    headers = scope["headers"]
    size = 0
    decisive: dict[bytes, bytes] = {}
    for name, value in headers:
        length = len(name) + len(value)
        size += length
        if length > MAX_HEADER_SIZE:
            raise Problem(kinds.HEADERS_TOO_LARGE, f"A header may have at most {MAX_HEADER_SIZE} bytes.")
        if name in _DECISIVE:
            if name in decisive:
                raise _malformed("A header is repeated that a request may have once.")
            decisive[name] = value
    if len(headers) > MAX_HEADERS or size > MAX_HEADERS_SIZE:
        raise Problem(
            kinds.HEADERS_TOO_LARGE,
            f"A request may have at most {MAX_HEADERS} headers, of {MAX_HEADERS_SIZE} bytes together.",
        )
    return decisive


def _check_framing(scope: Scope, decisive: Mapping[bytes, bytes]) -> bool:
    """Whether the request has a body, whose end must be clear (RFC 9112, 6)."""
    length, coding = decisive.get(b"content-length"), decisive.get(b"transfer-encoding")
    if length is not None and coding is not None:
        raise _malformed("The request has both Content-Length and Transfer-Encoding.")
    if length is not None and not _LENGTH.fullmatch(length):
        raise _malformed("The Content-Length header is not a number of bytes.")
    if coding is not None and (coding.lower() != b"chunked" or scope["http_version"] == "1.0"):
        raise _malformed("The only transfer coding is chunked, in HTTP/1.1.")
    if decisive.get(b"expect", b"100-continue").lower() != b"100-continue":
        raise _malformed("The Expect header asks for something else than 100-continue.")
    has_body = coding is not None or (length is not None and length.strip(b"0") != b"")
    if has_body and scope["method"] in _WITHOUT_BODY and coding is None:
        raise _has_no_body()
    return has_body


async def _read_nothing(deadline: BodyDeadline) -> None:
    """Read a body that may be empty, as some proxies send one in chunks with every request."""
    more = True
    while more:
        message = await deadline.receive()
        if message.get("body"):
            raise _has_no_body()
        more = message.get("more_body", False)


def _has_no_body() -> Problem:
    return _malformed("A request with this method has no body.")


def _malformed(detail: str) -> Problem:
    return Problem(kinds.MALFORMED_REQUEST, detail)
