"""A real PostgreSQL server that is thrown away: for tests, and to generate migrations against.

It needs PostgreSQL's programs and nothing else: no service, no container, no account of its own. It takes less than a
second to start, listens on 127.0.0.1 with a random password, and ends with the process that started it.
"""

import atexit
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from sqlalchemy import URL

from schema_tools.errors import PostgresUnavailable, SchemaToolsError
from schema_tools.libpq_environment import is_ours, is_ours_no_longer
from schema_tools.postgres.account import Account, account_for
from schema_tools.postgres.binaries import PostgresInstallation
from schema_tools.postgres.databases import RunningPostgres, data_directory

# Never synchronous_commit=off beside these: a test that kills the server relies on what was committed.
NOT_DURABLE: Final = {"fsync": "off", "full_page_writes": "off"}

_SUPERUSER: Final = "postgres"
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 60.0
_ATTEMPTS: Final = 5
# LOCK_FILE_LINE_PM_STATUS of PostgreSQL's src/include/utils/pidfile.h, a line of postmaster.pid.
_STATUS_LINE: Final = 8
# Nothing of the caller's environment reaches the server: PGDATA and the like would mislead it.
_ENVIRONMENT: Final = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


ON_THIS_MACHINE: Final = {"sslmode": "disable", "target_session_attrs": "any"}
"""Parameters of a connection to such a server: PGSSLMODE and PGTARGETSESSIONATTRS are about another one."""


@dataclass(eq=False)
class PostgresServer:
    """A server in a temporary directory of its own: a context manager.

    Entering it starts the server and gives the `RunningPostgres` to make databases on; leaving it stops the server
    and deletes everything. On Linux the server also ends when the thread that started it does, however that comes.

    Attributes:
        installation: The programs to run.
        durable: Whether to wait for the disk, which only a test of what survives a crash of the machine needs.
        settings: More settings of the server, by name.

    Raises:
        PostgresUnavailable: On entering, when the server does not start; with the end of its output.
    """

    installation: PostgresInstallation
    durable: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    _account: Account | None = field(default=None, init=False)
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _port: int | None = field(default=None, init=False)
    _password: str = field(default_factory=lambda: secrets.token_urlsafe(16), init=False, repr=False)

    def __enter__(self) -> RunningPostgres:
        self._account = account_for(self.installation)
        atexit.register(self.stop)
        try:
            self._initialise(self._account)
            return self._start(self._account)
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_raised: object) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The process of the server while it runs."""
        return self._process.pid if self._process else None

    def stop(self) -> None:
        """Stop the server, closing every connection, and delete its directory. Nothing happens the second time."""
        atexit.unregister(self.stop)
        if self._process is not None:
            _end(self._process)
            self._process = None
        if self._port is not None:
            is_ours_no_longer(self._port)
            self._port = None
        if self._account is not None:
            self._account.directory.remove()
            self._account = None

    def _initialise(self, account: Account) -> None:
        password = account.private_file("password", self._password)
        # From 17 on the collation is PostgreSQL's own, the same on every system.
        locale = ["--locale=C.UTF-8"]
        if self.installation.major >= 17:  # noqa: PLR2004
            locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        command = account.command(
            self.installation.bindir / "initdb", "--pgdata", str(account.home / "data"), "--username", _SUPERUSER,
            "--auth", "scram-sha-256", "--pwfile", str(password), "--encoding", "UTF8", *locale,
            "--no-sync", "--no-instructions",
        )  # fmt: skip
        done = subprocess.run(  # noqa: S603 -- programs that were looked up
            command,
            umask=0o077, env=_ENVIRONMENT, cwd=account.home, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, errors="replace", check=False,
        )  # fmt: skip
        password.unlink()
        if done.returncode != 0:
            raise PostgresUnavailable(f"{self.installation} could not be set up: {_end_of(done.stderr)}")

    def _start(self, account: Account) -> RunningPostgres:
        log = account.home / "server.log"
        for _ in range(_ATTEMPTS):
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port: int = probe.getsockname()[1]
            self._process = self._launch(account, port, log)
            if self._becomes_ready(account.home / "data" / "postmaster.pid", self._process):
                return self._checked(account, port)
            _end(self._process)
            if "Address already in use" not in log.read_text(errors="replace"):
                break
        raise PostgresUnavailable(f"{self.installation} did not start: {_end_of(log.read_text(errors='replace'))}")

    def _launch(self, account: Account, port: int, log: Path) -> subprocess.Popen[bytes]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
            "timezone": "UTC",
            **({} if self.durable else NOT_DURABLE),
            **self.settings,
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        command = account.command(self.installation.bindir / "postgres", "-D", str(account.home / "data"), *options)
        with log.open("wb") as output:
            return subprocess.Popen(  # noqa: S603 -- programs that were looked up
                command,
                umask=0o077, env=_ENVIRONMENT, cwd=account.home,
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                # A Ctrl-C in the terminal is for the owner, who then stops the server cleanly.
                start_new_session=True,
            )  # fmt: skip

    def _becomes_ready(self, status_file: Path, process: subprocess.Popen[bytes]) -> bool:
        deadline = time.monotonic() + _START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            try:
                lines = status_file.read_text().splitlines()
            except FileNotFoundError:
                lines = []
            if len(lines) >= _STATUS_LINE and lines[_STATUS_LINE - 1].strip() == "ready":
                return True
            time.sleep(0.005)
        return False

    def _checked(self, account: Account, port: int) -> RunningPostgres:
        """The server, once it is certain that it is ours that answers on the port."""
        self._port = port
        is_ours(port)
        admin = URL.create("postgresql+psycopg", _SUPERUSER, self._password, "127.0.0.1", port, "postgres")
        here = admin.update_query_dict(ON_THIS_MACHINE)
        if data_directory(here).resolve() != (account.home / "data").resolve():
            raise SchemaToolsError(f"another server answers on port {port}")
        return replace(RunningPostgres.at(here), admin=admin)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Stop a server: SIGINT closes every connection and shuts down cleanly."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _end_of(output: str) -> str:
    return " / ".join(line.strip() for line in output.splitlines()[-3:] if line.strip()) or "it said nothing"
