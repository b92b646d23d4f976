"""What could be understood in two ways is refused: addresses, methods, queries, media types, JSON."""

import json
import re
from typing import Any

import httpx2
import pytest

from e2e.answers import create, problem

USERS = "/api/v1/users"
BODY = {"email": "a@example.com", "name": "A"}
MERGE_PATCH = "application/merge-patch+json"
MAX_BODY_SIZE = 64 * 1024
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
BESIDE_THE_API = [
    "/livez",
    "/readyz",
    "/openapi.json",
    "/docs",
    "/docs/start.js",
    "/docs/swagger-ui.css",
    "/problems/not-found",
]


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


def methods_of(ada: str) -> dict[str, str]:
    """The methods of every path, as `Allow` writes them."""
    return {
        USERS: "GET, HEAD, OPTIONS, POST",
        ada: "DELETE, GET, HEAD, OPTIONS, PATCH",
        f"{USERS}/2147483647": "DELETE, GET, HEAD, OPTIONS, PATCH",
        f"{USERS}/batch": "OPTIONS, POST",
        f"{USERS}/import": "OPTIONS, POST",
        f"{USERS}/export": "GET, HEAD, OPTIONS",
        **dict.fromkeys(BESIDE_THE_API, "GET, HEAD, OPTIONS"),
    }


def test_a_method_that_is_not_allowed_is_told_those_that_are(http: httpx2.Client, ada: str) -> None:
    for path, methods in methods_of(ada).items():
        for method in METHODS:
            if method not in methods.split(", "):
                answer = http.request(method, path)
                assert (answer.status_code, answer.headers["allow"]) == (405, methods), (method, path)
                if method != "HEAD":
                    problem(answer, 405, "method-not-allowed")
    assert http.get(ada).status_code == 200


def test_options_tells_the_methods_of_a_path_and_the_media_types_that_they_read(http: httpx2.Client, ada: str) -> None:
    read = {
        USERS: {"accept-post": "application/json"},
        f"{USERS}/batch": {"accept-post": "application/json"},
        f"{USERS}/import": {"accept-post": "application/x-ndjson, text/csv, application/octet-stream"},
        ada: {"accept-patch": f"{MERGE_PATCH}, application/json"},
    }
    for path, methods in methods_of(ada).items():
        answer = http.options(path)
        assert (answer.status_code, answer.content, answer.headers["allow"]) == (204, b"", methods), path
        told = {name: value for name, value in answer.headers.items() if name.startswith("accept-")}
        assert told == (read[ada] if path.endswith("/2147483647") else read.get(path, {})), path
    for path in ("/nothing", f"{USERS}/x", f"{USERS}/0", f"{USERS}/"):
        problem(http.options(path), 404, "not-found")


def test_head_is_get_without_the_content(http: httpx2.Client, ada: str) -> None:
    for path in [path for path, methods in methods_of(ada).items() if "HEAD" in methods]:
        head, get = http.head(path), http.get(path)
        assert (head.status_code, head.content) == (get.status_code, b"")
        changing = {"x-request-id", "date", "transfer-encoding"}
        assert {name: value for name, value in head.headers.items() if name not in changing} == {
            name: value for name, value in get.headers.items() if name not in changing
        }, path


def test_an_answer_in_a_form_that_the_client_does_not_accept_is_not_given(http: httpx2.Client, ada: str) -> None:
    """And nothing is carried out."""
    for method, path in (("GET", USERS), ("HEAD", USERS), ("GET", ada), ("GET", "/livez"), ("GET", "/readyz"),
                         ("GET", "/openapi.json")):  # fmt: skip
        for accept in ("text/html", "application/xml, text/*", "*/*;q=0", "application/json;q=0, */*"):
            assert http.request(method, path, headers={"Accept": accept}).status_code == 406, (method, path, accept)
        for accept in ("application/json", "application/*;q=0.1", "text/html, */*;q=0.1", ""):
            assert http.request(method, path, headers={"Accept": accept}).status_code == 200, (method, path, accept)
    for path in ("/docs", "/problems/not-found"):
        problem(http.get(path, headers={"Accept": "application/json"}), 406, "not-acceptable")
        assert http.get(path, headers={"Accept": "text/html"}).status_code == 200
    problem(http.post(USERS, json=BODY, headers={"Accept": "text/html"}), 406, "not-acceptable")
    problem(http.post(f"{USERS}/batch", json={"items": [BODY]}, headers={"Accept": "text/html"}), 406, "not-acceptable")
    problem(http.patch(ada, json={"name": "B"}, headers={"Accept": "text/html"}), 406, "not-acceptable")
    assert http.get(ada, headers={"Accept": "nonsense"}).status_code == 200
    assert [user["name"] for user in http.get(USERS).json()["items"]] == ["Ada Lovelace"]


def test_a_problem_is_a_problem_document_whatever_is_accepted(http: httpx2.Client) -> None:
    for accept in ("application/json", "text/html", "*/*;q=0", "nonsense"):
        problem(http.get("/nothing", headers={"Accept": accept}), 404, "not-found")


def test_unknown_and_repeated_query_parameters_are_refused_on_every_route(http: httpx2.Client, ada: str) -> None:
    number = ada.rpartition("/")[2]
    known = [(method, re.sub(r"\{\w+\}", number, path)) for method, path in operations(http)]
    assert ("DELETE", ada) in known
    # OPTIONS is asked for an address as it is going to be used, with its parameters (Fetch, 4.8: the preflight).
    known = [(method, path) for method, path in known if method != "OPTIONS"]
    for method, path in [*known, *(("GET", path) for path in BESIDE_THE_API)]:
        body = {"content": json.dumps(BODY), "headers": {"Content-Type": "application/json"}}
        arguments: dict[str, Any] = body if method in {"POST", "PATCH"} else {}
        for query in ("surprise=1", "surprise", "limits=5", "Limit=5", "limit=5&limit=5", "sort=id&limit=5&sort=id"):
            answer = http.request(method, f"{path}?{query}", **arguments)
            if method == "HEAD":
                assert (answer.status_code, answer.content) == (400, b"")
            else:
                problem(answer, 400, "unknown-parameter")
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
    assert post(http, body_of_size(MAX_BODY_SIZE)).status_code == 201
    problem(post(http, body_of_size(MAX_BODY_SIZE + 1)), 413, "content-too-large")


def test_a_chunked_body_is_counted_while_it_arrives(http: httpx2.Client) -> None:
    def post_in_chunks(size: int) -> httpx2.Response:
        whole = body_of_size(size)
        chunks = (whole[start : start + 1000] for start in range(0, size, 1000))
        answer = http.post(USERS, content=chunks, headers={"Content-Type": "application/json"})
        assert answer.request.headers["transfer-encoding"] == "chunked"
        return answer

    problem(post_in_chunks(MAX_BODY_SIZE + 1), 413, "content-too-large")
    assert http.get(USERS).json()["items"] == []
    assert post_in_chunks(MAX_BODY_SIZE).status_code == 201
