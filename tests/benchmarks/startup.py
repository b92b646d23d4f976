"""How long the service takes to start, and its application to be imported."""

import subprocess
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks import production
from benchmarks.contenders import Contender, Server
from benchmarks.machine import pinned
from benchmarks.works import USERS

# As `serve` does it: without looking for garbage meanwhile.
_IMPORT: Final = (
    "import gc, time; gc.disable(); began = time.perf_counter(); import entrypoints.http.app;"
    " print(time.perf_counter() - began)"
)


class Startup(NamedTuple):
    """Seconds, each measured several times.

    Attributes:
        first_answer: From the start of the process to a 200 of `/livez`.
        first_user: To the answer with a user, after that.
        imported: What importing the application takes in a new process.
    """

    first_answer: list[float]
    first_user: list[float]
    imported: list[float]


def start(contender: Contender, cores: frozenset[int], directory: Path, times: int) -> Startup:
    """Start the service and import its application so many times, once more to have everything compiled and cached.

    Raises:
        BenchmarkFailed: It does not start.
    """
    startup = Startup([], [], [])
    for _ in range(times + 1):
        with Server(contender, cores, directory, "/livez") as server:
            startup.first_answer.append(server.ready_after)
            startup.first_user.append(server.wait_for(f"{USERS}/1"))
        startup.imported.append(_import_seconds(cores))
    return Startup(*(figures[1:] for figures in startup))


def _import_seconds(cores: frozenset[int]) -> float:
    with pinned(cores):
        done = subprocess.run([production.PYTHON, "-c", _IMPORT], capture_output=True, encoding="utf-8", check=True)
    return float(done.stdout)
