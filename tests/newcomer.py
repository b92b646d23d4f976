"""A newcomer with a copy of the project: types what a page tells to type, and sees whether it works."""

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template

import httpx2 as httpx
import pytest

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent

EXAMPLE_URL = "postgresql+psycopg://service:secret@localhost/service"


def copy_project(destination: Path) -> Path:
    """The project, as a clone would have it, at `destination`, which must not exist."""
    left_out = shutil.ignore_patterns(".venv*", ".git", ".cache", ".hypothesis", "var", "__pycache__", ".env")
    return Path(shutil.copytree(ROOT, destination, ignore=left_out))


class Newcomer:
    """Types the commands: keeps the environment that was exported, and the server that was started."""

    def __init__(self, directory: Path, database_url: str) -> None:
        # The environment is shared with the project. Were it out of date, make would install the copy into it.
        subprocess.run(
            [sys.executable, "-E", ROOT / "scripts/environment.py", "--venv", BIN.parent, "dev"],
            cwd=ROOT,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        self.directory = directory
        self._database_url = database_url
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.environment = {
            "PATH": os.environ["PATH"],
            "VENV": str(BIN.parent),
            "PYTHON": sys.executable,
            # The environment has the project installed from where it is developed; here, the copy comes first.
            "PYTHONPATH": os.pathsep.join(map(str, (directory / "src", *sorted(directory.glob("packages/*/src"))))),
            "SERVER_PORT": str(self.port),
        }
        self._server: subprocess.Popen[bytes] | None = None

    def type(self, command: str) -> None:
        words = [Template(word).safe_substitute(self.environment) for word in shlex.split(command)]
        if command == "make run" or "serve" in words:
            self.serve(command)
        elif words[0] == "curl":
            self._curl(words[1:])
        elif words[0] == "export":
            name, _, value = words[1].partition("=")
            self.environment[name] = self._database_url if value == EXAMPLE_URL else value
        else:
            self.run(command)

    def run(self, command: str) -> str:
        done = subprocess.run(
            ["/bin/sh", "-c", command.replace(".venv/bin/", f"{shlex.quote(str(BIN))}/")],
            cwd=self.directory,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def serve(self, command: str) -> None:
        self.stop()
        self._server = subprocess.Popen(
            ["/bin/sh", "-c", "exec " + command.replace(".venv/bin/", f"{shlex.quote(str(BIN))}/")],
            cwd=self.directory,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"http://127.0.0.1:{self.port}/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        pytest.fail(f"{command} does not serve")

    def stop(self) -> None:
        if self._server is not None:
            os.killpg(self._server.pid, signal.SIGTERM)
            self._server.wait(30)
            self._server = None
            # make ends before the server does, which finishes what it has accepted.
            deadline = time.monotonic() + 30
            while self._answers() and time.monotonic() < deadline:
                time.sleep(0.05)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _curl(self, arguments: list[str]) -> None:
        """What curl would do: it may not be there, on a machine with Python and make alone."""
        method, url, headers, body, output = "", "", {}, None, ""
        words = iter(arguments)
        for word in words:
            if word == "-X":
                method = next(words)
            elif word == "-H":
                name, _, value = next(words).partition(": ")
                headers[name] = value
            elif word in {"-d", "--data-binary"}:
                text = next(words)
                body = (self.directory / text[1:]).read_bytes() if text.startswith("@") else text.encode()
            elif word == "-o":
                output = next(words)
            elif word != "-i":
                url = word.replace(":8000", f":{self.port}")
        answer = httpx.request(method or ("POST" if body else "GET"), url, headers=headers, content=body)
        assert answer.is_success, (arguments, answer.text)
        if output:
            (self.directory / output).write_bytes(answer.content)


@contextmanager
def newcomer(directory: Path, database_url: str) -> Iterator[Newcomer]:
    somebody = Newcomer(directory, database_url)
    try:
        yield somebody
    finally:
        somebody.stop()
