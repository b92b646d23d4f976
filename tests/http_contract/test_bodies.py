"""What a body may be: its media type, its size, and JSON that every reader understands alike."""

import json

import httpx2

from e2e.answers import pointers, problem
from e2e.processes import ServerProcess
from http_contract.talking import JSON, MERGE_PATCH, USERS, connection, emails, read_answer

ADA = {"email": "ada@example.com", "name": "Ada"}
LARGEST = 64 * 1024
HEAD = b"POST /api/v1/users HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


def malformed(http: httpx2.Client, *contents: str | bytes) -> None:
    for content in contents:
        answer = http.post(USERS, content=content, headers=JSON)
        problem(answer, 400, "malformed-request")
    assert emails(http) == []


def of_size(size: int) -> bytes:
    return json.dumps(ADA).encode().ljust(size)


def test_json_is_read_where_json_is_meant(http: httpx2.Client, ada: str) -> None:
    content = json.dumps({"email": "b@example.com", "name": "B"})
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "application/jsonp", "", MERGE_PATCH):
        answer = http.post(USERS, content=content, headers={"Content-Type": media_type})
        problem(answer, 415, "unsupported-media-type")
        assert answer.headers["accept-post"] == "application/json"
    answer = http.patch(ada, content=content, headers={"Content-Type": "text/plain"})
    problem(answer, 415, "unsupported-media-type")
    assert answer.headers["accept-patch"] == f"{MERGE_PATCH}, application/json"
    batch = http.post(f"{USERS}/batch", content=content, headers={"Content-Type": "text/csv"})
    problem(batch, 415, "unsupported-media-type")
    assert batch.headers["accept-post"] == "application/json"
    assert emails(http) == ["ada@example.com"]


def test_json_is_in_utf_8(http: httpx2.Client) -> None:
    for parameter in ("utf-8", "UTF-8", '"utf-8"'):
        media_type = f"application/json; charset={parameter}"
        answer = http.post(USERS, content=json.dumps(ADA), headers={"Content-Type": media_type})
        assert answer.status_code == 201
        http.delete(answer.headers["location"])
    latin = http.post(USERS, content=json.dumps(ADA), headers={"Content-Type": "application/json; charset=latin-1"})
    problem(latin, 415, "unsupported-media-type")
    malformed(http, json.dumps(ADA).encode("utf-16"), '{"name": "é"}'.encode("latin-1"), b'{"name": "\xed\xa0\x80"}')


def test_a_compressed_body_is_not_read(http: httpx2.Client) -> None:
    answer = http.post(USERS, content=json.dumps(ADA), headers=JSON | {"Content-Encoding": "gzip"})
    problem(answer, 415, "unsupported-media-type")


def test_a_document_is_an_object(http: httpx2.Client) -> None:
    for content in ("[]", '"text"', "1", "null", "true"):
        assert pointers(http.post(USERS, content=content, headers=JSON)) == {"#"}


def test_what_is_no_json_is_malformed(http: httpx2.Client) -> None:
    malformed(http, b"", b"{", b"{}{}", b"{'name': 'A'}", b'{"name": "A",}', b"{} // comment", b'{"name": "a\tb"}')


def test_a_byte_order_mark_is_refused(http: httpx2.Client) -> None:
    malformed(http, b"\xef\xbb\xbf" + json.dumps(ADA).encode())


def test_numbers_that_json_does_not_have_are_refused(http: httpx2.Client) -> None:
    malformed(http, *(f'{{"name": {number}}}' for number in ("NaN", "Infinity", "-Infinity", "1e999")))


def test_a_key_that_stands_twice_is_refused(http: httpx2.Client) -> None:
    malformed(http, '{"email": "a@example.com", "name": "A", "name": "B"}', '{"name": {"a": 1, "a": 1}}')


def test_a_lone_surrogate_is_refused(http: httpx2.Client) -> None:
    malformed(http, r'{"email": "a@example.com", "name": "\ud800"}', r'{"\udfff": 1}', r'{"name": ["\ud83d"]}')
    answer = http.post(USERS, content=r'{"email": "a@example.com", "name": "\ud83d\udc69"}', headers=JSON)
    assert (answer.status_code, answer.json()["name"]) == (201, "👩")


def test_a_document_nests_at_most_32_deep(http: httpx2.Client) -> None:
    malformed(http, "[" * 33 + "]" * 33, '{"a":' * 33 + "1" + "}" * 33, "[" * 30_000)
    problem(http.post(USERS, content="[" * 32 + "]" * 32, headers=JSON), 422, "validation-failed")


def test_a_body_may_have_64_kib_and_not_a_byte_more(http: httpx2.Client, ada: str) -> None:
    problem(http.post(USERS, content=of_size(LARGEST + 1), headers=JSON), 413, "content-too-large")
    problem(http.patch(ada, content=of_size(LARGEST + 1), headers=JSON), 413, "content-too-large")
    http.delete(ada)
    assert http.post(USERS, content=of_size(LARGEST), headers=JSON).status_code == 201


def test_a_chunked_body_is_counted_while_it_arrives(http: httpx2.Client) -> None:
    def chunks(size: int) -> httpx2.Response:
        whole = of_size(size)
        pieces = (whole[start : start + 8192] for start in range(0, size, 8192))
        return http.post(USERS, content=pieces, headers=JSON)

    problem(chunks(LARGEST + 1), 413, "content-too-large")
    assert emails(http) == []
    answer = chunks(LARGEST)
    assert (answer.status_code, answer.request.headers["transfer-encoding"]) == (201, "chunked")


def test_a_length_that_lies_misleads_nobody(server: ServerProcess, http: httpx2.Client) -> None:
    whole = json.dumps(ADA).encode()
    lies = {
        b"Content-Length: %d\r\n\r\n" % (len(whole) - 5): 400,
        b"Content-Length: 10\r\nContent-Length: 20\r\n\r\n": 400,
        b"Content-Length: -1\r\n\r\n": 400,
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n": 400,
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n": 400,
        b"Transfer-Encoding: chunked\r\n\r\n20000\r\n" + b" " * 0x20000 + b"\r\n0\r\n\r\n": 413,
    }
    for lie, status in lies.items():
        with connection(server) as connected:
            connected.sendall(HEAD + lie + whole)
            answer = read_answer(connected)
        problem(answer, status, {400: "malformed-request", 413: "content-too-large"}[status])
    assert emails(http) == []


def test_another_client_is_never_disturbed(server: ServerProcess, http: httpx2.Client) -> None:
    with connection(server) as connected:
        connected.sendall(HEAD + b"Content-Length: 1000\r\n\r\n{")
        assert http.post(USERS, json=ADA).status_code == 201
        connected.sendall(b"\x00" * 999)
        assert read_answer(connected).status_code == 400
        assert emails(http) == ["ada@example.com"]
