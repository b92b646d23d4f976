"""A primary and a standby that follows it by streaming: real servers, thrown away at the end."""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import URL

from schema_tools.postgres import launcher
from schema_tools.postgres.account import Account
from schema_tools.postgres.databases import RunningPostgres
from schema_tools.postgres.server import PostgresServer
from schema_tools.testing.postgres_servers import SELECTION

PATIENCE = 30.0


@dataclass(eq=False)
class StandbyServer(PostgresServer):
    """A standby of the server at `primary`, made of a copy of its files; the address stays for its life."""

    primary: RunningPostgres | None = None
    port: int = 0

    @property
    def serves(self) -> bool:
        """Whether the server runs."""
        return self._process is not None and self._process.poll() is None

    def stop_serving(self) -> None:
        """Shut the server down; its files stay."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        self._process.wait(PATIENCE)

    def serve_again(self) -> None:
        """Start the server once more, at the same address."""
        assert self._account is not None
        self._process = self._launch(self._account, self.port, self._account.home / "server.log")
        assert self._becomes_ready(self._account.home / "data" / "postmaster.pid", self._process)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Every process of the server is stopped as by a debugger: sockets stay open, nothing is answered."""
        pids = [int(self.pid or 0)]
        with suppress(FileNotFoundError):
            pids += [int(one) for one in Path(f"/proc/{pids[0]}/task/{pids[0]}/children").read_text().split()]
        _signal_all(pids, signal.SIGSTOP)
        try:
            yield
        finally:
            _signal_all(pids, signal.SIGCONT)

    def _initialise(self, account: Account) -> None:
        assert self.primary is not None
        data = account.home / "data"
        source = _rows(self.primary.admin, "SHOW data_directory")[0][0]
        with _connected(self.primary.admin) as connection:
            connection.execute("SELECT pg_backup_start('standby', true)")
            shutil.copytree(source, data, ignore=_ignored, copy_function=_copied)
            [label] = connection.execute("SELECT labelfile FROM pg_backup_stop(false)").fetchall()
        (data / "backup_label").write_text(label[0])
        (data / "standby.signal").touch()
        with (data / "postgresql.auto.conf").open("a") as settings:
            settings.write(f"primary_conninfo = '{_conninfo(self.primary.admin)}'\nwal_retrieve_retry_interval = 100\n")
        self._password = str(self.primary.admin.password)
        data.chmod(0o700)
        if account.name == "nobody":
            for path in (data, *data.rglob("*")):
                os.chown(path, launcher.NOBODY, launcher.NOBODY)

    def _start(self, account: Account) -> RunningPostgres:
        running = super()._start(account)
        self.port = int(running.admin.port or 0)
        return running


def _signal_all(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _ignored(directory: str, names: list[str]) -> set[str]:
    # What a copy of a running server must not have (PostgreSQL manual, 25.3.4); the log is streamed.
    if Path(directory).name in {"pg_wal", "pg_replslot", "pg_dynshmem", "pg_notify", "pg_stat_tmp"}:
        return {name for name in names if Path(directory, name).is_file()}
    return {"postmaster.pid", "postmaster.opts"} & set(names)


def _copied(source: str, target: str) -> str:
    with suppress(FileNotFoundError):  # the server deletes files meanwhile
        shutil.copy2(source, target)
    return target


def _conninfo(admin: URL) -> str:
    return f"host={admin.host} port={admin.port} user={admin.username} password={admin.password}"


@contextmanager
def _connected(admin: URL) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(_conninfo(admin), dbname=admin.database, autocommit=True, connect_timeout=10) as connection:
        yield connection


def _rows(admin: URL, statement: str) -> list[tuple[Any, ...]]:
    with _connected(admin) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


@dataclass(frozen=True)
class StreamingPair:
    """A primary, and a standby that streams from it."""

    primary: RunningPostgres
    primary_server: PostgresServer
    standby: RunningPostgres
    standby_server: StandbyServer

    def reads(self) -> "tuple[int, int]":
        """How often users were read so far, on the primary and on the standby."""
        servers = (self.primary_server, self.standby_server)
        return (_log(servers[0]).count("\n\tFROM users"), _log(servers[1]).count("\n\tFROM users"))

    @staticmethod
    def rows_of(admin: URL, statement: str) -> list[tuple[Any, ...]]:
        """The rows of a statement on any server."""
        return _rows(admin, statement)

    @property
    def standby_log(self) -> str:
        """What the standby has logged."""
        return _log(self.standby_server)

    def on_primary(self, statement: str, database: str | None = None) -> list[tuple[Any, ...]]:
        """The rows of a statement on the primary; without a database, in that of the administrator."""
        return _rows(self.primary.url(database) if database else self.primary.admin, statement)

    def on_standby(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of a statement on the standby, in the database of the administrator."""
        return _rows(self.standby.admin, statement)

    def catch_up(self) -> None:
        """Wait until the standby has everything."""
        self.on_primary("SELECT pg_logical_emit_message(true, 'test', 'flushed with all before')")
        [(written,)] = self.on_primary("SELECT pg_current_wal_flush_lsn()")
        until = time.monotonic() + PATIENCE
        while not self.on_standby(f"SELECT pg_last_wal_replay_lsn() >= '{written}'")[0][0]:
            assert time.monotonic() < until, "the standby does not follow"
            time.sleep(0.01)


@contextmanager
def streaming_pair(**settings: str) -> Iterator[StreamingPair]:
    """A new primary and its standby, which has these `settings`, of the newest release that is here. About 3 s."""
    if not SELECTION.installations:
        pytest.fail(SELECTION.problem, pytrace=False)
    installation = list(SELECTION.installations.values())[-1]
    logged = {"log_statement": "all"}
    # The standby needs the log for as long as it takes to copy the files, and for as long as it is stopped.
    primary_server = PostgresServer(installation, settings={"wal_keep_size": "256MB"} | logged)
    with primary_server as primary:
        server = StandbyServer(installation, settings=settings | logged, primary=primary)
        with server as standby:
            yield StreamingPair(primary, primary_server, standby, server)


def _log(server: PostgresServer) -> str:
    assert server._account is not None
    return (server._account.home / "server.log").read_text(errors="replace")
