"""What Linux says of processes and of the machine, and which processor cores the benchmark gives to whom."""

import os
import platform
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

_PROC: Final = Path("/proc")
_TICKS: Final = os.sysconf("SC_CLK_TCK")
# Fields 4, 14 and 15 of /proc/PID/stat, proc_pid_stat(5), counted from the one behind the name.
_PARENT: Final = 1
_TIMES: Final = slice(11, 13)
_FORGET_PEAK: Final = "5"  # proc_pid_clear_refs(5)


@dataclass(frozen=True, slots=True)
class Cores:
    """Sets of processor cores that do not overlap, as far as there are enough of them."""

    server: frozenset[int]
    database: frozenset[int]
    load: frozenset[int]

    @classmethod
    def of_this_machine(cls) -> Self:
        """One core for the server that is measured, and others for what it works with and for."""
        available = sorted(os.sched_getaffinity(0))
        server, load = available[0], available[min(1, len(available) - 1)]
        database = available[min(2, len(available) - 1)]
        return cls(frozenset({server}), frozenset({database}), frozenset({load}))

    def one(self) -> Self:
        """One core for all of them: that of the server."""
        return type(self)(self.server, self.server, self.server)

    def __str__(self) -> str:
        names = {"server": self.server, "PostgreSQL": self.database, "load": self.load}
        return ", ".join(f"{name} on core {min(cores)}" for name, cores in names.items())


@contextmanager
def pinned(cores: frozenset[int]) -> Iterator[None]:
    """Processes that are started within run on these cores only, and so do their threads and their children."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def moved(pids: list[int], cores: frozenset[int]) -> Iterator[None]:
    """These processes run on these cores meanwhile, and so do the children that they start."""
    before = {pid: os.sched_getaffinity(pid) for pid in pids}
    for pid in pids:
        os.sched_setaffinity(pid, cores)
    try:
        yield
    finally:
        for pid, there in before.items():
            # It may have ended.
            with suppress(ProcessLookupError):
                os.sched_setaffinity(pid, there)


def family(pid: int) -> list[int]:
    """The process and all its descendants."""
    children: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdecimal() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[_PARENT]), []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


def cpu_seconds(pids: list[int]) -> float:
    """Seconds of a processor that these processes used so far with all their threads, in their code and for it."""
    return sum(int(ticks) for pid in pids for ticks in _stat(pid)[_TIMES]) / _TICKS


def running_seconds(pids: list[int]) -> float:
    """The same for processes with one thread each, in nanoseconds where `cpu_seconds` counts ticks of each process.

    Between two looks at twenty processes that share little work, their ticks would be wrong by as much as that work.
    """
    return sum(_nanoseconds(pid) for pid in pids) / 1e9


def resident_megabytes(pids: list[int]) -> float:
    """Resident memory of the processes together."""
    return sum(_status(pid, "VmRSS") for pid in pids)


def peak_megabytes(pids: list[int]) -> float:
    """The most resident memory that the processes had since `forget_peak`, or since they were started."""
    return sum(_status(pid, "VmHWM") for pid in pids)


def forget_peak(pids: list[int]) -> None:
    """Begin anew to note the most resident memory."""
    for pid in pids:
        (_PROC / str(pid) / "clear_refs").write_text(_FORGET_PEAK, encoding="ascii")


def description() -> dict[str, str]:
    """Processor, cores, memory and kernel of this machine, and how many processes wanted a core in the last minute."""
    model = re.search(r"^model name\s*: (.+)$", (_PROC / "cpuinfo").read_text(encoding="utf-8"), re.MULTILINE)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return {
        "processor": model[1] if model else platform.machine(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{memory:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "busy": f"{os.getloadavg()[0]:.1f}",
    }


def memory_bytes() -> int:
    """The memory of this machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name, which may contain anything; none when the process has ended."""
    try:
        content = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return content.rpartition(")")[2].split()


def _nanoseconds(pid: int) -> int:
    """The first field of /proc/PID/schedstat, Documentation/scheduler/sched-stats.rst of the kernel."""
    try:
        return int((_PROC / str(pid) / "schedstat").read_text(encoding="ascii").split()[0])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _status(pid: int, name: str) -> float:
    found = re.search(rf"{name}:\s+(\d+) kB", (_PROC / str(pid) / "status").read_text(encoding="utf-8"))
    return int(found[1]) / 1024 if found else 0.0
