"""The load generator: autocannon, in a process of its own."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypedDict

import orjson

from benchmarks.errors import BenchmarkFailed
from benchmarks.machine import pinned
from node_packages import NODE, PackagesUnavailable, installed, node_environment

_SCRIPTS: Final = Path(__file__).parent / "autocannon"


class Request(TypedDict, total=False):
    """A request as autocannon takes it; `tagged` ones carry the entity tag of the answer before as If-Match."""

    method: str
    path: str
    headers: dict[str, str]
    body: str
    tagged: bool


@dataclass(frozen=True, slots=True)
class Answers:
    """What a server answered to a load, all of it with success.

    Attributes:
        seconds: From the first request to the last answer.
        latencies: Milliseconds of each answer, but for the first on each connection.
        generator_seconds: What the load generator used of its processor.
    """

    count: int
    seconds: float
    latencies: list[float]
    generator_seconds: float


class LoadGenerator:
    """A running load generator: a context manager.

    Raises:
        BenchmarkFailed: On entering, when it cannot be installed.
    """

    def __init__(self, cores: frozenset[int]) -> None:
        self._cores = cores

    def __enter__(self) -> Self:
        try:
            installation = installed(_SCRIPTS, "autocannon")
        except PackagesUnavailable as error:
            raise BenchmarkFailed(str(error)) from None
        package = installation / "node_modules" / "autocannon" / "package.json"
        self.version = str(json.loads(package.read_text(encoding="utf-8"))["version"])
        with pinned(self._cores):
            self._process = subprocess.Popen(
                [NODE, _SCRIPTS / "load.mjs", installation],
                env=node_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def put(self, url: str, requests: Sequence[Request], connections: int) -> Answers:
        """Send the requests to the server at `url`, on so many connections at once.

        Raises:
            BenchmarkFailed: An answer was no success, or none came.
        """
        assert self._process.stdin
        assert self._process.stdout
        order = {"url": url, "connections": connections, "requests": requests}
        try:
            self._process.stdin.write(orjson.dumps(order) + b"\n")
            self._process.stdin.flush()
            answer = orjson.loads(self._process.stdout.readline())
        except (BrokenPipeError, orjson.JSONDecodeError):
            raise BenchmarkFailed("the load generator has ended; its last words are above") from None
        refused = {status: count for status, count in answer["statuses"].items() if not status.startswith("2")}
        if refused or answer["errors"]:
            counts = ", ".join(f"{count} times {status}" for status, count in refused.items())
            raise BenchmarkFailed(
                f"of {len(requests)} requests such as {requests[-1]['method']} {requests[-1]['path']}"
                f" some failed: {counts or 'none refused'}, {answer['errors']} errors"
            )
        return Answers(len(requests), answer["seconds"], answer["latencies"], answer["cpu"])
