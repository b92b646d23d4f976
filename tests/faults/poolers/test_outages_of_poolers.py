"""Poolers that restart, freeze, or have no session free, and databases that do so or change behind them."""

import time
from typing import Any

import httpx2
import psycopg
import pytest

from e2e.answers import create, problem
from e2e.processes import eventually
from faults.poolers.pooled import LATE, USERS, Pooled, locked, timed
from plain_sql import connected


def test_a_pooler_that_restarts_is_used_again_at_once(pooled: Pooled, http: httpx2.Client) -> None:
    create(http)
    pooled.pooler.stop()
    try:
        answer, seconds = timed(lambda: http.get(f"{USERS}/1"))
        problem(answer, 503, "storage-unavailable")
        assert seconds < LATE
        eventually("readiness says why", lambda: "No database server answers" in http.get("/readyz").text)
    finally:
        pooled.pooler.start()
    assert http.get(f"{USERS}/1").status_code == 200
    create(http, "bob@example.com")


def test_a_pooler_that_is_frozen_is_waited_for_as_long_as_a_request_may_take(
    pooled: Pooled, http: httpx2.Client
) -> None:
    create(http)
    with pooled.pooler.frozen():
        answer, seconds = timed(lambda: http.get(f"{USERS}/1"))
        problem(answer, 504, "deadline-exceeded")
        assert 2 < seconds < 3 + LATE
        assert http.get("/livez").status_code == 200
        answer, seconds = timed(lambda: http.get("/readyz"))
        assert (answer.status_code, seconds < 2 + LATE) == (503, True)
    began = time.monotonic()
    eventually("the service reads again", lambda: http.get(f"{USERS}/1").status_code == 200)
    assert time.monotonic() - began < 1 + LATE


def test_a_database_that_is_frozen_behind_the_pooler_is_waited_for_no_longer(
    pooled: Pooled, http: httpx2.Client
) -> None:
    create(http)
    pooled.network.freeze()
    try:
        for call in (lambda: http.get(f"{USERS}/1"), lambda: http.patch(f"{USERS}/1", json={"name": "Countess"})):
            answer, seconds = timed(call)
            problem(answer, 504, "deadline-exceeded")
            assert 2 < seconds < 3 + LATE
        assert http.get("/livez").status_code == 200
    finally:
        pooled.network.thaw()
    began = time.monotonic()
    eventually("the service writes again", lambda: http.patch(f"{USERS}/1", json={"name": "Ada"}).status_code == 200)
    assert time.monotonic() - began < 1 + LATE


def test_a_pooler_without_a_free_session_is_waited_for_as_long_as_a_request_may_take(
    pooled: Pooled, http: httpx2.Client
) -> None:
    create(http)
    with psycopg.connect(pooled.through) as one, psycopg.connect(pooled.through) as other:
        for client in (one, other):
            client.execute("SELECT 1")
        answer, seconds = timed(lambda: http.get(f"{USERS}/1"))
        problem(answer, 504, "deadline-exceeded")
        assert 2 < seconds < 3 + LATE
    assert http.get(f"{USERS}/1").status_code == 200


def test_a_migration_that_changes_a_column_costs_no_request(pooled: Pooled, http: httpx2.Client) -> None:
    """The pooler keeps the statements that were prepared before, longer than a connection to it lasts."""
    create(http)
    try:
        for kind in ("text", "varchar(300)", "text"):
            for _ in range(4):
                assert http.get(f"{USERS}/1").status_code == 200
            with connected(pooled.database) as connection:
                connection.exec_driver_sql(f"ALTER TABLE users ALTER COLUMN name TYPE {kind}")
            eventually("it is read again", lambda: http.get(f"{USERS}/1").status_code == 200)
        assert [http.get(f"{USERS}/1").status_code for _ in range(10)] == [200] * 10
    finally:
        with connected(pooled.database) as connection:
            connection.exec_driver_sql("ALTER TABLE users ALTER COLUMN name TYPE varchar(200)")


def test_a_client_that_goes_leaves_nothing_behind(pooled: Pooled, http: httpx2.Client) -> None:
    create(http)
    with locked(pooled.database), pytest.raises(httpx2.ReadTimeout):
        http.get(f"{USERS}/1", timeout=0.1)
    eventually("it reads again", lambda: http.get(f"{USERS}/1").status_code == 200)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with connected(pooled.database) as connection:
        assert connection.exec_driver_sql(waiting).scalar_one() == 0


def test_a_statement_that_could_not_be_prepared_is_prepared_later(pooled: Pooled, http: httpx2.Client) -> None:
    """The pooler has its name already, and ends connections on which it is prepared again."""
    create(http)
    with connected(pooled.database) as connection:
        connection.exec_driver_sql("ALTER TABLE users RENAME TO elsewhere")
    new = {"email": "bob@example.com", "name": "Bob"}
    calls: list[Any] = [lambda: http.get(f"{USERS}?limit=7"), lambda: http.post(USERS, json=new)]
    try:
        for call in calls * 3:
            problem(call(), 503, "storage-unavailable")
    finally:
        with connected(pooled.database) as connection:
            connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO users")
    assert [call().status_code for call in calls] == [200, 201]
    eventually("the log says why", lambda: "migrations-pending (42P01)" in pooled.server.log)
    assert "already prepared" not in pooled.pooler.log
