"""Creating, reading, changing and deleting users."""

import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2

from e2e.answers import create, created, pointers, problem
from e2e.processes import PATIENCE

# RFC 3339 in UTC, always with six fractional digits.
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
MERGE_PATCH = "application/merge-patch+json"


def patch(http: httpx2.Client, user: dict[str, Any], **changes: Any) -> httpx2.Response:
    return http.patch(f"/api/v1/users/{user['id']}", json=changes)


def test_creating_a_user_answers_with_it_and_where_it_is(http: httpx2.Client) -> None:
    answer = http.post("/api/v1/users", json={"email": " Ada@Example.com ", "name": "  Ada Lovelace "})
    user = created(answer)
    assert user == {
        "id": user["id"],
        "email": "ada@example.com",
        "name": "Ada Lovelace",
        "created_at": user["created_at"],
        "updated_at": user["created_at"],
    }
    assert TIME.fullmatch(user["created_at"])
    assert answer.headers["location"] == f"/api/v1/users/{user['id']}"
    assert answer.headers["content-type"] == "application/json"
    found = http.get(answer.headers["location"])
    assert (found.status_code, found.json(), found.headers["etag"]) == (200, user, answer.headers["etag"])


def test_a_name_is_kept_as_its_bearer_writes_it(http: httpx2.Client) -> None:
    name = "José [Núñez] 漢字 👩‍🚀 <b>&amp;</b> \\ \"'"
    user = create(http, name=name)
    assert http.get(f"/api/v1/users/{user['id']}").json()["name"] == name


def test_an_address_belongs_to_one_user_however_it_is_written(http: httpx2.Client) -> None:
    create(http, "ada@example.com")
    problem(http.post("/api/v1/users", json={"email": "ADA@example.com", "name": "B"}), 409, "email-already-taken")


def test_renaming_a_user_changes_the_name_the_time_and_the_tag(http: httpx2.Client) -> None:
    user = create(http)
    before = http.get(f"/api/v1/users/{user['id']}")
    answer = patch(http, user, name="Ada King")
    assert answer.status_code == 200
    renamed = answer.json()
    assert renamed == user | {"name": "Ada King", "updated_at": renamed["updated_at"]}
    assert renamed["updated_at"] > user["updated_at"]
    after = http.get(f"/api/v1/users/{user['id']}")
    assert (after.json(), after.headers["etag"]) == (renamed, answer.headers["etag"])
    assert after.headers["etag"] != before.headers["etag"]


def test_an_address_that_a_user_gave_up_is_free(http: httpx2.Client) -> None:
    ada = create(http, "ada@example.com")
    assert patch(http, ada, email="king@example.com").json()["email"] == "king@example.com"
    create(http, "ada@example.com")
    problem(patch(http, ada, email="ada@example.com"), 409, "email-already-taken")


def test_a_patch_that_changes_nothing_keeps_time_and_tag(http: httpx2.Client) -> None:
    user = create(http)
    before = http.get(f"/api/v1/users/{user['id']}")
    unchanged: list[dict[str, str]] = [
        {},
        {"name": " Ada Lovelace"},
        {"email": "ADA@example.com", "name": "Ada Lovelace"},
    ]
    for changes in unchanged:
        answer = patch(http, user, **changes)
        assert (answer.status_code, answer.json()) == (200, user)
        assert answer.headers["etag"] == before.headers["etag"]


def test_a_patch_is_a_merge_patch_or_plain_json(http: httpx2.Client) -> None:
    address = f"/api/v1/users/{create(http)['id']}"
    for number, media_type in enumerate((MERGE_PATCH, "application/json", "Application/JSON; charset=UTF-8")):
        content = json.dumps({"name": f"Ada {number}"})
        answer = http.patch(address, content=content, headers={"Content-Type": media_type})
        assert (answer.status_code, answer.json()["name"]) == (200, f"Ada {number}")


def test_null_is_refused_because_no_field_can_be_removed(http: httpx2.Client) -> None:
    user = create(http)
    assert pointers(patch(http, user, email=None)) == {"#/email"}
    assert pointers(patch(http, user, name=None)) == {"#/name"}
    assert http.get(f"/api/v1/users/{user['id']}").json() == user


def test_a_read_only_field_is_refused_by_its_pointer(http: httpx2.Client) -> None:
    user = create(http)
    for field in ("id", "created_at", "updated_at"):
        assert pointers(patch(http, user, **{field: user[field]})) == {f"#/{field}"}
        new = {"email": "b@example.com", "name": "B", field: user[field]}
        assert pointers(http.post("/api/v1/users", json=new)) == {f"#/{field}"}


def test_every_refused_value_is_pointed_at(http: httpx2.Client) -> None:
    assert pointers(http.post("/api/v1/users", json={"email": "nobody", "name": " "})) == {"#/email", "#/name"}
    assert pointers(http.post("/api/v1/users", json={})) == {"#/email", "#/name"}
    assert pointers(http.post("/api/v1/users", json=[])) == {"#"}
    assert pointers(http.post("/api/v1/users", json={"email": "a@example.com", "name": "A", "nick": "a"})) == {"#"}


def test_only_a_string_is_a_string(http: httpx2.Client) -> None:
    for value in (1, 1.0, True, ["Ada"], {"first": "Ada"}):
        assert pointers(http.post("/api/v1/users", json={"email": value, "name": value})) == {"#/email", "#/name"}


def test_a_name_that_could_deceive_a_reader_is_refused(http: httpx2.Client) -> None:
    for name in ("", " \t ", "a\x00b", "a\nb", "\u202egnp.exe", "\u200b\u200d", "\u2028", "x" * 201):
        answer = http.post("/api/v1/users", json={"email": "a@example.com", "name": name})
        assert pointers(answer) == {"#/name"}, ascii(name)


def test_what_is_no_plain_address_is_refused(http: httpx2.Client) -> None:
    for email in (
        "Foo <a@example.com>", "a@localhost", "a@example", "a@[127.0.0.1]", '"a b"@example.com', "ä@example.com",
        "a..b@example.com", "a@b@example.com", "a@example.com\x00",
        "a" * 65 + "@example.com", "a@" + "b." * 127 + "com",
    ):  # fmt: skip
        answer = http.post("/api/v1/users", json={"email": email, "name": "A"})
        assert pointers(answer) == {"#/email"}, ascii(email)


def test_the_longest_values_are_accepted(http: httpx2.Client) -> None:
    email = "a" * 64 + "@" + ".".join(["b" * 63, "c" * 63, "d" * 57, "com"])
    assert len(email) == 254
    user = create(http, email, "👩" * 200)
    assert (user["email"], user["name"]) == (email, "👩" * 200)


def test_a_deleted_user_is_gone_and_stays_gone(http: httpx2.Client) -> None:
    user = create(http)
    address = f"/api/v1/users/{user['id']}"
    gone = http.delete(address)
    assert (gone.status_code, gone.content) == (204, b"")
    for answer in (http.get(address), http.delete(address), patch(http, user, name="B")):
        problem(answer, 404, "not-found")
    assert http.get("/api/v1/users").json()["items"] == []


def test_the_id_of_the_newest_user_is_never_given_again(http: httpx2.Client) -> None:
    newest = create(http)
    assert http.delete(f"/api/v1/users/{newest['id']}").status_code == 204
    assert create(http)["id"] > newest["id"]


def test_of_fifty_creations_of_one_address_at_once_exactly_one_succeeds(http: httpx2.Client) -> None:
    all_ready = threading.Barrier(50, timeout=PATIENCE)

    def create_one(number: int) -> int:
        all_ready.wait()
        return http.post("/api/v1/users", json={"email": "ada@example.com", "name": f"Ada {number}"}).status_code

    with ThreadPoolExecutor(50) as pool:
        statuses = sorted(pool.map(create_one, range(50)))
    assert statuses == [201] + [409] * 49
    assert len(http.get("/api/v1/users").json()["items"]) == 1


def test_of_twenty_writers_who_read_first_none_loses_an_update(http: httpx2.Client) -> None:
    address = f"/api/v1/users/{create(http, name='read by')['id']}"
    all_ready = threading.Barrier(20, timeout=PATIENCE)
    deadline = time.monotonic() + 30

    def sign(number: int) -> int:
        all_ready.wait()
        conflicts = 0
        while time.monotonic() < deadline:
            read = http.get(address)
            name = f"{read.json()['name']} {number}"
            answer = http.patch(address, json={"name": name}, headers={"If-Match": read.headers["etag"]})
            if answer.status_code == 200:
                return conflicts
            problem(answer, 412, "precondition-failed")
            conflicts += 1
        raise AssertionError("a writer was never let through")

    with ThreadPoolExecutor(20) as pool:
        conflicts = sum(pool.map(sign, range(20)))
    signatures = http.get(address).json()["name"].removeprefix("read by ").split(" ")
    assert sorted(map(int, signatures)) == list(range(20))
    assert conflicts > 0, "the writers never met, so nothing was proven"
