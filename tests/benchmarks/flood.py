"""Good clients while bad credentials arrive as fast as a load generator can send them."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from benchmarks import machine
from benchmarks.contenders import Server
from benchmarks.credentials import Flood
from benchmarks.errors import BenchmarkFailed
from benchmarks.figures import percentile

RATE: Final = 100.0
"""Requests that good clients send in a second, whatever the server does."""

QUIET: Final = "quiet"
BUSY: Final = "busy"
"""Without a flood, but with another program on the core of the load: what the generator of floods costs by itself."""

_GOOD: Final = "127.0.0.2"
_BAD: Final = "127.0.0.3"
_FEW: Final = 20
_ENDLESS: Final = 20_000.0
# The generator of floods yields the core to the good clients, so that they are late by the server and not by it.
_NICE: Final = 10
_PROGRAM: Final = Path(__file__).parent / "open_loop.py"


@dataclass
class Found:
    """What the good clients, and the flood beside them, came to in all rounds.

    Attributes:
        latencies: Milliseconds of each answer to a good client, of each round.
        failed: Good requests that were not answered with success.
        statuses: Answers to the flood, by status.
        seconds: How long the flood was counted.
        cpu: Seconds of its processor that the server used meanwhile.
        late: Milliseconds that a good request was sent late, at most.
    """

    latencies: list[list[float]] = field(default_factory=list)
    failed: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    cpu: float = 0.0
    late: float = 0.0

    def figures(self) -> dict[str, Any]:
        """The figures by name, as JSON can hold them; percentiles are of all rounds together, and of each."""
        together = [one for some in self.latencies for one in some]
        return {
            "p50": round(percentile(together, 50), 3),
            "p99": round(percentile(together, 99), 3),
            "p99s": [round(percentile(some, 99), 3) for some in self.latencies],
            "failed": self.failed,
            "flood": {status: round(count / self.seconds, 1) for status, count in sorted(self.statuses.items())},
            "cpu": round(self.cpu / self.seconds, 3),
            "late": round(self.late, 3),
        }


class Client:
    """A running generator of loads from one address: a context manager."""

    def __init__(self, address: str, niceness: int = 0) -> None:
        self._address = address
        self._niceness = niceness

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-I", _PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )
        os.setpriority(os.PRIO_PROCESS, self._process.pid, self._niceness)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def begin(self, requests: Sequence[bytes], **load: float) -> None:
        """Begin to send requests."""
        assert self._process.stdin
        order = {"source": self._address, "requests": [request.decode("latin-1") for request in requests], **load}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def end(self) -> dict[str, Any]:
        """What it came to, after its time.

        Raises:
            BenchmarkFailed: The generator has ended.
        """
        assert self._process.stdout
        if not (line := self._process.stdout.readline()):
            raise BenchmarkFailed("the load generator has ended; its last words are above")
        found: dict[str, Any] = json.loads(line)
        return found


@dataclass(frozen=True, slots=True)
class Rounds:
    """How long is measured: so many rounds, of so many seconds each, after a warm-up."""

    count: int
    seconds: float
    warm_up: float = 1.0


def measure(server: Server, good: Sequence[bytes], floods: Sequence[Flood], rounds: Rounds) -> dict[str, Found]:
    """Good clients by themselves, beside a program that is busy, and beside each flood, in turn, in each round.

    Raises:
        BenchmarkFailed: A generator has ended.
    """
    found = {key: Found() for key in (QUIET, BUSY, *(flood.key for flood in floods))}
    by_key = {flood.key: flood for flood in floods}
    load: dict[str, float] = {"port": server.port, "rate": RATE, "seconds": rounds.seconds, "warm_up": rounds.warm_up}
    with Client(_GOOD) as client, Client(_BAD, _NICE) as flooding:
        for _ in range(rounds.count):
            for key, one in found.items():
                with ExitStack() as meanwhile:
                    if key == BUSY:
                        meanwhile.enter_context(_busy())
                    if key in by_key:
                        meanwhile.enter_context(_flood(flooding, by_key[key], load, one.statuses))
                    used, began = machine.cpu_seconds(server.pids), time.perf_counter()
                    client.begin(good, **load, connections=_FEW)
                    _note(one, client.end(), machine.cpu_seconds(server.pids) - used, time.perf_counter() - began)
    return found


def _note(one: Found, of_clients: dict[str, Any], cpu: float, seconds: float) -> None:
    latencies: dict[str, list[float]] = of_clients["latencies"]
    one.latencies.append(latencies.get("200", []))
    one.failed += sum(count for status, count in of_clients["statuses"].items() if status != "200")
    one.failed += of_clients["broken"] + of_clients["unsent"] + of_clients["unanswered"]
    one.late = max(one.late, of_clients["late"])
    one.cpu += cpu
    one.seconds += seconds


@contextmanager
def _flood(client: Client, flood: Flood, load: dict[str, float], statuses: Counter[str]) -> Iterator[None]:
    """The flood, which begins before what it is measured with, and ends with it; its answers are counted by status."""
    seconds = load["seconds"] + load["warm_up"]
    client.begin(
        flood.requests,
        **{**load, "rate": _ENDLESS, "seconds": seconds, "warm_up": 0.0, "patience": 0.0},
        connections=flood.connections,
    )
    yield
    statuses.update(client.end()["statuses"])


@contextmanager
def _busy() -> Iterator[None]:
    """A program that does nothing but to be busy, with the priority of a flood."""
    process = subprocess.Popen([sys.executable, "-I", "-c", "while True: pass"])
    os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
    try:
        yield
    finally:
        process.kill()
        process.wait()
