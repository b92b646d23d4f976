"""Every kind of problem that a client can bring about by what it asks for."""

import json

import httpx2
import pytest

from e2e.answers import create, problem
from e2e.processes import ServerProcess
from http_contract.problem_table import SLUGS
from http_contract.talking import JSON, USERS, answer_to, new_user

MARKER = "zx9marker"


def test_every_kind_of_problem_has_a_page_that_explains_it(http: httpx2.Client) -> None:
    for slug, status in SLUGS.items():
        page = http.get(f"/problems/{slug}")
        assert (page.status_code, page.headers["content-type"].partition(";")[0]) == (200, "text/html"), slug
        assert slug in page.text
        assert str(status) in page.text
    problem(http.get("/problems/nothing"), 404, "not-found")


def test_a_problem_says_what_it_is_in_the_members_of_rfc_9457(http: httpx2.Client) -> None:
    document = problem(http.get(f"{USERS}/0"), 404, "not-found")
    assert list(document) == ["type", "title", "status", "detail", "instance", "request_id"]


def test_a_wrong_value_of_the_query_is_named_by_its_parameter(http: httpx2.Client) -> None:
    document = problem(http.get(USERS, params={"limit": "0", "sort": "x"}), 422, "validation-failed")
    assert {error["parameter"] for error in document["errors"]} == {"limit", "sort"}
    assert all(error.keys() == {"parameter", "code", "message"} for error in document["errors"])


@pytest.mark.parametrize(
    "content",
    [
        {"email": MARKER, "name": "A"},
        {"email": "a@example.com", "name": f"{MARKER}\u202e"},
        {"email": "a@example.com", "name": [MARKER]},
        {"email": "a@example.com", "name": "A", MARKER: 1},
        f"{MARKER}",
        f'{{"name": "{MARKER}\\ud800"}}',
    ],
)
def test_a_problem_never_repeats_what_was_sent(http: httpx2.Client, content: dict[str, object] | str) -> None:
    sent = content if isinstance(content, str) else json.dumps(content)
    for answer in (
        http.post(USERS, content=sent, headers=JSON),
        http.post(f"{USERS}/batch", content=sent, headers=JSON),
        http.post(f"{USERS}/import", content=sent, headers={"Content-Type": "application/x-ndjson"}),
        http.get(f"/{MARKER}"),
        http.get(USERS, params={"sort": MARKER}),
        http.get(USERS, params={MARKER: MARKER}),
    ):
        assert answer.headers["content-type"] == "application/problem+json"
        assert MARKER not in f"{answer.headers}{answer.text}".lower(), answer.request


def test_malformed_request(server: ServerProcess, http: httpx2.Client) -> None:
    problem(http.post(USERS, content="{", headers=JSON), 400, "malformed-request")
    for garbage in (b"garbage\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n"):
        problem(answer_to(server, garbage), 400, "malformed-request")


def test_malformed_request_for_a_host_that_is_missing_or_named_twice(server: ServerProcess) -> None:
    for hosts in (b"", b"Host: a\r\nHost: b\r\n", b"Host: a b\r\n", b"Host: a/b\r\n"):
        problem(answer_to(server, b"GET /livez HTTP/1.1\r\n" + hosts + b"\r\n"), 400, "malformed-request")


def test_unknown_parameter(http: httpx2.Client) -> None:
    problem(http.get(f"{USERS}?limits=5"), 400, "unknown-parameter")


def test_invalid_cursor(http: httpx2.Client) -> None:
    problem(http.get(f"{USERS}?cursor=x"), 400, "invalid-cursor")


def test_not_found(http: httpx2.Client) -> None:
    for path in ("/nothing", f"{USERS}/2147483647"):
        problem(http.get(path), 404, "not-found")


def test_method_not_allowed(http: httpx2.Client) -> None:
    answer = http.delete(USERS)
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"


def test_not_acceptable(http: httpx2.Client) -> None:
    problem(http.get(USERS, headers={"Accept": "text/html"}), 406, "not-acceptable")


def test_email_already_taken(http: httpx2.Client) -> None:
    create(http, "ada@example.com")
    problem(http.post(USERS, json={"email": "ada@example.com", "name": "B"}), 409, "email-already-taken")


def test_precondition_failed(http: httpx2.Client, ada: str) -> None:
    problem(http.delete(ada, headers={"If-Match": '"other"'}), 412, "precondition-failed")


def test_content_too_large(http: httpx2.Client) -> None:
    answer = http.post(USERS, content=b" " * 65537, headers=JSON)
    problem(answer, 413, "content-too-large")
    assert answer.headers["connection"] == "close"


def test_uri_too_long(server: ServerProcess) -> None:
    for length in (8_300, 1_000_000):
        request = b"GET /livez?%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % (b"x" * length)
        problem(answer_to(server, request), 414, "uri-too-long")
    fits = b"GET /livez?%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % (b"x" * 8_100)
    problem(answer_to(server, fits), 400, "unknown-parameter")


def test_headers_too_large(server: ServerProcess) -> None:
    def answer(*sizes: int) -> httpx2.Response:
        fields = b"".join(b"X-%d: %s\r\n" % (number, b"x" * size) for number, size in enumerate(sizes))
        return answer_to(server, b"GET /livez HTTP/1.1\r\nHost: localhost\r\n" + fields + b"\r\n")

    for too_large in ([8_200], [8_100] * 5, [1] * 101, [1] * 10_000, [1_000_000]):
        problem(answer(*too_large), 431, "headers-too-large")
    for fits in ([8_100], [8_100] * 3, [1] * 90):
        assert answer(*fits).status_code == 200


def test_unsupported_media_type(http: httpx2.Client) -> None:
    answer = http.post(USERS, content="x", headers={"Content-Type": "text/plain"})
    problem(answer, 415, "unsupported-media-type")
    assert answer.headers["accept-post"] == "application/json"


def test_validation_failed(http: httpx2.Client) -> None:
    problem(http.post(USERS, json={"email": "nobody", "name": "A"}), 422, "validation-failed")


def test_idempotency_key_reused(http: httpx2.Client) -> None:
    key = {"Idempotency-Key": f"reused-{id(http)}"}
    assert http.post(USERS, json=new_user(0), headers=key).status_code == 201
    problem(http.post(USERS, json=new_user(1), headers=key), 422, "idempotency-key-reused")
