"""The installed console script, and the server it starts, as real processes."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

import httpx2

from entrypoints.settings import Settings
from foundation.kernel.access.principal import ANONYMOUS
from warm_commands import run_service

CONSOLE_SCRIPT = str(Path(sys.executable).parent / "fastapi-service")

# Generous, for a machine that is busy with other things; nothing ever waits this long when all is well.
PATIENCE = 30.0
# Names the environment variable with the number of workers of each server, where a test does not choose it.
WORKERS = "TEST_SERVER_WORKERS"
# And the one with the AUTH_MODE of each server, where a test does not choose it.
AUTH_MODE = "TEST_SERVER_AUTH_MODE"
_PAUSE = 0.01
_BEFORE_HOST = re.compile(rb"( HTTP/1\.[01]\r\n)(?=Host:)")


def environment(**settings: str) -> dict[str, str]:
    """The environment of this process with these settings of the service, and no other."""
    ours = {name.upper() for name in Settings.model_fields}
    inherited = {name: value for name, value in os.environ.items() if name.upper() not in ours}
    return inherited | settings


def run_cli(*arguments: str, cwd: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run `fastapi-service` to its end, in the directory `cwd`."""
    if not any(name.startswith("PYTHON") for name in settings):
        return run_service(*arguments, cwd=cwd, environment=environment(**settings), patience=PATIENCE)
    # What Python reads when it starts, a process that runs already would not see.
    return subprocess.run(
        [CONSOLE_SCRIPT, *arguments],
        cwd=cwd,
        env=environment(**settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


def eventually(description: str, holds: Callable[[], bool]) -> None:
    """Wait until `holds()`, and fail when it never does."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {PATIENCE:g} s for this in vain: {description}")
        time.sleep(_PAUSE)


def _workers(url: str) -> dict[str, str]:
    """The setting of the workers that the run is about, where several can share the storage."""
    workers = os.environ.get(WORKERS, "1")
    return {} if url.startswith("memory:") or workers == "1" else {"SERVER_WORKERS": workers}


class _Connection(socket.socket):
    """Sends a credential, if there is one, in each head whose first line is followed by `Host`, as those here are."""

    def __init__(self, credential: str | None) -> None:
        super().__init__()
        self._credential = None if credential is None else f"\\1Authorization: Bearer {credential}\r\n".encode()

    def sendall(self, data: Any, flags: int = 0) -> None:
        super().sendall(data if self._credential is None else _BEFORE_HOST.sub(self._credential, data), flags)


class ServerProcess:
    """`fastapi-service serve` on a free port: a context manager, within which the server runs.

    Entering it waits until `ready` is answered with 200. The log goes to `directory`, which is also where the
    server runs. `command` is what to run instead of the console script. `workers` is how many processes serve.

    With an `auth_mode` the server asks for credentials: `credential`, which `client()` and `connect()` send, is one of
    `principal`, and has every scope.
    """

    running: ClassVar[list["ServerProcess"]] = []
    """Those of this test process, so that a failure can be reported with their logs."""

    def __init__(
        self,
        directory: Path,
        *options: str,
        ready: str = "/readyz",
        command: Sequence[str] = (CONSOLE_SCRIPT,),
        auth_mode: str | None = None,
        **settings: str,
    ) -> None:
        self._directory = directory
        self._ready = ready
        self._command = [*command, "serve", "--port", "0", *options]
        # Only the tests of draining want to wait for it.
        self._settings = {"SERVER_DRAIN_DELAY": "0"} | _workers(settings.get("DATABASE_URL", "")) | settings
        chosen = (
            options[options.index("--workers") + 1] if "--workers" in options else self._settings.get("SERVER_WORKERS")
        )
        self.workers = int(chosen or 1)
        self._log = directory / "server.log"
        if auth_mode is None:
            auth_mode = "" if "AUTH_MODE" in settings else os.environ.get(AUTH_MODE, "")
        self._auth_mode = auth_mode
        self.credential: str | None = None
        self.principal = ANONYMOUS

    def __enter__(self) -> Self:
        with ExitStack() as until_it_serves:
            self._authenticate(until_it_serves)
            self._start()
            self._until_the_end = until_it_serves.pop_all()
        return self

    def _authenticate(self, until_the_end: ExitStack) -> None:
        if not self._auth_mode:
            return
        from e2e.credentials import issued  # which runs commands

        found = until_the_end.enter_context(issued(self._auth_mode, self._directory, self._settings))
        self.credential, self.principal = found.credential, found.principal
        self._settings |= found.settings

    def _start(self) -> None:
        with self._log.open("ab") as log:
            self._began = log.tell()
            self._process = subprocess.Popen(
                self._command,
                cwd=self._directory,
                env=environment(**self._settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.running.append(self)
        try:
            self._wait_until_it_serves()
        except BaseException:
            self.kill()
            self.running.remove(self)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        finally:
            self.running.remove(self)
            self._until_the_end.close()

    @property
    def pid(self) -> int:
        """The process that was started: the server itself, or the one that watches over its workers."""
        return self._process.pid

    @property
    def log(self) -> str:
        """What it has logged since it was started."""
        return self._log.read_bytes()[self._began :].decode("utf-8", "replace")

    @property
    def worker_pids(self) -> list[int]:
        """The processes that serve requests."""
        return [int(pid) for pid in re.findall(r"Started server process \[(\d+)\]", self.log)]

    def client(self) -> httpx2.Client:
        """A client with connections of its own, whose addresses begin behind the port."""
        headers = {"Authorization": f"Bearer {self.credential}"} if self.credential else {}
        # Without TLS; making a context for it takes longer than most tests.
        return httpx2.Client(base_url=self.url, headers=headers, timeout=PATIENCE, trust_env=False, verify=False)

    def connect(self, *, with_credential: bool = True, receive_buffer: int | None = None) -> socket.socket:
        """A connection for bytes that no client library would send, with so much room for answers."""
        address = urlsplit(self.url)
        connection = _Connection(self.credential if with_credential else None)
        if receive_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(PATIENCE)
        connection.connect((str(address.hostname), int(address.port or 0)))
        return connection

    def stop(self) -> int:
        """Ask it to stop, as a process supervisor does; returns its exit status, negative for a signal."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        return self._process.wait(PATIENCE)

    def kill(self) -> None:
        """End it and all its workers at once, as a power failure does."""
        if not self._has_ended():
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(PATIENCE)

    def _wait_until_it_serves(self) -> None:
        eventually("the server names its address", lambda: self._has_ended() or self._address() is not None)
        address = self._address()
        if address is None:
            raise AssertionError(f"the server ended before it served: {self.log}")
        self.url = address
        if self.workers > 1:
            started = "Application startup complete"
            eventually("all workers serve", lambda: self._has_ended() or self.log.count(started) >= self.workers)
        with self.client() as client:
            eventually(
                f"the server answers 200 to {self._ready}",
                lambda: self._has_ended() or _answers_200(client, self._ready),
            )
        if self._has_ended():
            raise AssertionError(f"the server ended before it was ready: {self.log}")

    def _has_ended(self) -> bool:
        return self._process.poll() is not None

    def _address(self) -> str | None:
        found = re.search(r"Uvicorn running on (http://\S+)", self.log)
        return found[1] if found else None


def _answers_200(client: httpx2.Client, path: str) -> bool:
    try:
        return client.get(path).status_code == 200
    except httpx2.TransportError:
        return False
