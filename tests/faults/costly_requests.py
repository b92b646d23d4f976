"""Requests that were made to cost as much time of the event loop as they can, each within the limits of its size."""

import json
from collections.abc import Iterator
from typing import Final

USERS: Final = "/api/v1/users"
JSON: Final = "application/json"
_DOCUMENT: Final = 64 * 1024
_BATCH: Final = 1024 * 1024
# Files are read by parts of 32 KiB, so that longer ones have no longer steps.
_FILE: Final = 256 * 1024
_HEADER: Final = 8 * 1024
_TARGET: Final = 8 * 1024

Request = tuple[str, bytes]


def costly_requests() -> Iterator[Request]:
    """What they are, and the bytes of each, which ask for the end of the connection."""
    for name, content in _bodies(_DOCUMENT - 100):
        yield f"create: {name}", request("POST", USERS, content, JSON)
        yield f"patch: {name}", request("PATCH", f"{USERS}/1", content, "application/merge-patch+json")
    for name, content in (*_bodies(_BATCH - 100), *_batches()):
        yield f"batch: {name}", request("POST", f"{USERS}/batch", content, JSON)
    for kind, media_type in (("NDJSON", "application/x-ndjson"), ("CSV", "text/csv")):
        for name, content in _ndjson() if kind == "NDJSON" else _csv():
            for on_conflict in ("fail", "skip"):
                path = f"{USERS}/import?on_conflict={on_conflict}"
                yield f"import {kind}, {on_conflict}: {name}", request("POST", path, content, media_type)
    yield from _heads()


def request(method: str, path: str, content: bytes = b"", media_type: str = "", more: bytes = b"") -> bytes:
    """A request that ends the connection."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close"]
    if content:
        lines += [f"Content-Type: {media_type}", f"Content-Length: {len(content)}"]
    return "\r\n".join([*lines, ""]).encode() + more + b"\r\n" + content


def _bodies(size: int) -> Iterator[Request]:
    yield "one text", json.dumps({"name": "a" * (size - 20), "email": "a@example.com"}).encode()[:size]
    yield "one address", b'{"name":"A","email":"%s@example.com"}' % (b"a" * (size - 60))
    yield "an address of dots", b'{"name":"A","email":"%s"}' % (b"a." * (size // 2 - 60))
    yield "an address of at signs", b'{"name":"A","email":"%s"}' % (b"a@" * (size // 2 - 60))
    yield "escapes", b'{"name":"%s","email":"a@example.com"}' % (b"\\u0041" * (size // 6 - 20))
    yield "combining marks", ('{"name":"a' + "\u0315\u0300" * (size // 4 - 20) + '","email":"a"}').encode()
    yield "ligatures that expand", ('{"name":"' + "\ufdfa" * (size // 3 - 20) + '","email":"\ufdfa"}').encode()
    yield "a name that expands", ('{"name":"' + "\ufdfa" * 200 + '","email":"a@example.com"}').encode()
    yield "marks in a name", ('{"name":"' + "a\u0315\u0300\u05ae\u0300" * 50 + '","email":"a@example.com"}').encode()
    yield "blanks", b" " * (size - 2) + b"{}"
    yield "arrays in arrays", b"[" * (size // 2) + b"]" * (size // 2)
    yield "objects in objects", b'{"a":' * (size // 6) + b"0" + b"}" * (size // 6)
    yield "unknown members", json.dumps({f"a{n}": 0 for n in range(size // 14)}).encode()
    yield "one unknown member of many", json.dumps({"name": {f"a{n}": 0 for n in range(size // 14)}}).encode()
    yield "a repeated member", b'{"name":"A"' + b',"name":"A"' * (size // 12) + b"}"
    yield "an array", b"[" + b"0," * (size // 2 - 2) + b"0]"
    yield "empty objects", b'{"name":[' + b"{}," * (size // 3 - 10) + b"{}]}"
    yield "one number", b'{"name":' + b"9" * (size - 20) + b"}"
    yield "a number of 4,300 digits", b'{"name":[' + b",".join([b"9" * 4300] * (size // 4301 - 1)) + b"]}"
    yield "one fraction", b'{"name":0.' + b"9" * (size - 20) + b"}"
    yield "many fractions", b'{"name":[' + b"1e-308," * (size // 7 - 10) + b"1]}"
    yield "invalid UTF-8", b'{"name":"%s"}' % (b"\xff" * (size - 20))
    yield "lone surrogates", b'{"name":"%s"}' % (b"\\ud800" * (size // 6 - 10))
    yield "a text that does not end", b'{"name":"' + b"a" * (size - 10)
    yield "names that nearly collide", json.dumps({str(n << 61): 0 for n in range(size // 30)}).encode()[:size]


def _batches() -> Iterator[Request]:
    users = [{"email": f"batch{n}@example.com", "name": f"Person {n}"} for n in range(1000)]
    yield "as many users as there may be", json.dumps({"items": users[:100]}).encode()
    yield "too many users", json.dumps({"items": users}).encode()
    wrong = [{"email": "a", "name": "", "more": 0} for n in range(100)]
    yield "users that are wrong", json.dumps({"items": wrong}).encode()
    long_ = [{"email": "a" * 5000, "name": "\ufdfa" * 1700} for n in range(100)]
    yield "users that are long", json.dumps({"items": long_}, ensure_ascii=False).encode()
    yield "empty items", b'{"items":[' + b"{}," * (_BATCH // 3 - 10) + b"{}]}"
    yield "numbers for items", b'{"items":[' + b"0," * (_BATCH // 2 - 10) + b"0]}"
    members = {f"unknown{n}": 0 for n in range(600)}
    yield "unknown members in items", json.dumps({"items": [members] * 90}).encode()
    yield "the same address", json.dumps({"items": [users[0]] * 100}).encode()


def _ndjson() -> Iterator[Request]:
    yield "empty lines", b"\n" * _FILE
    yield "carriage returns", b"\r" * _FILE
    yield "line ends", b"\r\n" * (_FILE // 2)
    yield "blanks", b" " * _FILE
    yield "one line", b'{"email":"a@example.com","name":"%s"}' % (b"a" * _FILE)
    yield "one line of members", b"{" + b'"a":0,' * (_FILE // 6) + b'"b":0}'
    yield "lines at the limit", (b'{"email":"a@example.com","name":"%s"}\n' % (b"a" * 16000)) * (_FILE // 16050)
    yield "braces", b"{}\n" * (_FILE // 3)
    yield "open arrays", b"[" * _FILE
    yield "lines of arrays", (b"[" * 1000 + b"\n") * (_FILE // 1001)
    yield "numbers", b"1\n" * (_FILE // 2)
    yield "long numbers", (b"9" * 4000 + b"\n") * (_FILE // 4001)
    yield "zeros", b"\x00" * _FILE
    yield "invalid UTF-8", b"\xff\n" * (_FILE // 2)
    yield "byte order marks", "\ufeff\n".encode() * (_FILE // 4)
    yield "marks", ('{"email":"a@example.com","name":"' + "\u0315\u0300" * 50 + '"}\n').encode() * (_FILE // 240)
    yield "texts that expand", ('{"email":"\ufdfa@example.com","name":"\ufdfa\ufdfa"}\n').encode() * (_FILE // 55)
    yield "the same user", b'{"email":"a@example.com","name":"A"}\n' * (_FILE // 37)
    lines = (f'{{"email":"line{n}@example.com","name":"Person {n}"}}\n' for n in range(_FILE // 60))
    yield "users", "".join(lines).encode()


def _csv() -> Iterator[Request]:
    head = b"email,name\r\n"
    yield "empty lines", head + b"\n" * _FILE
    yield "no head", b"\r\n" * (_FILE // 2)
    yield "one line", head + b"a" * _FILE
    yield "commas", head + b"," * _FILE
    yield "lines of commas", head + (b"," * 1000 + b"\n") * (_FILE // 1001)
    yield "columns", b",".join(b"c%d" % n for n in range(_FILE // 8)) + b"\r\n"
    yield "a column again and again", b"email," * (_FILE // 6)
    yield "empty cells", head + b",\n" * (_FILE // 2)
    yield "a quote that does not end", head + b'"' + b"a,b\n" * (_FILE // 4)
    yield "quotes", head + b'"' * _FILE
    yield "lines of quotes", head + b'""""""""\n' * (_FILE // 9)
    yield "a quote in each line", head + b'"a,b\n' * (_FILE // 5)
    yield "semicolons", b"email;name\r\n" + b"a@example.com;A\r\n" * (_FILE // 17)
    yield "UTF-16", ("email,name\r\n" + "a@example.com,A\r\n" * (_FILE // 40)).encode("utf-16")
    yield "apostrophes", head + b"'=a,'=b\n" * (_FILE // 8)
    yield "marks", head + ("a@example.com," + "\u0315\u0300" * 50 + "\n").encode() * (_FILE // 215)
    yield "invalid UTF-8", head + b"\xff,\xff\n" * (_FILE // 4)
    yield "zeros", head + b"\x00" * _FILE
    yield "the same user", head + b"a@example.com,A\r\n" * (_FILE // 17)
    yield "users", head + "".join(f"cell{n}@example.com,Person {n}\r\n" for n in range(_FILE // 40)).encode()


def _heads() -> Iterator[Request]:
    for name, query in (
        ("parameters", "&".join(f"a{n}=" for n in range(_TARGET // 7))[: _TARGET - 40]),
        ("ampersands", "&" * (_TARGET - 40)),
        ("the same parameter", "limit=1&" * (_TARGET // 8 - 6)),
        ("escapes", "email=" + "%41" * (_TARGET // 3 - 30)),
        ("escapes of marks", "email=" + "%CC%80" * (_TARGET // 6 - 30)),
        ("a cursor", "cursor=" + "A" * (_TARGET - 60)),
        ("a number", "limit=" + "9" * (_TARGET - 60)),
        ("a time", "created_after=" + "9" * (_TARGET - 60)),
        ("a time of blanks", "created_after=2025-01-01T00:00:00" + "+" * (_TARGET - 90)),
        ("an address", "email=" + "a.@" * (_TARGET // 3 - 30)),
        ("fields", "fields=" + "email," * (_TARGET // 6 - 30)),
        ("fields again", "fields=email&" * (_TARGET // 13 - 6)),
    ):
        yield f"list: {name}", request("GET", f"{USERS}?{query}")
        yield f"export: {name}", request("GET", f"{USERS}/export?{query}")
    yield "export", request("GET", f"{USERS}/export", more=b"Accept: text/csv\r\n")
    yield "export of NDJSON", request("GET", f"{USERS}/export")
    yield "a path of slashes", request("GET", "/" * (_TARGET - 10))
    yield "a path of dots", request("GET", "/.." * (_TARGET // 3 - 10))
    yield "a path of escapes", request("GET", "/" + "%C3%A4" * (_TARGET // 6 - 10))
    yield "an id of digits", request("GET", f"{USERS}/" + "9" * (_TARGET - 40))
    for header, value in (
        (b"Accept", b"a/b;q=0.1,"),
        (b"Accept", b"*/*;a=b,"),
        (b"Accept", b","),
        (b"Accept", b" \t"),
        (b"Accept", b'a/b;c="\\"'),
        (b"Accept", b";"),
        (b"If-Match", b'"1-1",'),
        (b"If-Match", b'W/"1-1",'),
        (b"If-Match", b'"'),
        (b"If-Match", b" "),
        (b"If-None-Match", b'"1-1",'),
        (b"If-None-Match", b'"1-' + b"f" * 15 + b'",'),
        (b"Prefer", b"a=b;c=d,"),
        (b"Prefer", b'a="\\"'),
        (b"Prefer", b"=;,"),
        (b"Cookie", b"a=b; "),
        (b"Idempotency-Key", b"a"),
        (b"Host", b"a."),
        (b"X-Request-Id", b"a"),
        (b"Range", b"bytes=0-1,"),
        (b"Accept-Encoding", b"gzip;q=0.1,"),
    ):
        line = header + b": " + value * ((_HEADER - 30) // len(value)) + b"\r\n"
        for count in (1, 3):
            name = f"{header.decode()} of {value.decode()!r}, {count} times"
            yield name, request("GET", f"{USERS}/1", more=line * count)
            yield f"{name}, to a list", request("GET", USERS, more=line * count)
    yield "many headers", request("GET", USERS, more=b"".join(b"a%d: b\r\n" % n for n in range(5000)))
    yield "large headers", request("GET", USERS, more=b"a: %s\r\n" % (b"b" * 8000) * 8)
    yield "one header", request("GET", USERS, more=b"a: %s\r\n" % (b"b" * 65000))
    yield "the document", request("GET", "/openapi.json")
    yield "the page", request("GET", "/docs")
