"""`POST /users/batch`."""

import json

import httpx2

from e2e.answers import create, pointers, problem
from http_contract.talking import JSON, USERS, emails, new_user

BATCH = f"{USERS}/batch"
LARGEST = 1024 * 1024


def test_a_batch_answers_201_with_its_users_in_order(http: httpx2.Client) -> None:
    answer = http.post(BATCH, json={"items": [new_user(number) for number in range(3)]})
    users = answer.json()["items"]
    assert (answer.status_code, answer.json().keys()) == (201, {"items"})
    assert [user["email"] for user in users] == [new_user(number)["email"] for number in range(3)]
    assert sorted(user["id"] for user in users) == [user["id"] for user in users]
    assert http.get(USERS).json()["items"] == users


def test_a_batch_has_1_to_100_items(http: httpx2.Client) -> None:
    assert pointers(http.post(BATCH, json={"items": []})) == {"#/items"}
    assert pointers(http.post(BATCH, json={"items": [new_user(n) for n in range(101)]})) == {"#/items"}
    assert emails(http) == []
    assert http.post(BATCH, json={"items": [new_user(number) for number in range(100)]}).status_code == 201
    assert len(emails(http)) == 100


def test_an_invalid_item_is_named_by_a_pointer_and_nothing_is_created(http: httpx2.Client) -> None:
    items = [new_user(number) for number in range(5)]
    items[3] = {"email": "nobody", "name": "B"}
    items[4] = {"email": "user4@example.com", "name": ""}
    assert pointers(http.post(BATCH, json={"items": items})) == {"#/items/3/email", "#/items/4/name"}
    assert pointers(http.post(BATCH, json={"items": [{"email": "a@example.com"}]})) == {"#/items/0/name"}
    assert emails(http) == []


def test_a_taken_address_is_named_by_a_pointer_and_nothing_is_created(http: httpx2.Client) -> None:
    create(http, "user1@example.com")
    items = [new_user(0), {"email": "USER1@example.com", "name": "B"}, new_user(2)]
    document = problem(http.post(BATCH, json={"items": items}), 409, "email-already-taken")
    assert [error["pointer"] for error in document["errors"]] == ["#/items/1/email"]
    assert emails(http) == ["user1@example.com"]


def test_an_address_that_a_batch_has_twice_is_taken_the_second_time(http: httpx2.Client) -> None:
    items = [new_user(0), new_user(1), new_user(0)]
    document = problem(http.post(BATCH, json={"items": items}), 409, "email-already-taken")
    assert [error["pointer"] for error in document["errors"]] == ["#/items/2/email"]
    assert emails(http) == []


def test_a_batch_may_have_1_mib_and_not_a_byte_more(http: httpx2.Client) -> None:
    content = json.dumps({"items": [new_user(0)]}).encode()
    whole = content + b" " * (LARGEST - len(content))
    problem(http.post(BATCH, content=whole + b" ", headers=JSON), 413, "content-too-large")
    assert emails(http) == []
    assert http.post(BATCH, content=whole, headers=JSON).status_code == 201


def test_unknown_fields_of_a_batch_are_refused(http: httpx2.Client) -> None:
    wrong = [{"items": [new_user(0)], "mode": "fast"}, {"items": [new_user(0) | {"nickname": "x"}]}, [new_user(0)]]
    for body in wrong:
        problem(http.post(BATCH, json=body), 422, "validation-failed")
    assert pointers(http.post(BATCH, json={"items": [new_user(0) | {"id": 1}]})) == {"#/items/0/id"}
    assert emails(http) == []
