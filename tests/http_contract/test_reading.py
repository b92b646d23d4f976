"""`GET` and `HEAD` of one user."""

import httpx2

from e2e.answers import create, problem
from http_contract.talking import USERS

NOBODY = f"{USERS}/2147483647"


def test_reading_answers_200_with_the_user_and_its_entity_tag(http: httpx2.Client) -> None:
    user = create(http)
    answer = http.get(f"{USERS}/{user['id']}")
    assert (answer.status_code, answer.json()) == (200, user)
    assert answer.headers["etag"]


def test_head_answers_as_get_does_without_the_body(http: httpx2.Client, ada: str) -> None:
    for address in (ada, USERS, "/livez", "/readyz", "/openapi.json", "/docs", "/problems/not-found"):
        get, head = http.get(address), http.head(address)
        assert (get.status_code, head.status_code, head.content) == (200, 200, b"")
        for name in ("content-type", "content-length", "etag", "content-security-policy"):
            assert head.headers.get(name) == get.headers.get(name), (address, name)
    assert (http.head(NOBODY).status_code, http.head(NOBODY).content) == (404, b"")


def test_a_client_that_has_the_version_is_answered_304(http: httpx2.Client, ada: str) -> None:
    tag = http.get(ada).headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', f'"a,b" , W/"x",{tag}', "*"):
        for method in ("GET", "HEAD"):
            answer = http.request(method, ada, headers={"If-None-Match": known})
            assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag), known


def test_a_client_that_has_another_version_is_answered_this_one(http: httpx2.Client, ada: str) -> None:
    known = http.get(ada).headers["etag"]
    http.patch(ada, json={"name": "Ada King"})
    for other in (known, f"W/{known}", '"other"', '""'):
        answer = http.get(ada, headers={"If-None-Match": other})
        assert (answer.status_code, answer.json()["name"]) == (200, "Ada King")
        assert answer.headers["etag"] != known


def test_an_id_has_one_spelling(http: httpx2.Client, ada: str) -> None:
    number = ada.rpartition("/")[2]
    for spelling in (
        f"0{number}", f"+{number}", f"-{number}", f"%20{number}", f"{number}%20", f"{number}.0", f"{number}%00",
        f"{number}/", "%D9%A1", "1e0", "0x1", "one",
    ):  # fmt: skip
        problem(http.get(f"{USERS}/{spelling}"), 404, "not-found")
        problem(http.delete(f"{USERS}/{spelling}"), 404, "not-found")
    assert http.get(ada).status_code == 200


def test_an_id_that_no_user_can_have_is_404(http: httpx2.Client) -> None:
    for number in ("0", "2147483647", "2147483648", "9999999999", "9" * 30):
        problem(http.get(f"{USERS}/{number}"), 404, "not-found")
        problem(http.patch(f"{USERS}/{number}", json={"name": "B"}), 404, "not-found")
        problem(http.delete(f"{USERS}/{number}"), 404, "not-found")
