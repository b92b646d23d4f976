"""A command that a signal ends while it rehearses leaves no server and no directory behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from schema_tools.postgres.databases import RunningPostgres
from schema_tools.testing.postgres_servers import POSTGRES_NAMES, PostgresServers
from scratch_project import ScratchProject

PATIENCE = 60.0
STARTED = "from pathlib import Path; Path('started').touch()"
WAITS = {
    "in Python": f"{STARTED}\n    import time; time.sleep(60)",
    "in the database": f"{STARTED}\n    op.execute('SELECT pg_sleep(60)')",
}


@pytest.fixture
def newest(postgres_servers: PostgresServers) -> RunningPostgres:
    return postgres_servers.server(POSTGRES_NAMES[-1])


def rehearsing(directory: Path, *prefix: str) -> subprocess.Popen[str]:
    """A rehearsal that has come to the revision that waits; its temporary files are in `temporary`."""
    (directory / "temporary").mkdir()
    (directory / "tables_of_nothing.py").write_text("from sqlalchemy import MetaData\n\nmetadata = MetaData()\n")
    command = [*prefix, sys.executable, "-m", "schema_tools", "verify", "--metadata", "tables_of_nothing:metadata"]
    process = subprocess.Popen(
        command,
        cwd=directory,
        env={**os.environ, "TMPDIR": str(directory / "temporary")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + PATIENCE
    while not (directory / "started").exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "the rehearsal did not come to the revision"
        time.sleep(0.05)
    return process


def servers(directory: Path) -> list[int]:
    """The processes of the servers whose directories are there."""
    files = (directory / "temporary").glob("throwaway-postgres-*/data/postmaster.pid")
    return [int(one.read_text().splitlines()[0]) for one in files]


@pytest.mark.parametrize("waiting", WAITS)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_server_and_removes_what_was_made(
    tmp_path: Path, newest: RunningPostgres, number: signal.Signals, waiting: str
) -> None:
    ScratchProject.made(tmp_path, newest).revision("first", WAITS[waiting])
    process = rehearsing(tmp_path)
    (server,) = servers(tmp_path)

    process.send_signal(number)
    _, errors = process.communicate(timeout=PATIENCE)

    assert (process.returncode, errors) == (128 + number, "")
    assert list((tmp_path / "temporary").iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(server, 0)


def test_a_command_under_nohup_is_not_ended_with_its_terminal(tmp_path: Path, newest: RunningPostgres) -> None:
    ScratchProject.made(tmp_path, newest).revision("first", f"{STARTED}\n    import time; time.sleep(1)")
    process = rehearsing(tmp_path, "nohup")

    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=PATIENCE)

    assert process.returncode in {0, 1}
    assert list((tmp_path / "temporary").iterdir()) == []
