"""Check what can be checked without running it: ``python scripts/check.py``, in the dev environment.

Each step gets a line with its time; what those that failed printed follows. No step needs a network.
"""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
# The slowest first, so that the others fit beside them.
STEPS: dict[str, list[str | Path]] = {
    "mypy": [BIN / "mypy"],
    "db check": [BIN / "fastapi-service", "db", "check"],
    "lint-imports": [BIN / "lint-imports", "--cache-dir", ".cache/import-linter"],
    "ruff check": [BIN / "ruff", "check", "."],
    "ruff format --check": [BIN / "ruff", "format", "--check", "."],
    "lock.py --check": [sys.executable, "scripts/lock.py", "--check"],
}


class Outcome(NamedTuple):
    """How a step ended."""

    name: str
    passed: bool
    seconds: float
    output: str


def perform(name: str) -> Outcome:
    """Run the step of this name to its end."""
    began = time.monotonic()
    try:
        done = subprocess.run(
            STEPS[name],
            cwd=ROOT,
            env=os.environ | {"RUFF_CACHE_DIR": ".cache/ruff"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except OSError as error:
        return Outcome(name, passed=False, seconds=time.monotonic() - began, output=str(error))
    return Outcome(name, done.returncode == 0, time.monotonic() - began, done.stdout.strip())


def main() -> int:
    """Run the steps side by side, and return the exit status: 1 if one of them failed."""
    width = max(len(name) for name in STEPS)
    failed = []
    with ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 2)) as pool:
        for future in as_completed([pool.submit(perform, name) for name in STEPS]):
            outcome = future.result()
            verdict = "ok" if outcome.passed else "FAILED"
            print(f"{outcome.name:<{width}}  {verdict:<6}  {outcome.seconds:5.1f} s", flush=True)
            if not outcome.passed:
                failed.append(outcome)
    for outcome in failed:
        print(f"\n--- {outcome.name}\n{outcome.output}")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
