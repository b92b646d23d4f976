"""What every answer has in common, whatever was asked."""

import re
from collections.abc import Iterator

import httpx2

from e2e.answers import REQUEST_ID, create, problem
from e2e.processes import ServerProcess, eventually
from e2e.raw_connections import answers_to

USERS = "/api/v1/users"
MARKER = "Zx9marker"
JSON = {"Content-Type": "application/json"}


def refused_requests(client: httpx2.Client, ada: str) -> Iterator[httpx2.Request]:
    """Requests that are each refused, with the marker somewhere in them."""
    body = {"email": f"{MARKER}@example.com", "name": MARKER}

    def request(method: str, path: str, headers: dict[str, str] | None = None, **arguments: object) -> httpx2.Request:
        return client.build_request(method, path, headers=headers, **arguments)  # type: ignore[arg-type]  # as given

    for method, path in (("POST", USERS), ("PATCH", ada)):
        yield request(method, path, json=body | {"email": MARKER})
        yield request(method, path, json=body | {"name": f"{MARKER}\u202e"})
        yield request(method, path, json=body | {"name": [MARKER]})
        yield request(method, path, json=body | {MARKER: 1})
        yield request(method, path, json=body | {"email": {MARKER: MARKER}})
        yield request(method, path, json=body | {"id": MARKER})
        yield request(method, path, json=MARKER)
        yield request(method, path, JSON, content=MARKER)
        yield request(method, path, JSON, content=f'{{"name": "{MARKER}\\ud800"}}')
        yield request(method, path, JSON, content=f'{{"{MARKER}": 1, "{MARKER}": 2}}')
        yield request(method, path, JSON, content=MARKER * 10_000)
        yield request(method, path, {"Content-Type": f"text/{MARKER}"}, content=MARKER)
        yield request(method, path, {"Content-Type": f"application/json; charset={MARKER}"}, content="{}")
        yield request(method, path, JSON | {"Content-Encoding": MARKER}, content="{}")
    yield request("PATCH", ada, {"If-Match": f'"{MARKER}"'}, json={"name": MARKER})
    for path in (f"/{MARKER}", f"{USERS}/{MARKER}", f"{ada}/{MARKER}", f"/docs/{MARKER}", f"{USERS}/1%00{MARKER}"):
        yield request("GET", path)
        yield request("PUT", path)
    for name in ("limit", "sort", "cursor", "email", "created_after", "created_before", MARKER):
        yield request("GET", USERS, params={name: MARKER})
    for method, name in (("GET", "If-None-Match"), ("PATCH", "If-Match"), ("DELETE", "If-Match")):
        yield request(method, ada, {name: MARKER}, json={"name": "B"})
    for name in (
        "Host",
        "Accept",
        "Origin",
        "Referer",
        "User-Agent",
        "X-Forwarded-Host",
        "X-Forwarded-Prefix",
        "Forwarded",
    ):
        yield request("GET", f"{USERS}/{MARKER}", {name: MARKER})
    yield request("GET", f"{USERS}/0", {"X-Request-Id": f"{MARKER} {MARKER}"})
    yield request(MARKER.upper(), f"/{MARKER}")


def test_no_refusal_repeats_what_was_sent_in_its_answer_or_in_the_log(
    server: ServerProcess, http: httpx2.Client
) -> None:
    taken = create(http, f"{MARKER}@example.com")
    ada = f"{USERS}/{create(http)['id']}"
    requests = list(refused_requests(http, ada))
    requests.append(http.build_request("POST", USERS, json={"email": taken["email"], "name": MARKER}))
    for request in requests:
        answer = http.send(request)
        assert answer.status_code >= 400, request
        problem(answer, answer.status_code, answer.json()["type"].removeprefix("/problems/"))
        told = f"{answer.headers}{answer.text}".lower()
        assert MARKER.lower() not in told, request
    http.get("/livez", headers={"X-Request-Id": "the-last-one"})
    eventually("the last answer is logged", lambda: "request_id=the-last-one" in server.log)
    assert MARKER.lower() not in server.log.lower()


def test_the_log_names_the_route_and_the_request_of_each_answer(server: ServerProcess, http: httpx2.Client) -> None:
    assert http.get(f"{USERS}/7?surprise=1", headers={"X-Request-Id": "known.in-the_LOG"}).status_code == 400
    line = r"INFO service\.http GET /api/v1/users/\{user_id\} 400 \d+\.\d ms request_id=known\.in-the_LOG"
    eventually("the answer is logged", lambda: re.search(line, server.log) is not None)


def test_every_answer_has_the_headers_that_protect_its_reader(http: httpx2.Client) -> None:
    for method, path, status in (
        ("GET", USERS, 200), ("POST", USERS, 415), ("GET", f"{USERS}/0", 404), ("PUT", USERS, 405),
        ("HEAD", USERS, 200), ("GET", f"{USERS}?x", 400), ("GET", "/livez", 200), ("GET", "/readyz", 200),
        ("GET", "/nothing", 404), ("GET", "/openapi.json", 200), ("GET", "/docs", 200), ("GET", "/docs/start.js", 200),
        ("GET", "/docs/x", 404),
    ):  # fmt: skip
        answer = http.request(method, path)
        assert answer.status_code == status
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'; ")
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert REQUEST_ID.fullmatch(answer.headers["x-request-id"])
        assert "server" not in answer.headers
        for name in ("x-request-id", "x-content-type-options", "cache-control", "content-security-policy"):
            assert len(answer.headers.get_list(name)) == 1


def test_a_well_formed_request_id_is_echoed_and_another_is_replaced(http: httpx2.Client) -> None:
    for given in ("a", "A-z.0_9", "x" * 128):
        answer = http.get(f"{USERS}/0", headers={"X-Request-Id": given})
        assert problem(answer, 404, "not-found")["request_id"] == given
    for given in ("", "a b", "ä", "x" * 129, "a,b", "a/b", 'a"b', "{}", "a\tb"):
        answer = http.get(f"{USERS}/0", headers={b"X-Request-Id": given.encode()})
        assert REQUEST_ID.fullmatch(problem(answer, 404, "not-found")["request_id"])


def test_two_requests_have_two_ids(http: httpx2.Client) -> None:
    assert http.get("/livez").headers["x-request-id"] != http.get("/livez").headers["x-request-id"]


def test_an_address_in_an_answer_never_comes_from_the_host_header(http: httpx2.Client) -> None:
    for host in ("evil.example/x?", "evil.example#", "a b", "", "evil.example", "%65vil.example"):
        problem(http.get(USERS, headers={"Host": host}), 400, "malformed-request")
    for host in ("localhost:666", "127.6.6.6", "[::1]"):
        answer = http.post(USERS, json={"email": "a@example.com", "name": "A"}, headers={"Host": host})
        assert answer.headers["location"] == f"{USERS}/{answer.json()['id']}"
        create(http, "b@example.com")
        listed = http.get(USERS, params={"limit": 1}, headers={"Host": host})
        assert listed.headers["link"].startswith(f"<{USERS}?")
        for user in http.get(USERS).json()["items"]:
            http.delete(f"{USERS}/{user['id']}")


def answer_to_bytes(server: ServerProcess, content: bytes) -> httpx2.Response:
    (answer,) = answers_to(server, content)
    return answer


def test_what_is_no_http_request_is_answered_with_a_problem_and_hung_up_on(server: ServerProcess) -> None:
    for garbage in (
        b"garbage\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    ):  # fmt: skip
        answer = answer_to_bytes(server, garbage)
        problem(answer, 400, "malformed-request")
        assert answer.headers["connection"] == "close"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_request_that_is_carried_out_is_never_answered_by_what_follows_it(
    server: ServerProcess, http: httpx2.Client
) -> None:
    """A client that is told 400 must find nothing written."""
    body = b'{"email": "ada@example.com", "name": "Ada"}'
    head = b"POST /api/v1/users HTTP/1.1\r\nHost: [::1]\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    for more in (b"xx", b"garbage\r\n\r\n", b"GET /livez HTTP/9.9\r\n\r\n"):
        answer = answer_to_bytes(server, head % len(body) + body + more)
        assert answer.status_code == 201
        assert http.delete(answer.headers["location"]).status_code == 204
