"""`PATCH /users/{id}`."""

import json
from typing import Any

import httpx2

from e2e.answers import create, pointers, problem
from http_contract.talking import MERGE_PATCH, USERS


def user_at(http: httpx2.Client, address: str) -> dict[str, Any]:
    user: dict[str, Any] = http.get(address).json()
    return user


def test_a_patch_changes_the_fields_it_names(http: httpx2.Client, ada: str) -> None:
    before = user_at(http, ada)
    answer = http.patch(ada, json={"name": " Ada King"})
    after = answer.json()
    assert (answer.status_code, after) == (200, before | {"name": "Ada King", "updated_at": after["updated_at"]})
    assert after["updated_at"] > before["updated_at"]
    assert (user_at(http, ada), http.get(ada).headers["etag"]) == (after, answer.headers["etag"])


def test_a_patch_is_sent_as_a_merge_patch_or_as_json(http: httpx2.Client, ada: str) -> None:
    for media_type in (MERGE_PATCH, "application/json"):
        content = json.dumps({"name": media_type})
        answer = http.patch(ada, content=content, headers={"Content-Type": media_type})
        assert (answer.status_code, answer.json()["name"]) == (200, media_type)


def test_null_is_refused_because_no_field_can_be_taken_away(http: httpx2.Client, ada: str) -> None:
    before = user_at(http, ada)
    assert pointers(http.patch(ada, json={"email": None})) == {"#/email"}
    assert pointers(http.patch(ada, json={"name": None})) == {"#/name"}
    assert user_at(http, ada) == before


def test_a_read_only_field_is_refused(http: httpx2.Client, ada: str) -> None:
    before = user_at(http, ada)
    for field in ("id", "created_at", "updated_at"):
        assert pointers(http.patch(ada, json={"name": "B", field: before[field]})) == {f"#/{field}"}
    assert user_at(http, ada) == before


def test_a_patch_that_changes_nothing_writes_nothing_and_keeps_the_entity_tag(http: httpx2.Client, ada: str) -> None:
    before = http.get(ada)
    unchanged: list[dict[str, str]] = [{}, {"name": "Ada Lovelace "}, {"email": "ADA@example.com"}]
    for changes in unchanged:
        answer = http.patch(ada, json=changes)
        assert (answer.status_code, answer.json()) == (200, before.json())
        assert answer.headers["etag"] == before.headers["etag"]


def test_an_address_of_somebody_else_cannot_be_taken(http: httpx2.Client, ada: str) -> None:
    create(http, "grace@example.com")
    document = problem(http.patch(ada, json={"email": "Grace@example.com"}), 409, "email-already-taken")
    assert [error["pointer"] for error in document["errors"]] == ["#/email"]
    assert user_at(http, ada)["email"] == "ada@example.com"


def test_an_address_that_was_given_up_is_free(http: httpx2.Client, ada: str) -> None:
    assert http.patch(ada, json={"email": "king@example.com"}).status_code == 200
    assert create(http, "ada@example.com")["email"] == "ada@example.com"


def test_there_is_no_put(http: httpx2.Client, ada: str) -> None:
    answer = http.put(ada, json={"email": "ada@example.com", "name": "Ada"})
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH"
    problem(http.put(USERS, json=[]), 405, "method-not-allowed")
