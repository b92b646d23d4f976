"""Lists and exports on a standby: as new as the primary's, and the primary's where the standby has none."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psycopg
import pytest

from e2e.answers import create
from e2e.processes import ServerProcess, eventually
from e2e.relay import Relay, relay
from faults.lists import DEADLINE, LATE, LEFT, RETURNED, USERS, listed, migrated, reads_of, reads_of_a_list, unique
from faults.standby import StreamingPair, streaming_pair

_SLEEPING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"


@pytest.fixture(scope="module")
def pair() -> Iterator[StreamingPair]:
    with streaming_pair(max_standby_streaming_delay="100ms") as running:
        yield running


@pytest.fixture(scope="module")
def between(pair: StreamingPair) -> Iterator[Relay]:
    """The network between the service and the standby."""
    with relay(("127.0.0.1", int(pair.standby.admin.port or 0))) as network:
        network.plug_in()
        yield network


@pytest.fixture(scope="module")
def urls(pair: StreamingPair, between: Relay) -> tuple[str, str]:
    """A database at head: on the primary, and on the standby."""
    return migrated(pair, between.port)


@pytest.fixture(scope="module")
def server(urls: tuple[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    settings = {"DATABASE_URL": urls[0], "DATABASE_READ_URL": urls[1], "REQUEST_TIMEOUT": str(DEADLINE)}
    settings["DATABASE_READ_MAX_LAG"] = "0.5"  # on a busy machine it lags
    with ServerProcess(tmp_path_factory.mktemp("replicas"), **settings) as running:
        yield running


@pytest.fixture
def http(server: ServerProcess, pair: StreamingPair) -> Iterator[httpx2.Client]:
    """A client of the service, which reads on the standby."""
    with server.client() as client:
        pair.catch_up()
        eventually("lists are read on the standby", lambda: reads_of_a_list(client, pair) == (0, 1))
        yield client


def test_lists_and_exports_are_read_on_the_standby(http: httpx2.Client, pair: StreamingPair) -> None:
    create(http, unique())
    pair.catch_up()
    assert reads_of(http, pair, f"{USERS}?limit=1&sort=-created_at") == (0, 1)
    assert reads_of(http, pair, USERS, Prefer="count=exact") == (0, 2)
    assert reads_of(http, pair, f"{USERS}/export") == (0, 1)


def test_one_user_is_read_on_the_primary(http: httpx2.Client, pair: StreamingPair) -> None:
    user = create(http, unique())
    pair.catch_up()
    path = f"{USERS}/{user['id']}"
    assert reads_of(http, pair, path) == (1, 0)
    tag = http.get(path).headers["etag"]
    assert reads_of(http, pair, path, **{"If-None-Match": tag}) == (1, 0)


@contextmanager
def replay_paused(pair: StreamingPair) -> Iterator[None]:
    pair.on_standby("SELECT pg_wal_replay_pause()")
    try:
        yield
    finally:
        pair.on_standby("SELECT pg_wal_replay_resume()")


def test_what_was_written_is_in_the_list_that_follows(http: httpx2.Client, pair: StreamingPair) -> None:
    _, before = pair.reads()
    for _ in range(50):
        email = unique()
        create(http, email)
        assert listed(http)[0] == email
        assert email in http.get(f"{USERS}/export").text
    assert pair.reads()[1] > before


def test_what_another_worker_wrote_is_in_the_list_that_follows(
    pair: StreamingPair, urls: tuple[str, str], server: ServerProcess, http: httpx2.Client, tmp_path: Path
) -> None:
    """The worker that lists has seen nothing of the write: not even a position of the log."""
    with ServerProcess(tmp_path, DATABASE_URL=urls[0]) as other, other.client() as writer, replay_paused(pair):
        email = unique()
        create(writer, email)
        assert listed(http)[0] == email
    assert_left_and_returned(server, http, pair, "it lags more than DATABASE_READ_MAX_LAG")


def test_a_transaction_that_is_still_open_keeps_no_list_from_the_standby(
    pair: StreamingPair, urls: tuple[str, str], http: httpx2.Client
) -> None:
    """The log that it writes ends in the middle of a record, which the standby cannot replay yet."""
    with psycopg.connect(urls[0].replace("+psycopg", "")) as writer:
        [pages] = writer.execute("SHOW wal_block_size").fetchone() or ["8192"]
        for _ in range(20):
            writer.execute(
                "INSERT INTO users (email, name) SELECT gen_random_uuid(), 'A' FROM generate_series(1, 3000)"
            )
            time.sleep(0.3)  # the WAL writer comes every 0.2 seconds
            [[written]] = pair.on_primary("SELECT pg_wal_lsn_diff(pg_current_wal_flush_lsn(), '0/0')")
            if written % int(pages) == 0:
                break
        else:
            pytest.fail("the log never ended with a page")
        assert reads_of_a_list(http, pair) == (0, 1)
        writer.rollback()


def assert_left_and_returned(server: ServerProcess, http: httpx2.Client, pair: StreamingPair, reason: str) -> None:
    """The log of each worker says once why the standby was left, and once that it is used again, as it is."""
    eventually("lists are read on the standby again", lambda: reads_of_a_list(http, pair) == (0, 1))
    eventually("the log says so", lambda: server.log.count(LEFT) == server.log.count(RETURNED))
    last = server.log.rpartition(LEFT)[2]
    assert reason in last.splitlines()[0]
    assert 1 <= last.count(RETURNED) <= server.workers


def assert_read_on_the_primary(http: httpx2.Client) -> None:
    """A list, a page behind it, an export and readiness are as usual, whatever became of the standby."""
    email = unique()
    for one in (unique(), email):
        create(http, one)
    assert listed(http)[0] == email
    page = http.get(USERS, params={"limit": 1}).json()
    second = http.get(USERS, params={"limit": 1, "cursor": page["next_cursor"]}).json()
    assert page["items"][0]["id"] < second["items"][0]["id"]
    began = time.monotonic()
    exported = http.get(f"{USERS}/export")
    assert (exported.status_code, email in exported.text) == (200, True)
    assert time.monotonic() - began < DEADLINE / 2 + LATE
    assert http.get("/readyz").status_code == 200


def test_a_standby_that_is_stopped_is_done_without(
    server: ServerProcess, http: httpx2.Client, pair: StreamingPair
) -> None:
    create(http, unique())
    pair.standby_server.stop_serving()
    try:
        assert_read_on_the_primary(http)
    finally:
        pair.standby_server.serve_again()
    assert_left_and_returned(server, http, pair, "it does not answer")


def test_a_standby_that_is_frozen_is_done_without(
    server: ServerProcess, http: httpx2.Client, pair: StreamingPair
) -> None:
    create(http, unique())
    with pair.standby_server.frozen():
        assert_read_on_the_primary(http)
        began = time.monotonic()
        assert listed(http)
        assert time.monotonic() - began < LATE  # it is not tried again each time
    assert_left_and_returned(server, http, pair, "")


def test_a_service_that_is_told_to_stop_does_not_wait_for_a_frozen_standby(
    pair: StreamingPair, urls: tuple[str, str], tmp_path: Path
) -> None:
    settings = {"DATABASE_URL": urls[0], "DATABASE_READ_URL": urls[1], "REQUEST_TIMEOUT": "1"}
    with ServerProcess(tmp_path, **settings) as server, server.client() as http:
        assert http.get(USERS).status_code == 200
        with pair.standby_server.frozen(), ThreadPoolExecutor(5) as clients:
            answers = [clients.submit(http.get, USERS) for _ in range(5)]
            eventually("the standby is left", lambda: LEFT in server.log)
            began = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - began < DEADLINE
            assert {one.result().status_code for one in answers} == {200}


def test_a_network_that_drops_packets_to_the_standby_is_done_without(
    server: ServerProcess, http: httpx2.Client, pair: StreamingPair, between: Relay
) -> None:
    create(http, unique())
    between.freeze()
    try:
        with ThreadPoolExecutor(20) as clients:
            lists = [clients.submit(listed, http) for _ in range(20)]
            assert all(one.result() for one in lists)
        assert_read_on_the_primary(http)
    finally:
        between.thaw()
    assert_left_and_returned(server, http, pair, "")


def test_a_network_that_breaks_connections_to_the_standby_is_done_without(
    server: ServerProcess, http: httpx2.Client, pair: StreamingPair, between: Relay
) -> None:
    create(http, unique())
    between.unplug()
    try:
        assert_read_on_the_primary(http)
    finally:
        between.plug_in()
    assert_left_and_returned(server, http, pair, "No database server answers at the address in DATABASE_READ_URL.")


def test_a_standby_that_receives_nothing_is_used_until_something_is_written(
    server: ServerProcess, http: httpx2.Client, pair: StreamingPair
) -> None:
    """Without writes it is as far as the primary, however long ago it heard of it."""
    own = pair.on_standby("SHOW primary_conninfo")[0][0]
    pair.on_standby("ALTER SYSTEM SET primary_conninfo = ''")
    pair.on_standby("SELECT pg_reload_conf()")
    try:
        eventually("the link is broken", lambda: not pair.on_standby("SELECT pid FROM pg_stat_wal_receiver"))
        assert reads_of_a_list(http, pair) == (0, 1)
        assert_read_on_the_primary(http)
    finally:
        pair.on_standby(f"ALTER SYSTEM SET primary_conninfo = '{own}'")
        pair.on_standby("SELECT pg_reload_conf()")
    assert_left_and_returned(server, http, pair, "it lags more than DATABASE_READ_MAX_LAG")


def test_a_read_that_recovery_cancels_is_made_on_the_primary(
    pair: StreamingPair, urls: tuple[str, str], http: httpx2.Client
) -> None:
    """Rows that it may see are removed from the standby while it runs."""
    create(http, unique())
    database = urls[0].rpartition("/")[2]
    pair.on_primary("ALTER TABLE users RENAME TO slow_users", database)
    # On the standby it is read for longer than the request may take.
    pair.on_primary(
        "CREATE VIEW users AS SELECT one.* FROM slow_users AS one,"
        " pg_sleep(CASE WHEN pg_is_in_recovery() THEN 5 ELSE 0 END)",
        database,
    )
    try:
        pair.catch_up()
        with ThreadPoolExecutor(1) as clients:
            answer = clients.submit(http.get, f"{USERS}?limit=1")
            eventually("the standby reads", lambda: pair.on_standby(_SLEEPING) == [(1,)])
            pair.on_primary("UPDATE slow_users SET name = name || '!'", database)
            pair.on_primary("VACUUM slow_users", database)
            assert answer.result().status_code == 200
        assert "canceling statement due to conflict with recovery" in pair.standby_log
    finally:
        pair.on_primary("DROP VIEW users", database)
        pair.on_primary("ALTER TABLE slow_users RENAME TO users", database)
    pair.catch_up()
    eventually("lists are read on the standby", lambda: reads_of_a_list(http, pair) == (0, 1))
