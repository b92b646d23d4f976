"""Servers that lists cannot be read on, although they answer: the primary is asked, and the log says why."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from sqlalchemy import URL

from e2e.answers import create
from e2e.processes import ServerProcess, eventually, run_cli
from e2e.relay import relay
from faults.lists import LEFT, USERS, listed, migrated, reads_of_a_list, unique
from faults.standby import StandbyServer, StreamingPair, streaming_pair

UNUSED_PORT = 1


@pytest.fixture(scope="module")
def pair() -> Iterator[StreamingPair]:
    with streaming_pair() as running:
        yield running


def shown(url: URL) -> str:
    return url.render_as_string(hide_password=False)


@contextmanager
def service(directory: Path, **settings: str) -> Iterator[tuple[ServerProcess, httpx2.Client]]:
    # A standby on a busy machine lags.
    with ServerProcess(directory, DATABASE_READ_MAX_LAG="2", **settings) as server, server.client() as http:
        yield server, http


def test_another_server_is_not_read(pair: StreamingPair, one_postgres_url: str, tmp_path: Path) -> None:
    own, _ = migrated(pair, 0)
    with service(tmp_path, DATABASE_URL=own, DATABASE_READ_URL=one_postgres_url) as (server, http):
        email = unique()
        create(http, email)
        assert listed(http) == [email]
        eventually("the log says why", lambda: "it is no standby of the server in DATABASE_URL" in server.log)


def test_another_database_of_the_standby_is_not_read(pair: StreamingPair, tmp_path: Path) -> None:
    port = int(pair.standby.admin.port or 0)
    own, other = migrated(pair, port)[0], migrated(pair, port)[1]
    with service(tmp_path, DATABASE_URL=own, DATABASE_READ_URL=other) as (server, http):
        email = unique()
        create(http, email)
        assert listed(http) == [email]
        eventually("the log says why", lambda: "another database of one" in server.log)


def test_the_primary_itself_is_no_standby(pair: StreamingPair, tmp_path: Path) -> None:
    own, _ = migrated(pair, 0)
    with service(tmp_path, DATABASE_URL=own, DATABASE_READ_URL=own) as (server, http):
        create(http, unique())
        assert reads_of_a_list(http, pair)[1] == 0
        eventually("the log says why", lambda: "it is not a standby" in server.log)


def test_a_standby_that_is_not_there_at_the_start_is_used_when_it_is(pair: StreamingPair, tmp_path: Path) -> None:
    own, replica = migrated(pair, int(pair.standby.admin.port or 0))
    pair.standby_server.stop_serving()
    try:
        with service(tmp_path, DATABASE_URL=own, DATABASE_READ_URL=replica) as (server, http):
            assert listed(http) == []
            eventually("the log says why", lambda: "No database server answers" in server.log)
            pair.standby_server.serve_again()
            eventually("lists are read on the standby", lambda: reads_of_a_list(http, pair) == (0, 1))
    finally:
        if not pair.standby_server.serves:
            pair.standby_server.serve_again()


def test_of_several_hosts_one_that_is_a_standby_is_read(pair: StreamingPair, tmp_path: Path) -> None:
    """None listens at the first, the primary is the second."""
    port = int(pair.standby.admin.port or 0)
    own, _ = migrated(pair, port)
    login, _, rest = own.partition("@")
    hosts = f"host=127.0.0.1,127.0.0.1,127.0.0.1&port={UNUSED_PORT},{pair.primary.admin.port},{port}"
    several = (
        f"{login}@/{rest.rpartition('/')[2]}?{hosts}&target_session_attrs=prefer-standby&load_balance_hosts=random"
    )
    with service(tmp_path, DATABASE_URL=own, DATABASE_READ_URL=several) as (server, http):
        pair.catch_up()
        for _ in range(5):
            eventually("lists are read on the standby", lambda: reads_of_a_list(http, pair) == (0, 1))
        assert LEFT not in server.log


def test_of_two_hosts_one_that_answers_nothing_is_passed_over(pair: StreamingPair, tmp_path: Path) -> None:
    port = int(pair.standby.admin.port or 0)
    own, _ = migrated(pair, port)
    login, _, rest = own.partition("@")
    with relay(("127.0.0.1", port)) as frozen:
        frozen.plug_in()
        frozen.freeze()
        hosts = f"host=127.0.0.1,127.0.0.1&port={frozen.port},{port}"
        replicas = f"{login}@/{rest.rpartition('/')[2]}?{hosts}"
        with service(tmp_path, DATABASE_URL=own, DATABASE_READ_URL=replicas) as (server, http):
            assert reads_of_a_list(http, pair) == (0, 1)
            assert LEFT not in server.log
        frozen.thaw()


def test_a_database_whose_transactions_are_serializable_is_read_on_its_standby(
    pair: StreamingPair, tmp_path: Path
) -> None:
    own, replica = migrated(pair, int(pair.standby.admin.port or 0))
    name = own.rpartition("/")[2]
    pair.on_primary(f'ALTER DATABASE "{name}" SET default_transaction_isolation = serializable')
    with service(tmp_path, DATABASE_URL=own, DATABASE_READ_URL=replica) as (server, http):
        create(http, unique())
        pair.catch_up()
        eventually("lists are read on the standby", lambda: reads_of_a_list(http, pair) == (0, 1))
        assert LEFT not in server.log


def test_the_command_line_lists_what_was_written_before(pair: StreamingPair, tmp_path: Path) -> None:
    own, replica = migrated(pair, int(pair.standby.admin.port or 0))
    settings = {"DATABASE_URL": own, "DATABASE_READ_URL": replica, "DATABASE_READ_MAX_LAG": "2"}
    created = run_cli("users", "create", "--email", "ada@example.com", "--name", "Ada", cwd=tmp_path, **settings)
    assert created.returncode == 0
    before = pair.reads()[1]
    listing = run_cli("users", "list", cwd=tmp_path, **settings)
    assert (listing.returncode, "ada@example.com" in listing.stdout, listing.stderr) == (0, True, "")
    assert pair.reads()[1] > before


def test_a_standby_that_is_promoted_is_not_read_any_more(tmp_path: Path) -> None:
    with streaming_pair() as pair:
        own, replica = migrated(pair, int(pair.standby.admin.port or 0))
        with service(tmp_path, DATABASE_URL=own, DATABASE_READ_URL=replica) as (server, http):
            eventually("lists are read on the standby", lambda: reads_of_a_list(http, pair) == (0, 1))
            pair.on_standby("SELECT pg_promote()")
            email = unique()
            create(http, email)
            assert listed(http) == [email]
            eventually("the log says why", lambda: "it is not a standby" in server.log)
            assert http.get("/readyz").status_code == 200


def test_a_standby_that_is_ahead_of_a_new_primary_is_not_read(tmp_path: Path) -> None:
    """It received from the primary before what the one that was promoted had not received."""
    with streaming_pair() as pair:
        behind = StandbyServer(pair.standby_server.installation, settings={}, primary=pair.primary)
        with behind as promoted:
            own, replica = migrated(pair, int(pair.standby.admin.port or 0))
            name = own.rpartition("/")[2]
            eventually("the other one has the database", lambda: has_database(pair, promoted.admin, name))
            behind.stop_serving()
            for _ in range(100):
                pair.on_primary(
                    "INSERT INTO users (email, name) VALUES (gen_random_uuid() || '@example.com', 'A')", name
                )
            pair.catch_up()
            pair.primary_server.stop()
            behind.serve_again()
            pair.rows_of(promoted.admin, "SELECT pg_promote()")
            settings = {"DATABASE_URL": shown(promoted.url(name)), "DATABASE_READ_URL": replica}
            with service(tmp_path, **settings) as (server, http):
                assert http.get(USERS).json()["items"] == []
                eventually("the log says why", lambda: "it is ahead of the primary" in server.log)


def has_database(pair: StreamingPair, admin: URL, name: str) -> bool:
    return (name,) in pair.rows_of(admin, "SELECT datname FROM pg_database")


def test_a_url_that_no_replica_can_have_stops_the_start(tmp_path: Path) -> None:
    primary = "postgresql+psycopg://role:s3cret@127.0.0.1/name"
    sqlite = "sqlite+aiosqlite:///a.db"
    for settings, sentence in (
        ({"DATABASE_READ_URL": sqlite}, "must begin with postgresql+psycopg://"),
        ({"DATABASE_READ_URL": f"{primary}?no_such=1"}, "DATABASE_READ_URL has a parameter after the ? that"),
        ({"DATABASE_READ_URL": "postgresql+psycopg://h:port/name"}, "DATABASE_READ_URL is no valid"),
        ({"DATABASE_READ_URL": primary, "DATABASE_URL": "memory://"}, "DATABASE_READ_URL names a replica"),
        (
            {"DATABASE_READ_URL": primary, "DATABASE_URL": sqlite},
            "DATABASE_READ_URL names a replica",
        ),
        ({"DATABASE_READ_MAX_LAG": "3"}, "DATABASE_READ_MAX_LAG must be from 0 to 2 seconds"),
    ):
        done = run_cli("serve", "--port", "0", cwd=tmp_path, **({"DATABASE_URL": primary} | settings))
        assert (done.returncode, sentence in done.stderr, "Traceback" in done.stderr) == (2, True, False), done.stderr
        assert "s3cret" not in done.stderr
