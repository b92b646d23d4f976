"""`DELETE /users/{id}`."""

import httpx2

from e2e.answers import create, problem
from http_contract.talking import USERS, emails


def test_deleting_answers_204_and_a_second_time_404(http: httpx2.Client, ada: str) -> None:
    answer = http.delete(ada)
    assert (answer.status_code, answer.content) == (204, b"")
    problem(http.delete(ada), 404, "not-found")


def test_a_deleted_user_is_gone_for_good(http: httpx2.Client, ada: str) -> None:
    assert http.delete(ada).status_code == 204
    problem(http.get(ada), 404, "not-found")
    problem(http.patch(ada, json={"name": "B"}), 404, "not-found")
    assert emails(http) == []
    assert create(http, "ada@example.com")["email"] == "ada@example.com"


def test_an_id_is_never_given_again(http: httpx2.Client, ada: str) -> None:
    assert http.delete(ada).status_code == 204
    assert create(http)["id"] > int(ada.removeprefix(f"{USERS}/"))
