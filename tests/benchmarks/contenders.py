"""The server processes that are compared."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from benchmarks import machine
from benchmarks.errors import BenchmarkFailed
from benchmarks.machine import pinned
from e2e.processes import environment

POOL_SIZE: Final = 10
"""Connections to PostgreSQL that each of them may hold."""

_BIN: Final = Path(sys.executable).parent
_PATIENCE: Final = 30.0
_PAUSE: Final = 0.002


@dataclass(frozen=True, slots=True)
class Contender:
    """A program that serves users.

    Attributes:
        name: How tables call it.
        command: What starts it; `{port}` stands for its port.
        settings: Its environment variables.
        rows: How many users it serves at first; their ids begin with 1.
        after: The parameter of a query that goes on behind the user of this id, in the order of ids, when only those
            are listed that were created after this time, or all.
    """

    name: str
    command: tuple[str, ...]
    settings: Mapping[str, str] = field(repr=False)
    rows: int
    after: Callable[[int, str | None], str]


def script(name: str) -> str:
    """The path of a program of this environment."""
    return str(_BIN / name)


class Server:
    """A contender that runs: a context manager. Entering it waits until it answers with 200 to `ready`.

    Raises:
        BenchmarkFailed: On entering, when it does not.
    """

    def __init__(self, contender: Contender, cores: frozenset[int], directory: Path, ready: str) -> None:
        self.contender = contender
        self._cores = cores
        self._log = directory / f"{contender.name.replace(' ', '-')}.log"
        self._directory = directory
        self._ready = ready

    def __enter__(self) -> Self:
        self.port = _free_port()
        command = [part.format(port=self.port) for part in self.contender.command]
        with self._log.open("wb") as log, pinned(self._cores):
            self.began = time.perf_counter()
            self._process = subprocess.Popen(
                command,
                # Where no .env is.
                cwd=self._directory,
                env=_environment(self.contender.settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self.ready_after = self.wait_for(self._ready)
        except BaseException:
            self._end()
            raise
        self.pids = machine.family(self._process.pid)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def wait_for(self, path: str) -> float:
        """Wait until `path` is answered with 200, and return when that was, in seconds since it was started."""
        deadline = self.began + _PATIENCE
        while (status := self._status_of(path)) != http.HTTPStatus.OK:
            if self._process.poll() is not None or time.perf_counter() > deadline:
                raise BenchmarkFailed(f"{self.contender.name} answers {status} to {path}: {self.last_words()}")
            time.sleep(_PAUSE)
        return time.perf_counter() - self.began

    def last_words(self) -> str:
        """The end of its log."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return " / ".join(line.strip() for line in lines[-5:] if line.strip()) or "it said nothing"

    def _status_of(self, path: str) -> int | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return None
        finally:
            connection.close()

    def _end(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    variables = environment(**settings)
    # A server in production finds its code compiled.
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    return variables


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
