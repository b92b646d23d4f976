"""Entity tags and preconditions: a client neither downloads what it has nor overwrites what it has not seen."""

from collections.abc import Iterator

import httpx2
import pytest

from e2e.answers import create, problem
from e2e.processes import ServerProcess


@pytest.fixture
def ada(http: httpx2.Client) -> str:
    """The address of a user."""
    return f"/api/v1/users/{create(http)['id']}"


def tag_of(http: httpx2.Client, address: str) -> str:
    tag: str = http.get(address).headers["etag"]
    return tag


def test_a_tag_is_strong(http: httpx2.Client, ada: str) -> None:
    tag = tag_of(http, ada)
    assert tag.startswith('"')
    assert tag.endswith('"')


def test_head_answers_the_headers_of_get_and_no_body(http: httpx2.Client, ada: str) -> None:
    for address in (ada, "/api/v1/users", "/livez", "/readyz", "/docs", "/openapi.json"):
        get, head = http.get(address), http.head(address)
        assert (head.status_code, head.content) == (200, b"")
        for name in ("content-type", "content-length", "etag", "content-security-policy"):
            assert head.headers.get(name) == get.headers.get(name), (address, name)
    missing = http.head("/api/v1/users/2147483647")
    assert (missing.status_code, missing.content) == (404, b"")


def test_a_client_that_has_the_version_is_told_so(http: httpx2.Client, ada: str) -> None:
    tag = tag_of(http, ada)
    for known in (tag, f"W/{tag}", f'"other", {tag}', f'"a,b" , W/"x",{tag}', "*"):
        for method in ("GET", "HEAD"):
            answer = http.request(method, ada, headers={"If-None-Match": known})
            assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag), known


def test_a_client_that_has_another_version_gets_this_one(http: httpx2.Client, ada: str) -> None:
    for known in ('"other"', 'W/"other"', '""'):
        assert http.get(ada, headers={"If-None-Match": known}).status_code == 200, known


def test_a_tag_in_a_second_header_line_counts_too(http: httpx2.Client, ada: str) -> None:
    lines = [("If-None-Match", '"other"'), ("If-None-Match", tag_of(http, ada))]
    assert http.get(ada, headers=lines).status_code == 304


def test_a_writer_who_saw_the_version_is_let_through(http: httpx2.Client) -> None:
    for form in ("{}", '"other", {}', "*"):
        ada = f"/api/v1/users/{create(http)['id']}"
        if_match = {"If-Match": form.format(tag_of(http, ada))}
        answer = http.patch(ada, json={"name": "Ada King"}, headers=if_match)
        assert answer.status_code == 200, form
        if_match = {"If-Match": form.format(answer.headers["etag"])}
        assert http.delete(ada, headers=if_match).status_code == 204, form


def test_a_writer_who_saw_an_older_version_changes_nothing(http: httpx2.Client, ada: str) -> None:
    older = tag_of(http, ada)
    newer = http.patch(ada, json={"name": "Ada King"}).headers["etag"]
    for answer in (
        http.patch(ada, json={"name": "Ada"}, headers={"If-Match": older}),
        http.delete(ada, headers={"If-Match": older}),
    ):
        problem(answer, 412, "precondition-failed")
    assert tag_of(http, ada) == newer


def test_a_tag_that_is_weak_or_not_ours_matches_nothing(http: httpx2.Client, ada: str) -> None:
    for tag in (f"W/{tag_of(http, ada)}", '"other"', 'W/"*"', '""', '"ffffffff-ffffffffffffff"'):
        problem(http.patch(ada, json={"name": "B"}, headers={"If-Match": tag}), 412, "precondition-failed")
        problem(http.delete(ada, headers={"If-Match": tag}), 412, "precondition-failed")


def test_the_tag_of_one_user_does_not_match_another(http: httpx2.Client, ada: str) -> None:
    other = f"/api/v1/users/{create(http, 'b@example.com')['id']}"
    problem(http.delete(other, headers={"If-Match": tag_of(http, ada)}), 412, "precondition-failed")


def test_what_is_no_list_of_tags_is_malformed(http: httpx2.Client, ada: str) -> None:
    for garbage in ("x", '"', '"a" "b"', 'w/"a"', "*, *", '"a', "'a'", ";", '"a"x'):
        problem(http.get(ada, headers={"If-None-Match": garbage}), 400, "malformed-request")
        problem(http.patch(ada, json={"name": "B"}, headers={"If-Match": garbage}), 400, "malformed-request")
        problem(http.delete(ada, headers={"If-Match": garbage}), 400, "malformed-request")
    assert http.get(ada).status_code == 200


def test_a_precondition_on_nobody_is_not_found(http: httpx2.Client) -> None:
    for if_match in ("*", '"other"'):
        answer = http.delete("/api/v1/users/2147483647", headers={"If-Match": if_match})
        problem(answer, 404, "not-found")


@pytest.fixture(scope="module")
def demanding_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that refuses to write blindly."""
    directory = tmp_path_factory.mktemp("server")
    with ServerProcess(directory, DATABASE_URL="memory://", REQUIRE_IF_MATCH="true") as running:
        yield running


def test_a_demanding_service_refuses_to_write_without_a_precondition(demanding_server: ServerProcess) -> None:
    with demanding_server.client() as http:
        ada = f"/api/v1/users/{create(http)['id']}"
        problem(http.patch(ada, json={"name": "B"}), 428, "precondition-required")
        problem(http.delete(ada), 428, "precondition-required")
        if_match = {"If-Match": tag_of(http, ada)}
        assert http.patch(ada, json={"name": "B"}, headers=if_match).status_code == 200
        assert http.delete(ada, headers={"If-Match": "*"}).status_code == 204
