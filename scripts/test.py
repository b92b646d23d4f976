"""Run the tests: ``python scripts/test.py [pytest's arguments]``, in the dev environment.

Without arguments all of them run, and the coverage of domain and application by the unit tests must be complete.
Arguments choose some of the tests, of which coverage would say nothing, so it is left out.

Temporary files, which are mostly databases, are in memory while the tests run, where there is enough of it.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
MOST_WORKERS = 8  # each has its own database; more of them wait for the server more than they gain
MEMORY = Path("/dev/shm")  # noqa: S108 -- the directory made in it is private
ENOUGH = 4 << 30  # bytes; two workers need half of one of these gigabytes, and eight of them two


def command(arguments: Sequence[str]) -> list[str]:
    """Return the command that runs pytest with these arguments."""
    pytest = [sys.executable, "-m", "pytest", "--numprocesses=auto", f"--maxprocesses={MOST_WORKERS}"]
    # Neighbours run in one process, so that what they share is made once.
    pytest.append("--dist=worksteal")
    if not any("benchmarks" in argument for argument in arguments):
        pytest.append("--ignore=tests/benchmarks")
    return [*pytest, *(arguments or ["--cov"])]


@contextmanager
def environment(figures: Path) -> Iterator[dict[str, str]]:
    """Yield the environment of the tests, whose coverage goes to the file `figures`."""
    variables = os.environ | {"COVERAGE_FILE": str(figures)}
    # Hundreds of processes import the project; each would compile it anew.
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    if "TMPDIR" in variables or not (MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ENOUGH):
        yield variables
        return
    with TemporaryDirectory(prefix="tests-", dir=MEMORY, ignore_cleanup_errors=True) as directory:
        yield variables | {"TMPDIR": directory}


def main() -> int:
    """Run pytest and return its exit status."""
    cache = ROOT / ".cache"
    cache.mkdir(exist_ok=True)
    # Two runs at once must not write into each other's figures.
    figures = cache / f"coverage-{os.getpid()}"
    try:
        with environment(figures) as variables:
            return subprocess.run(command(sys.argv[1:]), cwd=ROOT, env=variables, check=False).returncode
    except KeyboardInterrupt:
        return 130
    finally:
        if figures.exists():
            figures.replace(cache / "coverage")


if __name__ == "__main__":
    sys.exit(main())
