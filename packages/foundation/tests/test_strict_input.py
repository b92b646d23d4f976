"""What requests are held to before a route sees them."""

from collections.abc import Iterable

import pytest
from starlette.types import Message, Receive, Scope, Send

from foundation.http.edge.strict_input import StrictInput

HOST = (b"host", b"localhost")


async def reached(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def status(
    *headers: tuple[bytes, bytes],
    method: str = "GET",
    path: bytes = b"/livez",
    query: bytes = b"",
    version: str = "1.1",
    allowed_hosts: Iterable[str] = (),
    body: list[bytes] | None = None,
) -> int:
    """The status of the answer: 200 when the request is let through."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        if not body:
            raise AssertionError("what is not asked for is not read")
        return {"type": "http.request", "body": body.pop(0), "more_body": bool(body)}

    scope = {
        "type": "http",
        "http_version": version,
        "method": method,
        "path": "/",
        "raw_path": path,
        "query_string": query,
        "headers": list(headers),
        "state": {"request_id": "the-request"},
    }
    app = StrictInput(reached, allowed_hosts=frozenset(allowed_hosts), body_timeout=1.0)
    await app(scope, receive, send)
    found = sent[0]["status"]
    assert isinstance(found, int)
    closes = (b"connection", b"close") in sent[0]["headers"]
    assert closes is (found != 200)
    return found


@pytest.mark.anyio
class TestHosts:
    @pytest.mark.parametrize(
        "host",
        [
            b"localhost",
            b"localhost:8000",
            b"a.b-c_d",
            b"192.0.2.1",
            b"[::1]",
            b"[2001:db8::1]:80",
            b"h:",
            b"a%20b",
            b"a.",
        ],
    )
    async def test_a_name_or_an_address_with_or_without_a_port_is_a_host(self, host: bytes) -> None:
        assert await status((b"host", host)) == 200

    @pytest.mark.parametrize(
        "host",
        [
            b"",
            b":80",
            b"a b",
            b"a/b",
            b"a?b",
            b"a#b",
            b"u@a",
            b"a:b",
            b"a:1:2",
            b"[::1",
            b"::1",
            b"[x]",
            b"\xff",
        ],
    )
    async def test_anything_else_is_none(self, host: bytes) -> None:
        assert await status((b"host", host)) == 400

    async def test_there_is_exactly_one(self) -> None:
        assert await status() == 400
        assert await status(HOST, HOST) == 400

    async def test_http_1_0_knew_none(self) -> None:
        assert await status(version="1.0") == 200
        assert await status(version="1.0", allowed_hosts=["localhost"]) == 400

    @pytest.mark.parametrize("host", [b"localhost", b"LOCALHOST:1", b"localhost.", b"[::1]:80"])
    async def test_those_that_are_allowed_are_served(self, host: bytes) -> None:
        assert await status((b"host", host), allowed_hosts=["localhost", "[::1]"]) == 200

    @pytest.mark.parametrize("host", [b"elsewhere", b"localhost.elsewhere", b"xlocalhost", b"127.0.0.1", b"[::2]"])
    async def test_others_are_refused_when_some_are_allowed(self, host: bytes) -> None:
        assert await status((b"host", host), allowed_hosts=["localhost", "[::1]"]) == 400


@pytest.mark.anyio
class TestSizes:
    async def test_an_address_may_have_8_kib_with_its_query(self) -> None:
        assert await status(HOST, path=b"/" + b"a" * 8_000, query=b"b" * 191) == 200
        assert await status(HOST, path=b"/" + b"a" * 8_000, query=b"b" * 192) == 414

    async def test_there_may_be_a_hundred_headers(self) -> None:
        assert await status(HOST, *[(b"a", b"b")] * 99) == 200
        assert await status(HOST, *[(b"a", b"b")] * 100) == 431

    async def test_a_header_may_have_8_kib(self) -> None:
        assert await status(HOST, (b"a", b"b" * 8_191)) == 200
        assert await status(HOST, (b"a", b"b" * 8_192)) == 431

    async def test_the_headers_may_have_32_kib_together(self) -> None:
        own = len(b"".join(HOST))
        assert await status(HOST, *[(b"a", b"b" * 8_000)] * 4, (b"a", b"b" * (32_768 - own - 4 * 8_001 - 1))) == 200
        assert await status(HOST, *[(b"a", b"b" * 8_000)] * 4, (b"a", b"b" * (32_768 - own - 4 * 8_001))) == 431


@pytest.mark.anyio
class TestAddresses:
    @pytest.mark.parametrize("text", [b"/%", b"/%a", b"/%zz", b"/%ff", b"/%c0%af", b"/%ed%a0%80", b"/%e2%82"])
    async def test_what_is_no_percent_encoded_text_is_malformed(self, text: bytes) -> None:
        assert await status(HOST, path=text) == 400
        assert await status(HOST, query=text) == 400

    async def test_an_encoded_slash_is_no_slash(self) -> None:
        assert await status(HOST, path=b"/a%2Fb") == 404
        assert await status(HOST, path=b"/a%2fb") == 404
        assert await status(HOST, query=b"a%2Fb") == 200


LENGTH = (b"content-length", b"2")
CHUNKED = (b"transfer-encoding", b"chunked")


@pytest.mark.anyio
class TestFraming:
    @pytest.mark.parametrize("header", [LENGTH, CHUNKED, (b"content-length", b"0"), (b"transfer-encoding", b"Chunked")])
    async def test_a_length_or_chunks_end_a_body(self, header: tuple[bytes, bytes]) -> None:
        assert await status(HOST, header, method="POST") == 200

    @pytest.mark.parametrize(
        "headers",
        [
            (LENGTH, CHUNKED),
            (LENGTH, LENGTH),
            (CHUNKED, CHUNKED),
            ((b"content-length", b""),),
            ((b"content-length", b"-1"),),
            ((b"content-length", b"+1"),),
            ((b"content-length", b"0x1"),),
            ((b"content-length", b"1, 1"),),
            ((b"content-length", b"9" * 16),),
            ((b"content-length", b"\xb2"),),
            ((b"transfer-encoding", b"gzip, chunked"),),
            ((b"transfer-encoding", b"identity"),),
            ((b"transfer-encoding", b""),),
            ((b"expect", b"a-miracle"),),
        ],
    )
    async def test_whatever_could_end_it_in_two_places_is_refused(
        self, headers: tuple[tuple[bytes, bytes], ...]
    ) -> None:
        assert await status(HOST, *headers, method="POST") == 400

    async def test_http_1_0_has_no_chunks(self) -> None:
        assert await status(HOST, CHUNKED, method="POST", version="1.0") == 400

    @pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS", "TRACE"])
    async def test_a_method_that_needs_no_body_has_none(self, method: str) -> None:
        assert await status(HOST, LENGTH, method=method) == 400
        for arriving in ([b"x"], [b"", b"x"], [b"", b"x", b""]):
            assert await status(HOST, CHUNKED, method=method, body=arriving) == 400
        for arriving in ([b""], [b"", b""]):
            assert await status(HOST, CHUNKED, method=method, body=arriving) == 200
        assert await status(HOST, (b"content-length", b"00"), method=method) == 200


@pytest.mark.anyio
async def test_other_kinds_of_connection_pass() -> None:
    seen: list[str] = []

    async def app(scope: Scope, _receive: Receive, _send: Send) -> None:
        seen.append(scope["type"])

    async def nothing(*_: object) -> Message:
        return {}

    await StrictInput(app, allowed_hosts=(), body_timeout=1.0)({"type": "lifespan"}, nothing, nothing)  # type: ignore[arg-type]
    assert seen == ["lifespan"]
