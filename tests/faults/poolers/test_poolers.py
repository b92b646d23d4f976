"""The service behind a real pgbouncer in transaction mode: all works, its limits hold, and its settings do not leak."""

import threading
import time
from collections.abc import Iterator

import httpx2
import psycopg
import pytest

from e2e.answers import create, problem
from faults.poolers.pooled import LATE, LEAKABLE, USERS, Pooled, locked, plain, timed


def test_all_of_it_works(http: httpx2.Client) -> None:
    ada = {"email": "ada@example.com", "name": "Ada \u2615"}
    first, again = (http.post(USERS, json=ada, headers={"Idempotency-Key": "pooled"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json() == http.get(f"{USERS}/1").json()
    assert first.json()["created_at"].endswith("Z")
    problem(http.post(USERS, json=ada), 409, "email-already-taken")

    patched = http.patch(f"{USERS}/1", json={"name": "Countess"}, headers={"If-Match": first.headers["ETag"]})
    assert (patched.status_code, patched.json()["name"]) == (200, "Countess")
    assert patched.json()["created_at"] == first.json()["created_at"]

    batch = {"items": [{"email": f"user{n}@example.com", "name": f"User {n}"} for n in range(20)]}
    assert http.post(f"{USERS}/batch", json=batch, headers={"Idempotency-Key": "batch"}).status_code == 201

    lines = "".join(f"line{n}@example.com,Line {n}\n" for n in range(3000))
    file = f"email,name\n{lines}ada@example.com,Ada\n"
    imported = http.post(f"{USERS}/import?on_conflict=skip", content=file, headers={"Content-Type": "text/csv"})
    assert (imported.status_code, imported.json()["imported"], imported.json()["skipped"]) == (200, 3000, 1)

    exported = http.get(f"{USERS}/export?fields=email", headers={"Accept": "text/csv"})
    assert (exported.status_code, len(exported.text.splitlines())) == (200, 1 + 1 + 20 + 3000)

    page = http.get(USERS, params={"sort": "-created_at", "limit": 100}, headers={"Prefer": "count=exact"}).json()
    assert (len(page["items"]), page["total"]) == (100, 3021)
    assert http.get(USERS, params={"cursor": page["next_cursor"], "sort": "-created_at"}).status_code == 200
    assert http.delete(f"{USERS}/1").status_code == 204
    assert http.get("/readyz").status_code == 200


def test_many_clients_share_the_two_sessions_of_the_pooler(http: httpx2.Client) -> None:
    """More transactions at once than the pooler has sessions, so that each meets what the others prepared."""
    met: list[int] = []

    def work(number: int) -> None:
        for turn in range(10):
            email = f"user{number}-{turn}@example.com"
            answer = http.post(USERS, json={"email": email, "name": "User"}, headers={"Idempotency-Key": email})
            met.append(answer.status_code)
            met.append(http.get(f"{USERS}/{answer.json()['id']}").status_code)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (met.count(201), met.count(200)) == (80, 80)


def test_a_locked_table_is_waited_for_as_long_as_a_lock_may_be(pooled: Pooled, http: httpx2.Client) -> None:
    create(http)
    with locked(pooled.database):
        for call in (
            lambda: http.get(f"{USERS}/1"),
            lambda: http.post(USERS, json={"email": "bob@example.com", "name": "Bob"}),
            lambda: http.patch(f"{USERS}/1", json={"name": "Countess"}),
        ):
            answer, seconds = timed(call)
            problem(answer, 504, "deadline-exceeded")
            assert seconds < 0.5 + LATE / 2  # the statement's limit is a second
    assert http.get(f"{USERS}/1").status_code == 200


def test_an_import_is_not_held_to_the_limit_of_a_statement(http: httpx2.Client) -> None:
    def slowly() -> Iterator[bytes]:
        yield b"email,name\n"
        for number in range(4):
            time.sleep(0.5)
            yield f"slow{number}@example.com,Slow\n".encode()

    answer = http.post(f"{USERS}/import", content=slowly(), headers={"Content-Type": "text/csv"})
    assert (answer.status_code, answer.json()["imported"]) == (200, 4)


def test_the_settings_of_the_service_do_not_reach_other_clients_of_the_pooler(
    pooled: Pooled, http: httpx2.Client
) -> None:
    shown = ", ".join(f"current_setting('{name}')" for name in LEAKABLE)
    with psycopg.connect(plain(pooled.database), autocommit=True) as direct:
        expected = direct.execute(f"SELECT {shown}").fetchone()
    create(http)
    http.post(USERS, json={"email": "x@example.com", "name": "X"}, headers={"Idempotency-Key": "x"})
    http.post(f"{USERS}/import", content="email,name\ny@example.com,Y\n", headers={"Content-Type": "text/csv"})
    with locked(pooled.database):
        http.post(USERS, json={"email": "z@example.com", "name": "Z"})
    http.get("/readyz")
    # Two sessions, both of which one transaction each holds for a moment.
    with psycopg.connect(pooled.through) as one, psycopg.connect(pooled.through) as other:
        found = [client.execute(f"SELECT pg_backend_pid(), {shown}").fetchone() for client in (one, other)]
    assert found[0] is not None
    assert found[1] is not None
    assert found[0][0] != found[1][0]
    assert [row[1:] for row in found if row is not None] == [expected, expected]


def test_what_other_clients_set_does_not_change_the_limits_of_the_service(pooled: Pooled, http: httpx2.Client) -> None:
    create(http)
    with psycopg.connect(pooled.through) as one, psycopg.connect(pooled.through) as other:
        for client in (one, other):
            client.execute("SET lock_timeout = 0; SET statement_timeout = 0; SET bytea_output = 'hex'")
            client.commit()
    with locked(pooled.database):
        answer, seconds = timed(lambda: http.get(f"{USERS}/1"))
        problem(answer, 504, "deadline-exceeded")
        assert seconds < 0.5 + LATE / 2
    with psycopg.connect(pooled.through) as one, psycopg.connect(pooled.through) as other:
        for client in (one, other):
            client.execute("RESET ALL")
            client.commit()


def test_what_is_prepared_are_statements_with_values(
    request: pytest.FixtureRequest, pooled: Pooled, http: httpx2.Client
) -> None:
    """And where the pooler keeps nothing, nothing is."""
    create(http)
    assert http.patch(f"{USERS}/1", json={"name": "Countess"}).status_code == 200
    http.post(USERS, json={"email": "x@example.com", "name": "X"}, headers={"Idempotency-Key": "prepared"})
    query = "SELECT statement FROM pg_prepared_statements"
    with psycopg.connect(pooled.through) as one, psycopg.connect(pooled.through) as other:
        found = {row[0].split()[0] for client in (one, other) for row in client.execute(query)}
    if "unprepared" in request.node.name:
        assert found == set()
    else:
        assert {"SELECT", "INSERT", "UPDATE"} <= found <= {"SELECT", "INSERT", "UPDATE", "DELETE"}
