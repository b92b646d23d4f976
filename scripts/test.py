"""Run the tests: ``python scripts/test.py [pytest's arguments]``, in the dev environment.

Without arguments all of them run, and the coverage of domain and application must be complete. Arguments
choose some of the tests, of which coverage would say nothing, so it is left out.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOST_WORKERS = 8  # each has its own database; more of them wait for the server more than they gain


def command(arguments: Sequence[str]) -> list[str]:
    """Return the command that runs pytest with these arguments."""
    pytest = [sys.executable, "-m", "pytest", "--numprocesses=auto", f"--maxprocesses={MOST_WORKERS}"]
    if not any("benchmarks" in argument for argument in arguments):
        pytest.append("--ignore=tests/benchmarks")
    return [*pytest, *(arguments or ["--cov"])]


def main() -> int:
    """Run pytest and return its exit status."""
    cache = ROOT / ".cache"
    cache.mkdir(exist_ok=True)
    # Two runs at once must not write into each other's figures.
    figures = cache / f"coverage-{os.getpid()}"
    try:
        return subprocess.run(
            command(sys.argv[1:]), cwd=ROOT, env=os.environ | {"COVERAGE_FILE": str(figures)}, check=False
        ).returncode
    except KeyboardInterrupt:
        return 130
    finally:
        if figures.exists():
            figures.replace(cache / "coverage")


if __name__ == "__main__":
    sys.exit(main())
