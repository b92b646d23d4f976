"""`Idempotency-Key`: a client that did not hear the answer asks again, and nothing is done twice."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import text

from e2e.answers import problem
from e2e.processes import PATIENCE, ServerProcess, eventually
from http_contract.talking import JSON, USERS, emails, new_user
from plain_sql import connected

ADA = {"email": "ada@example.com", "name": "Ada Lovelace"}
KEPT = ("location", "etag", "content-type")


@pytest.fixture
def key() -> dict[str, str]:
    """A key that was never used, as a header."""
    return {"Idempotency-Key": str(uuid4())}


def test_a_repeated_request_is_answered_as_the_first_time(http: httpx2.Client, key: dict[str, str]) -> None:
    first, again = (http.post(USERS, json=ADA, headers=key) for _ in range(2))
    assert (first.status_code, "idempotent-replayed" in first.headers) == (201, False)
    assert (again.status_code, again.json(), again.headers["idempotent-replayed"]) == (201, first.json(), "true")
    assert [again.headers[name] for name in KEPT] == [first.headers[name] for name in KEPT]
    assert emails(http) == ["ada@example.com"]


def test_a_repeated_batch_is_answered_as_the_first_time(http: httpx2.Client, key: dict[str, str]) -> None:
    batch = {"items": [new_user(0), new_user(1)]}
    first, again = (http.post(f"{USERS}/batch", json=batch, headers=key) for _ in range(2))
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    assert len(emails(http)) == 2


def test_requests_are_compared_by_what_they_mean(http: httpx2.Client, key: dict[str, str]) -> None:
    first = http.post(USERS, json=ADA, headers=key)
    content = json.dumps({"name": " Ada Lovelace", "email": "ADA@example.com"}, indent=2)
    again = http.post(USERS, content=content, headers=JSON | key)
    assert (again.status_code, again.json(), again.headers["idempotent-replayed"]) == (201, first.json(), "true")


def test_a_key_of_another_request_is_422(http: httpx2.Client, key: dict[str, str]) -> None:
    assert http.post(USERS, json=ADA, headers=key).status_code == 201
    for other in (ADA | {"name": "Ada King"}, ADA | {"email": "b@example.com"}):
        problem(http.post(USERS, json=other, headers=key), 422, "idempotency-key-reused")
    assert emails(http) == ["ada@example.com"]


def test_a_key_has_1_to_255_visible_characters(http: httpx2.Client) -> None:
    unique = uuid4().hex
    for number, good in enumerate((unique[0:1] + unique, f'"{unique}"', f"~!{unique}", unique.ljust(255, "x"))):
        answer = http.post(USERS, json=new_user(number), headers={"Idempotency-Key": good})
        assert answer.status_code == 201, good
    for bad in (b"", b"a b", b"a\tb", "ä".encode(), b"x" * 256):
        answer = http.post(USERS, json=ADA, headers={b"Idempotency-Key": bad})
        problem(answer, 400, "malformed-request")
    twice = [("Idempotency-Key", unique), ("Idempotency-Key", unique)]
    problem(http.post(USERS, json=ADA, headers=twice), 400, "malformed-request")
    assert "ada@example.com" not in emails(http)


def test_a_key_is_of_one_method_and_route(http: httpx2.Client, key: dict[str, str]) -> None:
    assert http.post(USERS, json=ADA, headers=key).status_code == 201
    answer = http.post(f"{USERS}/batch", json={"items": [new_user(0)]}, headers=key)
    assert (answer.status_code, "idempotent-replayed" in answer.headers) == (201, False)


def test_a_request_that_failed_leaves_its_key_free(http: httpx2.Client, ada: str, key: dict[str, str]) -> None:
    problem(http.post(USERS, json=ADA, headers=key), 409, "email-already-taken")
    problem(http.post(USERS, json={}, headers=key), 422, "validation-failed")
    assert http.delete(ada).status_code == 204
    answer = http.post(USERS, json=ADA, headers=key)
    assert (answer.status_code, "idempotent-replayed" in answer.headers) == (201, False)


def test_a_recorded_answer_outlives_its_user(http: httpx2.Client, key: dict[str, str]) -> None:
    first = http.post(USERS, json=ADA, headers=key)
    assert http.delete(first.headers["location"]).status_code == 204
    again = http.post(USERS, json=ADA, headers=key)
    assert (again.status_code, again.json(), again.headers["idempotent-replayed"]) == (201, first.json(), "true")
    assert emails(http) == []


def test_of_20_requests_at_once_with_one_key_one_creates(http: httpx2.Client, key: dict[str, str]) -> None:
    all_are_there = threading.Barrier(20, timeout=PATIENCE)

    def post(_number: int) -> httpx2.Response:
        all_are_there.wait()
        return http.post(USERS, json=ADA, headers=key)

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(post, range(20)))
    statuses = Counter(answer.status_code for answer in answers)
    assert statuses[201] >= 1
    assert statuses.keys() <= {201, 409}
    done = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.text for answer in done}) == 1
    assert [answer.headers.get("idempotent-replayed") for answer in done].count(None) == 1
    for answer in answers:
        if answer.status_code == 409:
            problem(answer, 409, "idempotency-key-in-use")
            assert int(answer.headers["retry-after"]) >= 1
    assert emails(http) == ["ada@example.com"]


@contextmanager
def nobody_writes(url: str) -> Iterator[None]:
    with connected(url) as database:
        database.execute(text("LOCK TABLE users IN EXCLUSIVE MODE"))
        yield


@pytest.mark.fewer_storages("SQLite and memory have one writer at a time, so there the second waits for the first")
def test_a_key_in_use_is_409_with_retry_after(postgres_server: ServerProcess, key: dict[str, str]) -> None:
    url = postgres_server._settings["DATABASE_URL"]
    user = {"email": f"{uuid4().hex}@example.com", "name": "Ada"}
    with postgres_server.client() as http, ThreadPoolExecutor(1) as pool:
        with nobody_writes(url):
            first = pool.submit(http.post, USERS, json=user, headers=key)
            waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'users'::regclass")
            with connected(url) as observer:
                eventually("the first request waits", lambda: bool(observer.execute(waiting).scalar()))
            answer = http.post(USERS, json=user, headers=key)
            problem(answer, 409, "idempotency-key-in-use")
            assert int(answer.headers["retry-after"]) >= 1
        assert first.result().status_code == 201
        again = http.post(USERS, json=user, headers=key)
        assert (again.status_code, again.json()) == (201, first.result().json())


HOURS_KEPT = {
    "sqlite": """SELECT (julianday(expires_at) - julianday(created_at)) * 24 FROM idempotency_keys
        WHERE key = :key""",
    "postgresql": """SELECT extract(epoch FROM expires_at - created_at) / 3600 FROM idempotency_keys
        WHERE key = :key""",
}
LONG_AGO = """UPDATE idempotency_keys
    SET created_at = '2001-01-01 00:00:00.000000', expires_at = '2001-01-02 00:00:00.000000' WHERE key = :key"""


@pytest.mark.fewer_storages("nobody can reach into the memory of another process to make a day pass there")
def test_a_key_is_kept_for_24_hours(database_server: ServerProcess, key: dict[str, str]) -> None:
    url = database_server._settings["DATABASE_URL"]
    row = {"key": key["Idempotency-Key"]}
    user = {"email": f"{uuid4().hex}@example.com", "name": "Ada"}
    with database_server.client() as http:
        first = http.post(USERS, json=user, headers=key)
        assert http.delete(first.headers["location"]).status_code == 204
        with connected(url) as database:
            hours = database.execute(text(HOURS_KEPT[url.partition("+")[0]]), row).scalars()
            assert [round(float(one), 3) for one in hours] == [24.0]
            database.execute(text(LONG_AGO), row)
        answer = http.post(USERS, json=user, headers=key)
        assert (answer.status_code, "idempotent-replayed" in answer.headers) == (201, False)
        assert answer.json()["id"] > first.json()["id"]
