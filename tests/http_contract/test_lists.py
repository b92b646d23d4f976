"""`GET /users`: pages, orders, filters, counts."""

from typing import Any

import httpx2
import pytest

from application.users.ports import UserFilter, UserSort
from e2e.answers import create, parameters, problem
from e2e.processes import ServerProcess
from foundation.http.requests.cursors import CursorCodec
from foundation.kernel.pagination import Position
from http_contract.talking import USERS, new_user

SORTS = ["id", "-id", "created_at", "-created_at", "updated_at", "-updated_at"]


@pytest.fixture
def all_users(http: httpx2.Client) -> list[dict[str, Any]]:
    """Five users in the order of their ids; the second was changed last."""
    users = [create(http, **new_user(number)) for number in range(5)]
    users[1] = http.patch(f"{USERS}/{users[1]['id']}", json={"name": "Renamed"}).json()
    return users


def listed(http: httpx2.Client, **wanted: str | int) -> dict[str, Any]:
    answer = http.get(USERS, params=wanted)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


def ids(page: dict[str, Any]) -> list[int]:
    return [user["id"] for user in page["items"]]


def test_a_list_answers_200_with_items_and_the_next_cursor(http: httpx2.Client, all_users: list[Any]) -> None:
    assert listed(http) == {"items": all_users, "next_cursor": None}
    assert listed(http, limit=5)["next_cursor"] is None
    assert type(listed(http, limit=4)["next_cursor"]) is str


def test_nobody_is_an_empty_list(http: httpx2.Client) -> None:
    assert listed(http) == {"items": [], "next_cursor": None}


def test_a_link_leads_to_the_next_page_until_there_is_none(http: httpx2.Client, all_users: list[Any]) -> None:
    answer, pages = http.get(USERS, params={"limit": 2, "sort": "-id"}), []
    while link := answer.headers.get("link"):
        target, _, relation = link.partition("; ")
        assert relation == 'rel="next"'
        assert target.startswith(f"<{USERS}?")
        assert httpx2.URL(target[1:-1]).params["cursor"] == answer.json()["next_cursor"]
        pages.append(ids(answer.json()))
        answer = http.get(target[1:-1])
    assert answer.json()["next_cursor"] is None
    newest_first = [user["id"] for user in reversed(all_users)]
    assert [*pages, ids(answer.json())] == [newest_first[:2], newest_first[2:4], newest_first[4:]]


def test_a_limit_is_from_1_to_100(http: httpx2.Client, all_users: list[Any]) -> None:
    assert len(listed(http, limit=1)["items"]) == 1
    assert len(listed(http, limit=100)["items"]) == len(all_users)
    for limit in ("0", "101", "-1", "1.0", "01", "+1", "x", "", "9" * 30):
        assert parameters(http.get(USERS, params={"limit": limit})) == {"limit"}


def test_a_page_has_50_users_unless_it_is_asked_for_otherwise(http: httpx2.Client) -> None:
    batch = {"items": [new_user(number) for number in range(51)]}
    assert http.post(f"{USERS}/batch", json=batch).status_code == 201
    assert len(listed(http)["items"]) == 50


def test_a_list_has_what_any_client_wrote_before(http: httpx2.Client, server: ServerProcess) -> None:
    with server.client() as writer:
        users = []
        for number in range(10):
            users.append(create(writer, **new_user(number)))
            answer = http.get(USERS, headers={"Prefer": "count=exact"}).json()
            assert (answer["items"], answer["total"]) == (users, number + 1)
            assert users[-1]["email"] in http.get(f"{USERS}/export").text
        assert writer.delete(f"{USERS}/{users.pop()['id']}").status_code == 204
        assert listed(http)["items"] == users


@pytest.mark.parametrize("sort", SORTS)
def test_a_list_has_the_order_that_was_asked_for(http: httpx2.Client, all_users: list[Any], sort: str) -> None:
    wanted = sorted(all_users, key=lambda user: (user[sort.removeprefix("-")], user["id"]), reverse=sort[0] == "-")
    first = listed(http, sort=sort, limit=3)
    rest = listed(http, sort=sort, limit=3, cursor=first["next_cursor"])
    assert first["items"] + rest["items"] == wanted


def test_those_that_an_order_holds_equal_are_in_the_order_of_their_ids(http: httpx2.Client) -> None:
    created = http.post(f"{USERS}/batch", json={"items": [new_user(number) for number in range(6)]}).json()["items"]
    assert len({user["created_at"] for user in created}) == 1
    numbers = [user["id"] for user in created]
    for sort, wanted in (("created_at", numbers), ("-created_at", numbers[::-1])):
        first = listed(http, sort=sort, limit=4)
        assert ids(first) + ids(listed(http, sort=sort, limit=4, cursor=first["next_cursor"])) == wanted


def test_another_order_is_refused(http: httpx2.Client) -> None:
    for sort in ("", "name", "ID", "--id", "+id", "id,created_at"):
        assert parameters(http.get(USERS, params={"sort": sort})) == {"sort"}


def test_a_walk_returns_each_user_who_was_there_throughout_once(http: httpx2.Client, all_users: list[Any]) -> None:
    first = listed(http, limit=2)
    http.delete(f"{USERS}/{all_users[0]['id']}")
    http.delete(f"{USERS}/{all_users[3]['id']}")
    newest = create(http, "newest@example.com")
    rest = listed(http, cursor=first["next_cursor"])
    assert rest["items"] == [all_users[2], all_users[4], newest]


def test_a_user_is_found_by_address_however_it_is_written(http: httpx2.Client, all_users: list[Any]) -> None:
    assert listed(http, email=" USER3@Example.com")["items"] == [all_users[3]]
    assert listed(http, email="nobody@example.com")["items"] == []
    assert parameters(http.get(USERS, params={"email": "nobody"})) == {"email"}


def test_times_in_filters_are_exclusive(http: httpx2.Client, all_users: list[Any]) -> None:
    first, last = all_users[1]["created_at"], all_users[4]["created_at"]
    assert listed(http, created_after=first)["items"] == all_users[2:]
    assert listed(http, created_before=last)["items"] == all_users[:4]
    assert listed(http, created_after=first, created_before=last)["items"] == all_users[2:4]


def test_a_time_has_a_zone(http: httpx2.Client, all_users: list[Any]) -> None:
    elsewhere = all_users[1]["created_at"].replace("Z", "+00:00")
    assert listed(http, created_after=elsewhere)["items"] == all_users[2:]
    for time in ("", "2025-12-16", "2025-12-16T10:00:00", "2025-12-16 10:00:00Z", "2025-02-30T00:00:00Z", "1765879200"):
        for name in ("created_after", "created_before"):
            assert parameters(http.get(USERS, params={name: time})) == {name}, time


def test_an_unknown_or_repeated_parameter_is_refused(http: httpx2.Client, ada: str) -> None:
    for query in ("surprise=1", "Limit=5", "limit=5&limit=5", "page=2", "offset=10", "surprise"):
        problem(http.get(f"{USERS}?{query}"), 400, "unknown-parameter")
    for path in (ada, "/livez", "/readyz", "/openapi.json", "/docs", "/problems/not-found"):
        problem(http.get(f"{path}?surprise=1"), 400, "unknown-parameter")
    problem(http.get(f"{USERS}/export?surprise=1"), 400, "unknown-parameter")
    problem(http.delete(f"{ada}?surprise=1"), 400, "unknown-parameter")
    problem(http.patch(f"{ada}?surprise=1", json={"name": "B"}), 400, "unknown-parameter")
    for path in (USERS, f"{USERS}/batch", f"{USERS}/import"):
        problem(http.post(f"{path}?surprise=1", json={}), 400, "unknown-parameter")


def test_a_cursor_of_another_filter_is_refused(http: httpx2.Client, all_users: list[Any]) -> None:
    cursor = listed(http, limit=2, created_after=all_users[0]["created_at"])["next_cursor"]
    for wanted in ({}, {"created_after": all_users[1]["created_at"]}, {"email": "user3@example.com"}):
        problem(http.get(USERS, params={"cursor": cursor, **wanted}), 400, "invalid-cursor")


def test_a_cursor_of_another_sort_is_refused(http: httpx2.Client, all_users: list[Any]) -> None:
    assert len(all_users) == 5
    for sort in SORTS:
        cursor = listed(http, limit=2, sort=sort)["next_cursor"]
        for other in set(SORTS) - {sort}:
            problem(http.get(USERS, params={"cursor": cursor, "sort": other}), 400, "invalid-cursor")


def test_a_forged_cursor_is_refused(http: httpx2.Client, all_users: list[Any]) -> None:
    cursor = listed(http, limit=len(all_users) - 1)["next_cursor"]
    other_key = CursorCodec(b"another key").encode(Position(1, 1), UserSort.ID, UserFilter())
    swapped = cursor[:10] + ("A" if cursor[10] != "A" else "B") + cursor[11:]
    for forged in ("", "x", cursor[:-4], f"{cursor}=", f"{cursor}A", swapped, cursor[::-1], other_key):
        problem(http.get(USERS, params={"cursor": forged}), 400, "invalid-cursor")


def test_a_cursor_is_good_for_another_limit(http: httpx2.Client, all_users: list[Any]) -> None:
    cursor = listed(http, limit=1)["next_cursor"]
    assert listed(http, limit=100, cursor=cursor)["items"] == all_users[1:]


def test_there_is_no_total_unless_it_is_preferred(http: httpx2.Client, all_users: list[Any]) -> None:
    answer = http.get(USERS, params={"limit": 2}, headers={"Prefer": "count=exact"})
    assert (answer.json()["total"], answer.headers["preference-applied"]) == (len(all_users), "count=exact")
    filtered = http.get(USERS, params={"email": "user3@example.com"}, headers={"Prefer": 'wait=5, count="exact"'})
    assert (filtered.json()["total"], filtered.headers["preference-applied"]) == (1, "count=exact")
    for prefer in ({}, {"Prefer": "count=estimated"}, {"Prefer": "return=minimal"}):
        answer = http.get(USERS, headers=prefer)
        assert (answer.status_code, answer.json().keys()) == (200, {"items", "next_cursor"})
        assert "preference-applied" not in answer.headers


def test_the_total_counts_the_whole_list_and_not_the_rest_of_it(http: httpx2.Client, all_users: list[Any]) -> None:
    cursor = listed(http, limit=2)["next_cursor"]
    answer = http.get(USERS, params={"limit": 2, "cursor": cursor}, headers={"Prefer": "count=exact"})
    assert answer.json()["total"] == len(all_users)
