"""One worker at a load that it cannot carry."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from benchmarks import machine
from benchmarks.contenders import Server
from benchmarks.errors import BenchmarkFailed
from benchmarks.figures import percentile
from benchmarks.load import Request

STEPS: Final = (0.5, 1, 2, 5, 10)
"""Loads, in multiples of what one worker can carry."""

CLIENTS: Final = 500
"""Connections, each of which has one request under way at most."""

FEW: Final = 50
"""Connections that find out what the worker can carry: as many as may use the database and wait for it."""

_ENDLESS: Final = 20_000.0
_PROGRAM: Final = Path(__file__).parent / "open_loop.py"
_BETWEEN: Final = 0.02
_LIVEZ: Final = "/livez"


@dataclass(frozen=True, slots=True)
class Step:
    """What one load came to.

    Attributes:
        offered: Requests per second.
        goodput: Answers with success per second.
        shed: Answers with 503 per second.
        lost: Requests without an answer, with another one, or with a broken connection, in all.
        p50: Milliseconds that half of the answers with success took at most, from when they were due.
        p99: Milliseconds that 99 of 100 of them took at most.
        shed_p99: The same of the answers with 503; 0 without any.
        livez_p99: Milliseconds that 99 of 100 health checks took at most, each on a connection of its own.
        livez_max: Milliseconds that the slowest of them took.
        cpu: The part of its core that the server used.
        generator: The part of its core that the load generator used.
        late: Milliseconds that the generator sent a request late, at most.
        peak: Megabytes of resident memory of the server, at most.
    """

    offered: float
    goodput: float
    shed: float
    lost: int
    p50: float
    p99: float
    shed_p99: float
    livez_p99: float
    livez_max: float
    cpu: float
    generator: float
    late: float
    peak: float

    def figures(self) -> dict[str, float]:
        """The figures by name, rounded to what they are good for."""
        return {name: round(value, 3) for name, value in asdict(self).items()}


class OpenLoop:
    """A running generator of loads whose rate does not depend on the server: a context manager."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-I", _PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def put(self, server: Server, requests: Sequence[bytes], rate: float, seconds: float, warm_up: float) -> Step:
        """Send the server so many requests a second, one after the other and from the beginning again.

        Raises:
            BenchmarkFailed: The generator has ended.
        """
        order = _order(server, requests, rate=rate, seconds=seconds, warm_up=warm_up, connections=CLIENTS)
        machine.forget_peak(server.pids)
        used, began = machine.cpu_seconds(server.pids), time.perf_counter()
        with _health_checks(server.port) as checks:
            found = self._carried_out(order)
        share = (machine.cpu_seconds(server.pids) - used) / (time.perf_counter() - began)
        return _step(found, checks, rate, cpu=share, peak=machine.peak_megabytes(server.pids))

    def capacity(self, server: Server, requests: Sequence[bytes], seconds: float) -> float:
        """Requests per second that the server answers when so few clients ask that none has to be refused.

        Each of them sends its next request when the last is answered.

        Raises:
            BenchmarkFailed: A request was refused, or the generator has ended.
        """
        found = self._carried_out(
            _order(server, requests, rate=_ENDLESS, seconds=seconds, warm_up=0.0, connections=FEW)
        )
        good: int = sum(count for status, count in found["statuses"].items() if status.startswith("2"))
        if good != sum(found["statuses"].values()):
            raise BenchmarkFailed(f"not all requests of {FEW} clients succeeded: {found['statuses']}")
        return good / seconds

    def _carried_out(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            found: dict[str, Any] = json.loads(self._process.stdout.readline())
        except (BrokenPipeError, json.JSONDecodeError):
            raise BenchmarkFailed("the load generator has ended; its last words are above") from None
        return found


def _order(server: Server, requests: Sequence[bytes], **load: float) -> dict[str, Any]:
    return {"port": server.port, "requests": [request.decode("latin-1") for request in requests], **load}


def _step(found: dict[str, Any], checks: Sequence[float], rate: float, **of_server: float) -> Step:
    latencies: dict[str, list[float]] = found["latencies"]
    seconds = found["seconds"]
    good = sorted(one for status, some in latencies.items() if status.startswith("2") for one in some)
    shed = latencies.get("503", [])
    if not good:
        raise BenchmarkFailed(f"no request was answered with success, but {found['statuses']}")
    others = sum(found["statuses"].values()) - len(good) - len(shed)
    return Step(
        offered=rate,
        goodput=len(good) / seconds,
        shed=len(shed) / seconds,
        lost=others + found["broken"] + found["unsent"] + found["unanswered"],
        p50=percentile(good, 50),
        p99=percentile(good, 99),
        shed_p99=percentile(shed, 99) if shed else 0.0,
        livez_p99=percentile(checks, 99),
        livez_max=max(checks),
        generator=found["cpu"] / (seconds + found["warm_up"]),
        late=found["late"],
        **of_server,
    )


@contextmanager
def _health_checks(port: int) -> Iterator[list[float]]:
    """Milliseconds that health checks took meanwhile, each on a connection of its own, as load balancers ask."""
    took: list[float] = []
    ended = threading.Event()

    def ask() -> None:
        while not ended.wait(_BETWEEN):
            connection = HTTPConnection("127.0.0.1", port, timeout=30)
            began = time.perf_counter()
            connection.request("GET", _LIVEZ)
            if connection.getresponse().status != 200:
                took.append(float("inf"))
            took.append((time.perf_counter() - began) * 1e3)
            connection.close()

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield took
    finally:
        ended.set()
        thread.join()


def as_sent(request: Request) -> bytes:
    """The request as a client sends it."""
    body = request.get("body", "").encode()
    headers = {"Host": "localhost", "Accept": "application/json", "User-Agent": "open-loop"} | request.get(
        "headers", {}
    )
    if body:
        headers["Content-Length"] = str(len(body))
    lines = [
        f"{request['method']} {request['path']} HTTP/1.1",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
