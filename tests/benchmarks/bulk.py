"""A file of users in, and all users out again: the service over HTTP against bare COPY."""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg

from benchmarks import machine
from benchmarks.contenders import Server
from benchmarks.errors import BenchmarkFailed
from benchmarks.postgres import dsn, settle
from benchmarks.works import USERS

_BARE_COPY: Final = Path(__file__).parent / "reference" / "bare_copy.py"
_BLOCK: Final = 1 << 16
_PATIENCE: Final = 300.0


@dataclass(slots=True)
class Bulk:
    """Rows per second, by round, and megabytes of resident memory of the server.

    Attributes:
        rows: How many users went in, or out.
        service: Of the service, over HTTP, as CSV.
        copy: Of bare COPY.
        idle: What the server had before.
        peak: What it had at most.
    """

    rows: int
    service: list[float] = field(default_factory=list)
    copy: list[float] = field(default_factory=list)
    idle: float = 0.0
    peak: float = 0.0

    def figures(self) -> dict[str, Any]:
        """The figures by name."""
        return asdict(self)


class BulkRace:
    """The service on PostgreSQL, and bare COPY on the same database and in its place on the processor."""

    def __init__(self, server: Server, url: str, cores: frozenset[int]) -> None:
        self._server = server
        self._url = url
        self._cores = cores

    def imports(self, file: Path, rows: int, rounds: int) -> Bulk:
        """Import the CSV file of so many users, and take them away again, in turn.

        Raises:
            BenchmarkFailed: The users were not all imported.
        """
        with psycopg.connect(dsn(self._url)) as connection:
            last = connection.execute("SELECT max(id) FROM users").fetchone()
        assert last

        def take_away() -> None:
            with psycopg.connect(dsn(self._url)) as connection:
                connection.execute("DELETE FROM users WHERE id > %s", last)
            settle(self._url)

        return self._race(
            Bulk(rows), rounds, lambda: self._import(file), lambda: self._bare("in", str(file)), take_away
        )

    def exports(self, rounds: int) -> Bulk:
        """Export all users, in turn.

        Raises:
            BenchmarkFailed: Not all users were exported.
        """
        with psycopg.connect(dsn(self._url)) as connection:
            count = connection.execute("SELECT count(*) FROM users").fetchone()
        assert count
        return self._race(Bulk(count[0]), rounds, self._export, lambda: self._bare("out"), lambda: None)

    def _race(
        self,
        bulk: Bulk,
        rounds: int,
        by_service: Callable[[], tuple[int, float]],
        by_copy: Callable[[], tuple[int, float]],
        afterwards: Callable[[], None],
    ) -> Bulk:
        machine.forget_peak(self._server.pids)
        bulk.idle = machine.resident_megabytes(self._server.pids)
        for round_ in range(rounds):
            turns = [(bulk.service, by_service), (bulk.copy, by_copy)]
            for speeds, turn in turns if round_ % 2 == 0 else reversed(turns):
                rows, seconds = turn()
                if rows != bulk.rows:
                    raise BenchmarkFailed(f"{rows} of {bulk.rows} users were copied: {self._server.last_words()}")
                speeds.append(rows / seconds)
                afterwards()
        bulk.peak = machine.peak_megabytes(self._server.pids)
        return bulk

    def _import(self, file: Path) -> tuple[int, float]:
        connection = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=_PATIENCE, blocksize=_BLOCK)
        headers = {"Content-Type": "text/csv", "Content-Length": str(file.stat().st_size)}
        with file.open("rb") as content:
            began = time.perf_counter()
            connection.request("POST", f"{USERS}/import", body=content, headers=headers)
            answer = connection.getresponse().read()
            seconds = time.perf_counter() - began
        connection.close()
        return int(json.loads(answer).get("imported", 0)), seconds

    def _export(self) -> tuple[int, float]:
        connection = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=_PATIENCE)
        began = time.perf_counter()
        connection.request("GET", f"{USERS}/export", headers={"Accept": "text/csv"})
        answer, lines = connection.getresponse(), 0
        while block := answer.read(_BLOCK):
            lines += block.count(b"\n")
        seconds = time.perf_counter() - began
        connection.close()
        return lines - 1, seconds

    def _bare(self, *arguments: str) -> tuple[int, float]:
        with machine.pinned(self._cores):
            done = subprocess.run(
                [sys.executable, _BARE_COPY, *arguments],
                env={"DSN": dsn(self._url)},
                capture_output=True,
                encoding="utf-8",
                check=False,
            )
        if done.returncode != 0:
            raise BenchmarkFailed(f"bare COPY failed: {done.stderr.strip()[-500:]}")
        answer = json.loads(done.stdout)
        return answer["rows"], answer["seconds"]


def write_csv(file: Path, rows: int) -> None:
    """Write a file of so many users that are in no database yet."""
    with file.open("w", encoding="utf-8", newline="") as target:
        target.write("email,name\r\n")
        target.writelines(f"guest{number:06}@example.com,Grace Hopper {number}\r\n" for number in range(rows))
