"""Real pgbouncers between the service and its database."""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest
from sqlalchemy import URL, make_url

from e2e.processes import eventually
from schema_tools.postgres.account import Account, account_for
from schema_tools.postgres.binaries import PostgresInstallation

ROOT = Path(__file__).parents[3]
HOW_TO_GET_IT = "`python scripts/poolers.py` fetches it on Debian, or put it on the PATH"
# From which release on it keeps prepared statements in transaction mode.
KEEPS_STATEMENTS = (1, 21)
SETTINGS = """\
[databases]
* = host={host} port={port} user={user}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
pool_mode = transaction
default_pool_size = 2
server_login_retry = 1
stats_period = 3600
"""


@dataclass(frozen=True)
class Program:
    """A pgbouncer that is installed."""

    path: Path
    version: tuple[int, ...]


def programs() -> list[Program]:
    """Every pgbouncer of this machine, the oldest first."""
    on_path = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    paths = [*(ROOT / ".cache" / "poolers").glob("pgbouncer-*"), *([Path(on_path)] if on_path else [])]
    return sorted((Program(path, _version(path)) for path in paths), key=lambda one: one.version)


def _version(path: Path) -> tuple[int, ...]:
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"PgBouncer (\d+)\.(\d+)", said)
    assert found, said
    return tuple(map(int, found.groups()))


def program(*, keeps_statements: bool) -> Program:
    """The newest of those that keep prepared statements, or the oldest of those that do not; skips the test without."""
    found = [one for one in programs() if (one.version >= KEEPS_STATEMENTS) == keeps_statements]
    if not found:
        which = "1.21 or newer" if keeps_statements else "1.20 or older"
        pytest.skip(f"there is no pgbouncer {which}: {HOW_TO_GET_IT}")
    return found[-1 if keeps_statements else 0]


class PgBouncer:
    """A pgbouncer in transaction mode, which passes every database of the server at `target` on, with two connections.

    A context manager, within which it runs. `settings` are further lines of its section.
    """

    def __init__(self, program: Program, target: str, settings: Sequence[str] = ()) -> None:
        self._program = program
        self._target = make_url(target)
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]

    @property
    def url(self) -> str:
        """The URL of the database behind it."""
        return self.address.render_as_string(hide_password=False)

    @property
    def address(self) -> URL:
        """The same."""
        return self._target.set(host="127.0.0.1", port=self.port)

    @property
    def log(self) -> str:
        """What it has logged."""
        return self._log.read_text()

    def __enter__(self) -> Self:
        version = PostgresInstallation(self._program.path.parent, self._program.version, "pgbouncer")
        self._account: Account = account_for(version)
        user, password = self._target.username, self._target.password
        self._log = self._account.home / "pgbouncer.log"
        users = self._account.private_file("users.txt", f'"{user}" "{password}"\n')
        lines = SETTINGS.format(
            host=self._target.host, port=self._target.port, user=user, own_port=self.port, users=users
        )
        self._file = self._account.private_file("pgbouncer.ini", "\n".join([lines, *self._settings, ""]))
        try:
            self.start()
        except BaseException:
            self._account.directory.remove()
            raise
        return self

    def __exit__(self, *_raised: object) -> None:
        self.stop()
        self._account.directory.remove()

    def start(self) -> None:
        """Start it, and wait until it accepts connections."""
        with self._log.open("ab") as log:
            command = self._account.command(self._program.path, str(self._file))
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        eventually("pgbouncer accepts connections", self._accepts)

    def stop(self) -> None:
        """Stop it at once, which closes its connections."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            # From 1.23 on, SIGTERM waits for the clients.
            self._process.send_signal(signal.SIGQUIT if self._program.version >= (1, 23) else signal.SIGTERM)
            self._process.wait(30)
            self._process = None

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Inside, it does nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def _accepts(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError(f"pgbouncer ended: {self.log}")
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        time.sleep(0.02)
        return False
