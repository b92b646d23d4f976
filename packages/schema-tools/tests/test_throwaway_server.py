"""The throwaway PostgreSQL server: real, private, and gone when its owner is."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from schema_tools.errors import PostgresUnavailable, SchemaToolsError
from schema_tools.postgres.account import ThrowawayDirectory
from schema_tools.postgres.binaries import PostgresInstallation
from schema_tools.postgres.databases import RunningPostgres, data_directory
from schema_tools.postgres.server import PostgresServer
from schema_tools.testing.plain_sql import connected
from schema_tools.testing.postgres_servers import ABSENT, SELECTION


@pytest.fixture(params=list(SELECTION.installations) or [ABSENT])
def installation(request: pytest.FixtureRequest) -> PostgresInstallation:
    """Each installation that the suite starts servers from."""
    if request.param == ABSENT:
        pytest.fail(SELECTION.problem, pytrace=False)
    return SELECTION.installations[request.param]


def test_it_runs_the_release_it_was_asked_for_and_leaves_nothing_behind(installation: PostgresInstallation) -> None:
    throwaway = PostgresServer(installation)
    with throwaway as server:
        assert server.version[0] == installation.major
        home = data_directory(server.admin).parent
        pid = throwaway.pid
        assert home.is_dir()

    assert not home.exists()
    assert pid is not None
    assert not _runs(pid)


def test_nobody_comes_in_without_the_password(installation: PostgresInstallation) -> None:
    with PostgresServer(installation) as server, pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(host="127.0.0.1", port=server.admin.port, user="postgres", password="guess")  # noqa: S106


def test_databases_are_copied_from_a_template_and_dropped_while_in_use(installation: PostgresInstallation) -> None:
    with PostgresServer(installation) as server:
        with connected(server.create_database("first one")) as connection:
            connection.execute(text("CREATE TABLE kept (id integer)"))
        copy = server.create_database("copy", template="first one")
        with connected(copy) as connection:
            assert connection.execute(text("SELECT count(*) FROM kept")).scalar() == 0
        with psycopg.connect(copy.set(drivername="postgresql").render_as_string(hide_password=False)):
            server.drop_database("copy")
        server.drop_database("copy")

        with pytest.raises(SchemaToolsError, match="does not exist"):
            RunningPostgres.at(server.url("copy"))


def test_text_is_ordered_the_same_on_every_machine(installation: PostgresInstallation) -> None:
    question = "SELECT 'b' > 'C', upper('\u00e9'), current_setting('TimeZone')"
    with PostgresServer(installation) as server, connected(server.admin) as connection:
        assert tuple(connection.execute(text(question)).one()) == (True, "\u00c9", "UTC")


OWNER = """
import sys, time
from pathlib import Path
from schema_tools.postgres.binaries import find_installations
from schema_tools.postgres.server import PostgresServer

server = PostgresServer(find_installations(Path(sys.argv[1]))[0])
with server:
    print(server.pid, flush=True)
    time.sleep(600)
"""


# Elsewhere no kernel tells a process that its owner has died.
if sys.platform == "linux":

    def test_it_ends_with_an_owner_that_is_killed(installation: PostgresInstallation) -> None:
        owner = subprocess.Popen(
            [sys.executable, "-c", OWNER, str(installation.bindir)], stdout=subprocess.PIPE, text=True
        )
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        assert _runs(pid)

        owner.kill()
        owner.communicate()

        deadline = time.monotonic() + 30
        while _runs(pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not _runs(pid)


def test_what_a_killed_owner_left_is_deleted_on_the_next_occasion(tmp_path: Path) -> None:
    abandoned, young, owned = (ThrowawayDirectory(tmp_path) for _ in range(3))
    for directory in (abandoned, young):
        # What the kernel does when a process ends.
        os.close(directory._lock or -1)
        directory._lock = None
    for directory in (abandoned, owned):
        os.utime(directory.path, (0, 0))

    ThrowawayDirectory(tmp_path)

    assert [one.path.exists() for one in (abandoned, young, owned)] == [False, True, True]


def test_a_server_that_cannot_start_says_why(installation: PostgresInstallation) -> None:
    with (
        pytest.raises(PostgresUnavailable, match=r"did not start: .*no_such_setting"),
        PostgresServer(installation, settings={"no_such_setting": "1"}),
    ):
        pass


def _runs(pid: int) -> bool:
    """Whether the process runs; one that has ended, and that nobody has asked for its status, does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
