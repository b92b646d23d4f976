"""What could be understood in two ways is refused: addresses, methods, queries, media types, JSON."""

import json
from typing import Any

import httpx2
import pytest

from e2e.answers import create, problem

USERS = "/api/v1/users"
BODY = {"email": "a@example.com", "name": "A"}
MERGE_PATCH = "application/merge-patch+json"
LARGEST_BODY = 64 * 1024
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
BESIDE_THE_API = ["/openapi.json", "/docs", "/docs/start.js", "/docs/swagger-ui.css"]


@pytest.fixture
def ada(http: httpx2.Client) -> str:
    """The address of a user."""
    return f"{USERS}/{create(http)['id']}"


def post(http: httpx2.Client, content: bytes | str) -> httpx2.Response:
    return http.post(USERS, content=content, headers={"Content-Type": "application/json"})


def operations(http: httpx2.Client) -> list[tuple[str, str]]:
    """Every method and path template that the OpenAPI document lists."""
    paths: dict[str, dict[str, Any]] = http.get("/openapi.json").json()["paths"]
    return [(method.upper(), path) for path, methods in paths.items() for method in methods]


def test_an_id_has_one_spelling_and_everything_else_is_not_found(http: httpx2.Client, ada: str) -> None:
    number = ada.rpartition("/")[2]
    spellings = [
        f"0{number}",
        f"+{number}",
        f"-{number}",
        f"%20{number}",
        f"{number}%20",
        f"{number}.0",
        f"{number}%00",
    ]
    others = ["0", "2147483647", "2147483648", "9" * 30, "9" * 5000, "x", "%D9%A1", "1e0", "0x1", f"{number}/"]
    for spelling in spellings + others:
        for method in ("GET", "DELETE"):
            problem(http.request(method, f"{USERS}/{spelling}"), 404, "not-found")
        problem(http.patch(f"{USERS}/{spelling}", json={"name": "B"}), 404, "not-found")
    assert http.get(ada).status_code == 200


def test_an_address_has_one_spelling_and_everything_else_is_not_found(http: httpx2.Client) -> None:
    for path in (
        "/", "/api", "/api/v1", f"{USERS}/", "/API/v1/users", "//api/v1/users", "/livez/", "/docs/", "/docs/x",
        "/docs/..%2fapp.py", "/redoc", "/nothing", "/livez%0A", f"{USERS}%0A", "/docs%0A",
    ):  # fmt: skip
        problem(http.get(path), 404, "not-found")


def test_a_method_that_is_not_allowed_is_told_those_that_are(http: httpx2.Client, ada: str) -> None:
    allowed = {
        USERS: "GET, HEAD, POST",
        ada: "DELETE, GET, HEAD, PATCH",
        "/livez": "GET, HEAD",
        "/readyz": "GET, HEAD",
        **dict.fromkeys(BESIDE_THE_API, "GET, HEAD"),
    }
    for path, methods in allowed.items():
        for method in METHODS:
            if method not in methods.split(", "):
                answer = http.request(method, path)
                problem(answer, 405, "method-not-allowed")
                assert answer.headers["allow"] == methods, (method, path)
    assert http.get(ada).status_code == 200


def test_unknown_and_repeated_query_parameters_are_refused_on_every_route(http: httpx2.Client, ada: str) -> None:
    known = [(method, path.replace("{user_id}", ada.rpartition("/")[2])) for method, path in operations(http)]
    assert ("DELETE", ada) in known
    for method, path in [*known, *(("GET", path) for path in BESIDE_THE_API)]:
        body = {"content": json.dumps(BODY), "headers": {"Content-Type": "application/json"}}
        arguments: dict[str, Any] = body if method in {"POST", "PATCH"} else {}
        for query in ("surprise=1", "surprise", "limits=5", "Limit=5", "limit=5&limit=5", "sort=id&limit=5&sort=id"):
            problem(http.request(method, f"{path}?{query}", **arguments), 400, "unknown-parameter")
    assert [user["email"] for user in http.get(USERS).json()["items"]] == ["ada@example.com"]


def test_another_media_type_is_told_those_that_are_read(http: httpx2.Client, ada: str) -> None:
    content = json.dumps(BODY).encode()
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "*/*", "",
                       "application/jsonp", "application/problem+json", "application/json; charset=utf-16",
                       "application/json, application/json"):  # fmt: skip
        posted = http.post(USERS, content=content, headers={"Content-Type": media_type})
        problem(posted, 415, "unsupported-media-type")
        assert posted.headers["accept-post"] == "application/json"
        patched = http.patch(ada, content=content, headers={"Content-Type": media_type})
        problem(patched, 415, "unsupported-media-type")
        assert patched.headers["accept-patch"] == f"{MERGE_PATCH}, application/json"
    problem(http.post(USERS, content=content), 415, "unsupported-media-type")
    problem(http.post(USERS, content=content, headers={"Content-Type": MERGE_PATCH}), 415, "unsupported-media-type")


def test_a_compressed_body_is_not_supported(http: httpx2.Client) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    problem(http.post(USERS, content=json.dumps(BODY), headers=headers), 415, "unsupported-media-type")


def test_only_strict_json_is_read(http: httpx2.Client, ada: str) -> None:
    email = '"email": "a@example.com"'
    loose: list[bytes | str] = [
        b"", b" ", b"{", b"{}{}", b"nul", b"{'name': 'A'}", b'{"name": "A",}', b'{"name": "A"} // comment',
        b"\xef\xbb\xbf{}", b"\xff\xfe{\x00}\x00", b'{"name": "\xff"}', b'{"name": "\xed\xa0\x80"}', b'{"name": "a\tb"}',
        f'{{{email}, "name": "A", "name": "B"}}', f'{{{email}, "name": {{"a": 1, "a": 2}}}}',
        f'{{{email}, "name": NaN}}', f'{{{email}, "name": -Infinity}}', f'{{{email}, "name": 1e999}}',
        f'{{{email}, "name": {"9" * 5000}}}',
        f'{{{email}, "name": "\\ud800"}}', f'{{{email}, "name": "A", "\\udfff": 1}}',
        f'{{{email}, "name": ["\\ud83d"]}}',
    ]  # fmt: skip
    for content in loose:
        problem(post(http, content), 400, "malformed-request")
        patched = http.patch(ada, content=content, headers={"Content-Type": MERGE_PATCH})
        problem(patched, 400, "malformed-request")
    assert [user["name"] for user in http.get(USERS).json()["items"]] == ["Ada Lovelace"]


def test_documents_nest_no_deeper_than_32_levels(http: httpx2.Client) -> None:
    for depth in (33, 500, 30_000):
        problem(post(http, "[" * depth + "]" * depth), 400, "malformed-request")
        problem(post(http, '{"a":' * (depth // 3) + "{" + "}" * (depth // 3 + 1)), *_too_deep(depth // 3))
    problem(post(http, "[" * 32 + "]" * 32), 422, "validation-failed")


def _too_deep(depth: int) -> tuple[int, str]:
    return (400, "malformed-request") if depth >= 32 else (422, "validation-failed")


def body_of_size(size: int) -> bytes:
    frame = json.dumps(BODY).encode()
    return frame + b" " * (size - len(frame))


def test_a_body_may_be_64_kib_and_not_a_byte_longer(http: httpx2.Client) -> None:
    assert post(http, body_of_size(LARGEST_BODY)).status_code == 201
    problem(post(http, body_of_size(LARGEST_BODY + 1)), 413, "content-too-large")


def test_a_chunked_body_is_counted_while_it_arrives(http: httpx2.Client) -> None:
    def post_in_chunks(size: int) -> httpx2.Response:
        whole = body_of_size(size)
        chunks = (whole[start : start + 1000] for start in range(0, size, 1000))
        answer = http.post(USERS, content=chunks, headers={"Content-Type": "application/json"})
        assert answer.request.headers["transfer-encoding"] == "chunked"
        return answer

    problem(post_in_chunks(LARGEST_BODY + 1), 413, "content-too-large")
    assert http.get(USERS).json()["items"] == []
    assert post_in_chunks(LARGEST_BODY).status_code == 201
