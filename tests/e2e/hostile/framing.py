"""Hostile ends of bodies, and what follows them."""

from typing import Final

from e2e.hostile.cases import JSON, SOMEBODY, USERS, cases, chunked, framed, post, request

_CHUNK: Final = b"%x\r\n%s\r\n" % (len(SOMEBODY), SOMEBODY)
_LENGTH: Final = b"Content-Length: %d" % len(SOMEBODY)
_SECOND: Final = request(b"/readyz")

FRAMING: Final = [
    *cases(
        400,
        length_and_chunks=framed(b"0\r\n\r\n" + _SECOND, b"Content-Length: 5", b"Transfer-Encoding: chunked"),
        chunks_and_length=framed(b"0\r\n\r\n" + _SECOND, b"Transfer-Encoding: chunked", b"Content-Length: 5"),
        length_of_zero_and_chunks=framed(_CHUNK + b"0\r\n\r\n", b"Content-Length: 0", b"Transfer-Encoding: chunked"),
        two_lengths=framed(SOMEBODY, _LENGTH, _LENGTH),
        two_different_lengths=framed(SOMEBODY + _SECOND, _LENGTH, b"Content-Length: 0"),
        list_of_lengths=framed(SOMEBODY, _LENGTH + b", " + _LENGTH.partition(b": ")[2]),
        negative_length=framed(SOMEBODY, b"Content-Length: -1"),
        length_with_a_plus=framed(SOMEBODY, b"Content-Length: +5"),
        hexadecimal_length=framed(SOMEBODY, b"Content-Length: 0x35"),
        fractional_length=framed(SOMEBODY, b"Content-Length: 5.0"),
        length_with_an_underscore=framed(SOMEBODY, b"Content-Length: 5_3"),
        length_with_a_blank=framed(SOMEBODY, b"Content-Length: 5 3"),
        empty_length=framed(SOMEBODY, b"Content-Length:"),
        length_of_a_hundred_digits=framed(SOMEBODY, b"Content-Length: " + b"9" * 100),
        length_above_eight_bytes=framed(SOMEBODY, b"Content-Length: 18446744073709551616"),
        length_of_a_petabyte=framed(SOMEBODY, b"Content-Length: 9999999999999999"),
        coding_nobody_knows=framed(_CHUNK, b"Transfer-Encoding: xchunked"),
        coding_with_more=framed(_CHUNK, b"Transfer-Encoding: chunked, identity"),
        coding_twice=framed(_CHUNK, b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
        coding_and_another=framed(_CHUNK, b"Transfer-Encoding: chunked", b"Transfer-Encoding: x"),
        coding_after_a_tab=framed(_CHUNK, b"Transfer-Encoding:\x0bchunked"),
        compressed_chunks=framed(_CHUNK + b"0\r\n\r\n", b"Transfer-Encoding: gzip, chunked"),
        identity=framed(SOMEBODY, b"Transfer-Encoding: identity", _LENGTH),
        chunks_in_http_1_0=request(
            USERS, b"Content-Type: " + JSON, b"Transfer-Encoding: chunked", method=b"POST", version=b"HTTP/1.0"
        ),
        size_that_is_no_number=chunked(b"zz\r\n{}\r\n0\r\n\r\n"),
        size_that_is_negative=chunked(b"-1\r\n{}\r\n0\r\n\r\n"),
        size_with_a_prefix=chunked(b"0x2\r\n{}\r\n0\r\n\r\n"),
        size_with_a_plus=chunked(b"+2\r\n{}\r\n0\r\n\r\n"),
        size_with_a_blank=chunked(b" 2\r\n{}\r\n0\r\n\r\n"),
        size_above_eight_bytes=chunked(b"ffffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
        size_that_is_missing=chunked(b"\r\n{}\r\n0\r\n\r\n"),
        size_below_the_truth=chunked(b"1\r\n{}\r\n0\r\n\r\n"),
        size_above_the_truth=chunked(b"5\r\n{}\r\n0\r\n\r\nX"),
        chunk_without_an_end=chunked(b"2\r\n{}0\r\n\r\n"),
        chunk_with_a_bare_line_feed=chunked(b"2\n{}\n0\n\n"),
        chunks_of_nothing=chunked(b"0\r\n\r\n"),
        garbage_instead_of_chunks=chunked(SOMEBODY),
        null_for_a_size=chunked(b"\x00\r\n{}\r\n0\r\n\r\n"),
        extension_without_end=chunked(b"2;" + b"a" * 600_000),
        trailers_without_end=chunked(b"2\r\n{}\r\n0\r\n" + b"A: b\r\n" * 60_000),
        trailer_without_end=chunked(b"2\r\n{}\r\n0\r\nA: " + b"b" * 600_000),
        length_in_a_trailer=chunked(b"2\r\n{}\r\n0\r\nContent-Length: 5\r\n\r\n"),
        trailer_without_a_colon=chunked(b"2\r\n{}\r\n0\r\nno colon\r\n\r\n"),
        length_that_is_too_short=framed(SOMEBODY, b"Content-Length: 10"),
    ),
    *cases(
        201,
        extension=chunked(_CHUNK.replace(b"\r\n", b";a=b\r\n", 1) + b"0;c\r\n\r\n"),
    ),
    *cases(
        422,
        trailers=chunked(b"2\r\n{}\r\n0\r\nContent-Type: text/plain\r\nHost: b\r\nContent-Encoding: x\r\n\r\n"),
        length_with_zeros=framed(b"{}", b"Content-Length: 0000000002"),
        one_byte_a_chunk=chunked(b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"),
        garbage_after_the_chunks=chunked(b"2\r\n{}\r\n0\r\n\r\ngarbage\r\n\r\n"),
        upgrade_with_a_body=framed(b"{}", b"Connection: upgrade", b"Upgrade: h2c", b"Content-Length: 2"),
    ),
    *cases(
        413,
        length_of_a_gigabyte=framed(b"a" * 200_000, b"Content-Length: 1000000000"),
        one_byte_too_long=post(b" " * (64 * 1024 + 1)),
        chunk_that_is_too_long=chunked(b"10001\r\n" + b" " * 65_537 + b"\r\n0\r\n\r\n"),
        chunk_of_a_gigabyte=chunked(b"3fffffff\r\n" + b" " * 200_000),
        chunks_without_end=chunked(b"1000\r\n%s\r\n" % (b" " * 4_096) * 50),
    ),
    *cases(404, body_that_nobody_reads=post(b"a" * 1_000_000, target=b"/nothing")),
    *cases((100, 422), expectation=framed(b"{}", b"Expect: 100-continue", b"Content-Length: 2")),
    *cases(
        415,
        expectation_that_is_in_vain=framed(b"", b"Expect: 100-continue", b"Content-Length: 2", b"Content-Encoding: x"),
    ),
]

PIPELINES: Final = [
    *cases((200,) * 50, fifty_at_once=request().replace(b"Connection: close\r\n", b"") * 49 + request()),
    *cases((200,), a_second_after_the_last=request() + request(b"/nothing")),
    *cases((200,), garbage_after_the_last=request() + b"garbage\r\n\r\n"),
    *cases(
        (200, 422, 404),
        bodies_between=request().replace(b"Connection: close\r\n", b"")
        + post(b"{}").replace(b"Connection: close\r\n", b"")
        + request(b"/nothing"),
    ),
    *cases((200,), garbage_behind=request().replace(b"Connection: close\r\n", b"") + b"garbage\r\n\r\n" + request()),
    *cases(
        (200,),
        bad_chunk_behind=request().replace(b"Connection: close\r\n", b"") + chunked(b"zz\r\n") + request(),
    ),
    *cases(
        (200, 400),
        refused_behind=request().replace(b"Connection: close\r\n", b"")
        + request(host=b"a b").replace(b"Connection: close\r\n", b"")
        + request(),
    ),
    *cases(
        (400,),
        get_within_a_lie=framed(b"0\r\n\r\n" + _SECOND, b"Content-Length: 6", b"Transfer-Encoding:  chunked"),
        get_within_a_get=request(USERS, b"Content-Length: %d" % len(_SECOND), body=_SECOND),
        get_after_a_short_length=framed(SOMEBODY + _SECOND, b"Content-Length: 5").replace(
            b"Connection: close\r\n", b""
        ),
    ),
]
