"""How fast a file of users goes in and comes out again, and how much memory that takes.

Run by hand: `PYTHONPATH=tests .venv/bin/python tests/benchmarks/measure_import.py [ROWS]`, 100,000 unless told
otherwise. A server process, on PostgreSQL and then on SQLite, imports a file over HTTP and exports it; the export is
imported into an emptied storage and exported again, and both exports are the file, byte by byte. The commands do the
same. Memory is resident memory of the server: idle before, and its highest (`VmHWM` of proc(5)) after.
"""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NamedTuple

import httpx2
from sqlalchemy import text

from e2e.processes import CONSOLE_SCRIPT, ServerProcess, environment
from entrypoints.cli.schema_project import schema_project
from plain_sql import connected
from schema_tools.migrations import runner
from schema_tools.postgres.binaries import preferred_installation
from schema_tools.postgres.server import PostgresServer

MAX_GROWTH: Final = 30
"""Megabytes that an import or an export may add to the resident memory of an idle server."""

_MEDIA_TYPES: Final = {"ndjson": "application/x-ndjson", "csv": "text/csv"}


class Timing(NamedTuple):
    """Seconds that something took, for so many rows."""

    what: str
    seconds: float
    rows: int

    def __str__(self) -> str:
        return f"  {self.what:<28}{self.seconds:7.2f} s {self.rows / self.seconds:10,.0f} rows/s"


def main(rows: int) -> None:
    """Measure and print; fails where a file differs or memory grew too much."""
    with ExitStack() as until_the_end:
        directory = Path(until_the_end.enter_context(tempfile.TemporaryDirectory()))
        installation = preferred_installation()
        postgres = until_the_end.enter_context(PostgresServer(installation))
        database = postgres.create_database("service").set(drivername="postgresql+psycopg")
        for storage, url in (
            (str(installation), database.render_as_string(hide_password=False)),
            ("SQLite", f"sqlite+aiosqlite:///{directory}/service.db"),
        ):
            runner.upgrade(schema_project(), url)
            for form in ("ndjson", "csv"):
                content = b"".join(_file(form, rows))
                print(f"{storage}, {form}, {rows:,} rows, {len(content) / 1e6:.1f} MB")
                _over_http(directory, url, form, content, rows)
                _by_command(directory, url, form, content, rows)


def _file(form: str, rows: int) -> Iterator[bytes]:
    if form == "csv":
        yield b"email,name\r\n"
    for number in range(rows):
        name = ("Ada Lovelace", "Jos\u00e9 N\u00fa\u00f1ez", "=SUM(1)")[number % 3]
        if form == "csv":
            yield f"user{number}@example.com,{chr(39) if name[0] == '=' else ''}{name} {number}\r\n".encode()
        else:
            yield f'{{"email":"user{number}@example.com","name":"{name} {number}"}}\n'.encode()


def _over_http(directory: Path, url: str, form: str, content: bytes, rows: int) -> None:
    headers = {"Content-Type": _MEDIA_TYPES[form], "Accept": "application/json"}
    wanted = {"Accept": _MEDIA_TYPES[form]}
    exported = content
    with ServerProcess(directory, DATABASE_URL=url, SERVER_DRAIN_DELAY="0") as server, server.client() as http:
        http.get("/api/v1/users")
        idle = _memory(server.pid, "VmRSS")
        for round_ in ("import", "import of the export"):
            _empty(url)
            with _Stopwatch(f"HTTP {round_}", rows):
                answer = http.post("/api/v1/users/import", content=exported, headers=headers, timeout=300)
            assert answer.json()["imported"] == rows, answer.text
            with _Stopwatch("HTTP export", rows):
                exported = _received(http, wanted)
            assert exported == content, "the export differs from the file"
        peak = _memory(server.pid, "VmHWM")
    print(f"  memory of the server: {idle:.1f} MB idle, {peak:.1f} MB at most, {peak - idle:+.1f} MB")
    assert peak - idle <= MAX_GROWTH, "memory grew with the file"


def _received(http: httpx2.Client, headers: dict[str, str]) -> bytes:
    with http.stream("GET", "/api/v1/users/export?fields=email,name", headers=headers, timeout=300) as answer:
        assert answer.status_code == 200
        return b"".join(answer.iter_bytes())


def _by_command(directory: Path, url: str, form: str, content: bytes, rows: int) -> None:
    file, export = directory / f"users.{form}", directory / f"export.{form}"
    file.write_bytes(content)
    _empty(url)

    def run(*arguments: str) -> Callable[[], object]:
        command = [CONSOLE_SCRIPT, "users", *arguments]
        return lambda: subprocess.run(command, env=environment(DATABASE_URL=url), check=True, capture_output=True)

    for what, call in (
        ("command import", run("import", str(file))),
        ("command export", run("export", str(export), "--fields", "email,name", "--force")),
    ):
        with _Stopwatch(what, rows):
            call()
    assert export.read_bytes() == content, "the export differs from the file"


class _Stopwatch:
    def __init__(self, what: str, rows: int) -> None:
        self._what = what
        self._rows = rows

    def __enter__(self) -> None:
        self._started = time.perf_counter()

    def __exit__(self, *_error: object) -> None:
        print(Timing(self._what, time.perf_counter() - self._started, self._rows))


def _empty(url: str) -> None:
    with connected(url) as connection:
        connection.execute(text("DELETE FROM users"))


def _memory(pid: int, name: str) -> float:
    """Megabytes, by a line of /proc/PID/status."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    assert found
    return int(found[1]) / 1024


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
