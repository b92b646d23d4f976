"""Listing users: pages, orders, filters."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import httpx2
import pytest

from application.users.ports import UserFilter, UserSort
from e2e.answers import create, parameters, problem
from foundation.http.requests.cursors import CursorCodec
from foundation.kernel.pagination import Position


@pytest.fixture
def all_users(http: httpx2.Client) -> list[dict[str, Any]]:
    """Seven users in the order of their ids; the order of their last changes is another."""
    users = [create(http, f"user{number}@example.com", f"User {number}") for number in range(7)]
    for place in (4, 1):
        users[place] = http.patch(f"/api/v1/users/{users[place]['id']}", json={"name": "Renamed"}).json()
    return users


def listed(http: httpx2.Client, **wanted: str | int) -> dict[str, Any]:
    answer = http.get("/api/v1/users", params=wanted)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    assert page.keys() == {"items", "next_cursor"}
    return page


def walk(http: httpx2.Client, **wanted: str | int) -> list[dict[str, Any]]:
    """Every page from the first to the last, following the `Link` headers."""
    pages = []
    answer = http.get("/api/v1/users", params=wanted)
    while True:
        assert answer.status_code == 200, answer.text
        page = answer.json()
        pages.append(page)
        link = answer.headers.get("link")
        assert (link is None) == (page["next_cursor"] is None)
        if link is None:
            return pages
        target = re.fullmatch(r'<(/api/v1/users\?[!-=?-~]+)>; rel="next"', link)
        assert target, link
        assert httpx2.URL(target[1]).params == httpx2.QueryParams({**wanted, "cursor": page["next_cursor"]})
        answer = http.get(target[1])


def test_no_users_are_an_empty_last_page(http: httpx2.Client) -> None:
    assert listed(http) == {"items": [], "next_cursor": None}


def test_users_are_listed_by_id_as_they_are_read_one_by_one(http: httpx2.Client, all_users: list[Any]) -> None:
    assert listed(http) == {"items": all_users, "next_cursor": None}
    assert [http.get(f"/api/v1/users/{user['id']}").json() for user in all_users] == all_users


@pytest.mark.parametrize("sort", ["id", "-id", "created_at", "-created_at", "updated_at", "-updated_at"])
def test_a_walk_in_any_order_returns_each_user_once(http: httpx2.Client, all_users: list[Any], sort: str) -> None:
    wanted = sorted(all_users, key=lambda user: (user[sort.removeprefix("-")], user["id"]), reverse=sort[0] == "-")
    for limit, sizes in ((2, [2, 2, 2, 1]), (6, [6, 1]), (7, [7])):
        pages = walk(http, sort=sort, limit=limit)
        assert [len(page["items"]) for page in pages] == sizes
        assert [user for page in pages for user in page["items"]] == wanted


def test_the_orders_differ(http: httpx2.Client, all_users: list[Any]) -> None:
    assert len(all_users) == 7
    by_id, by_change = ([user["id"] for user in listed(http, sort=sort)["items"]] for sort in ("id", "updated_at"))
    assert by_change == [*(by_id[place] for place in (0, 2, 3, 5, 6)), by_id[4], by_id[1]]


def test_a_walk_is_not_disturbed_by_deletions_and_creations(http: httpx2.Client, all_users: list[Any]) -> None:
    first = listed(http, limit=3)
    for user in all_users[1:3]:
        assert http.delete(f"/api/v1/users/{user['id']}").status_code == 204
    newest = create(http, "newest@example.com")
    second = listed(http, limit=100, cursor=first["next_cursor"])
    assert first["items"] + second["items"] == [*all_users, newest]


def test_a_page_holds_fifty_unless_it_is_asked_for_otherwise(http: httpx2.Client) -> None:
    for number in range(51):
        create(http, f"user{number}@example.com")
    assert len(listed(http)["items"]) == 50
    assert len(listed(http, limit=100)["items"]) == 51


def test_a_limit_is_a_number_from_1_to_100(http: httpx2.Client) -> None:
    for limit in ("0", "101", "-1", "1.0", "01", "+1", "x", "", "9" * 30, "9" * 5000, "\N{ARABIC-INDIC DIGIT THREE}"):
        assert parameters(http.get("/api/v1/users", params={"limit": limit})) == {"limit"}


def test_an_unknown_order_is_refused(http: httpx2.Client) -> None:
    for sort in ("", "name", "ID", "--id", "id,created_at"):
        assert parameters(http.get("/api/v1/users", params={"sort": sort})) == {"sort"}


def test_a_user_is_found_by_address_however_it_is_written(http: httpx2.Client, all_users: list[Any]) -> None:
    assert listed(http, email=" USER3@Example.com")["items"] == [all_users[3]]
    assert listed(http, email="nobody@example.com")["items"] == []
    assert parameters(http.get("/api/v1/users", params={"email": "nobody"})) == {"email"}


def test_times_in_filters_are_exclusive(http: httpx2.Client, all_users: list[Any]) -> None:
    third = all_users[2]["created_at"]
    assert listed(http, created_after=third)["items"] == all_users[3:]
    assert listed(http, created_before=third)["items"] == all_users[:2]
    fifth = all_users[4]["created_at"]
    assert listed(http, created_after=third, created_before=fifth)["items"] == [all_users[3]]


def test_a_time_may_be_in_any_zone(http: httpx2.Client, all_users: list[Any]) -> None:
    third = datetime.fromisoformat(all_users[2]["created_at"])
    assert third.tzinfo == UTC
    elsewhere = third.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
    assert listed(http, created_after=elsewhere)["items"] == all_users[3:]
    assert listed(http, created_after="2000-01-01t00:00:00-23:59")["items"] == all_users
    assert listed(http, created_before="2000-01-01T00:00:00+23:59")["items"] == []


def test_a_time_without_a_zone_or_outside_the_calendar_is_refused(http: httpx2.Client) -> None:
    for time in (
        "", "2025-12-16", "2025-12-16T10:00:00", "2025-12-16 10:00:00Z", "2025-02-30T00:00:00Z", "1765879200",
        "2025-12-16T10:00:00.1234567Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59",
    ):  # fmt: skip
        for name in ("created_after", "created_before"):
            assert parameters(http.get("/api/v1/users", params={name: time})) == {name}, time


def test_filters_hold_on_every_page(http: httpx2.Client, all_users: list[Any]) -> None:
    pages = walk(http, limit=2, sort="-created_at", created_after=all_users[1]["created_at"])
    assert [user for page in pages for user in page["items"]] == all_users[:1:-1]


def _flipped(cursor: str) -> str:
    content = bytearray(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    content[-1] ^= 1
    return urlsafe_b64encode(content).decode().rstrip("=")


FORGERIES: dict[str, Callable[[str], str]] = {
    "empty": lambda _cursor: "",
    "garbage": lambda _cursor: "garbage",
    "no ascii": lambda cursor: f"{cursor}ä",
    "no base64": lambda cursor: f"{cursor[:8]}!{cursor[8:]}",
    "padded": lambda cursor: f"{cursor}==",
    "cut": lambda cursor: cursor[:-4],
    "signature only": lambda cursor: cursor[:21] + "A",
    "changed": _flipped,
    "long": lambda cursor: cursor * 20,
    "of another service": lambda _cursor: CursorCodec(b"another key").encode(Position(1, 1), UserSort.ID, UserFilter()),
}


def test_a_forged_cursor_is_refused(http: httpx2.Client, all_users: list[Any]) -> None:
    cursor = listed(http, limit=len(all_users) - 1)["next_cursor"]
    assert listed(http, cursor=cursor)["items"] == all_users[-1:]
    for forge in FORGERIES.values():
        problem(http.get("/api/v1/users", params={"cursor": forge(cursor)}), 400, "invalid-cursor")


def test_a_cursor_is_good_for_the_list_it_came_from_only(http: httpx2.Client, all_users: list[Any]) -> None:
    start, end = all_users[0]["created_at"], "9999-01-01T00:00:00Z"
    lists: list[dict[str, str]] = [
        {},
        {"sort": "-id"},
        {"sort": "created_at"},
        {"created_after": start},
        {"created_before": end},
        {"created_before": end, "sort": "-updated_at"},
    ]
    cursors = [listed(http, limit=2, **wanted)["next_cursor"] for wanted in lists]
    for wanted, (cursor, foreign) in zip(lists, pairwise([*cursors, cursors[0]]), strict=True):
        assert listed(http, cursor=cursor, **wanted)["items"]
        problem(http.get("/api/v1/users", params={"cursor": foreign, **wanted}), 400, "invalid-cursor")
