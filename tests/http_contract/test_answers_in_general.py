"""What every answer has, methods and media types that are not served, and addresses that lead nowhere."""

import re

import httpx2

from e2e.answers import create, problem
from e2e.processes import ServerProcess, eventually
from http_contract.talking import CSV, MERGE_PATCH, NDJSON, OCTETS, USERS, new_user

PAGES = ("/docs", "/problems/not-found")
ALLOWED = {
    USERS: "GET, HEAD, OPTIONS, POST",
    f"{USERS}/1": "DELETE, GET, HEAD, OPTIONS, PATCH",
    f"{USERS}/batch": "OPTIONS, POST",
    f"{USERS}/import": "OPTIONS, POST",
    f"{USERS}/export": "GET, HEAD, OPTIONS",
    **dict.fromkeys(("/livez", "/readyz", "/openapi.json", *PAGES), "GET, HEAD, OPTIONS"),
}
ACCEPTED = {
    USERS: ("accept-post", {"application/json"}),
    f"{USERS}/1": ("accept-patch", {MERGE_PATCH, "application/json"}),
    f"{USERS}/batch": ("accept-post", {"application/json"}),
    f"{USERS}/import": ("accept-post", {NDJSON, CSV, OCTETS}),
}


def some_answers(http: httpx2.Client) -> list[httpx2.Response]:
    """Answers of many kinds, errors among them."""
    return [
        http.post(USERS, json=new_user(0)), http.post(USERS, json={}), http.post(USERS, content="x"), http.get(USERS),
        http.head(USERS), http.options(USERS), http.put(USERS), http.get(f"{USERS}?x"), http.get(f"{USERS}/export"),
        http.get(f"{USERS}/0"), http.get("/nothing"), http.get("/livez"), http.get("/readyz"),
        http.get("/openapi.json"), http.get("/docs"), http.get("/docs/start.js"), http.get("/problems/not-found"),
    ]  # fmt: skip


def test_an_answer_is_never_guessed_at_or_kept(http: httpx2.Client) -> None:
    for answer in some_answers(http):
        assert answer.headers["x-content-type-options"] == "nosniff", answer.request
        assert answer.headers["cache-control"] == "no-store", answer.request


def test_an_answer_forbids_a_browser_everything(http: httpx2.Client) -> None:
    for answer in some_answers(http):
        policy = answer.headers["content-security-policy"]
        if answer.url.path in PAGES:  # They have styles of their own.
            assert policy.startswith("default-src 'none'; ")
            assert {"frame-ancestors 'none'", "base-uri 'none'"} <= set(policy.split("; "))
        else:
            assert policy == "default-src 'none'; frame-ancestors 'none'", answer.request


def test_a_page_does_not_tell_other_hosts_where_it_is(http: httpx2.Client) -> None:
    told = {answer.url.path: answer.headers.get("referrer-policy") for answer in some_answers(http)}
    assert {path for path, policy in told.items() if policy == "same-origin"} == set(PAGES) <= told.keys()


def test_an_answer_does_not_name_the_server(http: httpx2.Client) -> None:
    assert [answer.request for answer in some_answers(http) if "server" in answer.headers] == []


def test_an_answer_has_the_request_id_of_the_client_or_one_of_its_own(
    server: ServerProcess, http: httpx2.Client
) -> None:
    ids = [answer.headers["x-request-id"] for answer in some_answers(http)]
    assert len(set(ids)) == len(ids)
    for given in ("a", "A-z.0_9", "x" * 128):
        assert http.get("/livez", headers={"X-Request-Id": given}).headers["x-request-id"] == given
    eventually("the last of them is logged", lambda: f"request_id={'x' * 128}" in server.log)
    for given in ("", "a b", "ä", "x" * 129, "a,b", "a/b"):
        answer = http.get(f"{USERS}/0", headers={b"X-Request-Id": given.encode()})
        assert re.fullmatch(r"[0-9a-f]{32}", problem(answer, 404, "not-found")["request_id"])


def test_json_is_an_object_in_utf_8_with_names_in_snake_case(http: httpx2.Client) -> None:
    create(http, name="Amélie 漢字")
    for answer in (http.get(USERS), http.get("/livez"), http.get("/readyz"), http.post(USERS, json={})):
        document = answer.json()
        assert isinstance(document, dict)
        assert [name for name in document if not re.fullmatch(r"[a-z]+(_[a-z]+)*", name)] == []
    answer = http.get(USERS)
    assert (answer.headers["content-type"], answer.content.decode("utf-8")) == ("application/json", answer.text)


def test_options_answers_204_and_says_what_is_allowed(http: httpx2.Client) -> None:
    for path, methods in ALLOWED.items():
        answer = http.options(path)
        assert (answer.status_code, answer.content, answer.headers["allow"]) == (204, b"", methods), path
    problem(http.options("/nothing"), 404, "not-found")


def test_options_says_which_media_types_are_read(http: httpx2.Client) -> None:
    for path in ALLOWED:
        answer = http.options(path)
        header, media_types = ACCEPTED.get(path, ("", set()))
        found = {name for name in ("accept-post", "accept-patch") if name in answer.headers}
        assert found == ({header} if header else set()), path
        assert {part.strip() for part in answer.headers.get(header, "").split(",") if part} == media_types


def test_head_and_options_are_answered_though_the_documentation_leaves_them_out(http: httpx2.Client) -> None:
    address = f"{USERS}/{create(http)['id']}"
    for path, operations in http.get("/openapi.json").json()["paths"].items():
        assert {"head", "options"}.isdisjoint(operations)
        here = address if path.endswith("{user_id}") else path.format(slug="not-found")
        documented = {method.upper() for method in operations}
        there = documented | {"OPTIONS"} | ({"HEAD"} if "GET" in documented else set())
        assert http.options(here).headers["allow"] == ", ".join(sorted(there))
        if "GET" in documented:
            head, get = http.head(here), http.get(here)
            told = head.status_code, head.content, head.headers["content-type"]
            assert told == (200, b"", get.headers["content-type"]), path


def test_a_method_that_is_not_allowed_is_told_those_that_are(http: httpx2.Client) -> None:
    for path, methods in ALLOWED.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "SEARCH"} - set(methods.split(", ")):
            answer = http.request(method, path)
            problem(answer, 405, "method-not-allowed")
            assert answer.headers["allow"] == methods, (method, path)


def test_an_address_that_leads_nowhere_is_404(http: httpx2.Client) -> None:
    for path in ("/", "/api", "/api/v1", "/api/v2/users", "/API/v1/users", "/nothing", "/users", "/redoc"):
        for method in ("GET", "POST", "DELETE"):
            problem(http.request(method, path), 404, "not-found")
    problem(http.get("/docs/nothing"), 404, "not-found")


def test_a_trailing_slash_is_404_and_no_redirect(http: httpx2.Client, ada: str) -> None:
    for path in (f"{USERS}/", f"{ada}/", "/livez/", "/docs/"):
        answer = http.get(path, headers={"Host": "127.6.6.6"})
        problem(answer, 404, "not-found")
        assert "127.6.6.6" not in f"{answer.headers}{answer.text}"


def test_an_accept_header_that_admits_no_form_is_406(http: httpx2.Client, ada: str) -> None:
    for path in (USERS, ada, "/livez", "/readyz", "/openapi.json"):
        for accept in (
            "text/html",
            "application/xml",
            "application/json;q=0",
            "*/*;q=0",
            "application/json;q=0, text/*",
        ):
            problem(http.get(path, headers={"Accept": accept}), 406, "not-acceptable")
        for accept in ("*/*", "application/*", "application/json", "text/html, */*;q=0.1", "application/json;q=0.001"):
            assert http.get(path, headers={"Accept": accept}).status_code == 200, (path, accept)
    for page in PAGES:
        problem(http.get(page, headers={"Accept": "application/json"}), 406, "not-acceptable")
        assert http.get(page, headers={"Accept": "text/html"}).status_code == 200


def test_a_write_that_could_not_be_answered_is_not_made(http: httpx2.Client, ada: str) -> None:
    headers = {"Accept": "text/html"}
    problem(http.post(USERS, json=new_user(0), headers=headers), 406, "not-acceptable")
    problem(http.patch(ada, json={"name": "B"}, headers=headers), 406, "not-acceptable")
    assert [user["name"] for user in http.get(USERS).json()["items"]] == ["Ada Lovelace"]


def test_what_cannot_be_read_of_an_accept_header_is_passed_over(http: httpx2.Client) -> None:
    for accept in ("json", "application/", "application/json;q=2", "/", "a/b/c", "text/html, *; q=.2, */*; q=.2"):
        assert http.get(USERS, headers={"Accept": accept}).status_code == 200
    problem(http.get(USERS, headers={"Accept": "json, text/html"}), 406, "not-acceptable")


def test_the_first_200_members_of_an_accept_header_count(http: httpx2.Client) -> None:
    within, beyond = "text/html," * 199, "text/html," * 200
    assert http.get(USERS, headers={"Accept": f"{within}application/json"}).status_code == 200
    problem(http.get(USERS, headers={"Accept": f"{beyond}application/json"}), 406, "not-acceptable")


def test_a_problem_is_a_problem_document_whatever_is_accepted(http: httpx2.Client) -> None:
    for accept in ("application/json", "text/html", "application/problem+json;q=0", "text/csv"):
        problem(http.get("/nothing", headers={"Accept": accept}), 404, "not-found")
