"""The environment that the measured service runs in: what production installs, and nothing else."""

import subprocess
import sys
from pathlib import Path
from typing import Final

from benchmarks.errors import BenchmarkFailed

_ROOT: Final = Path(__file__).resolve().parents[2]
_HERE: Final = Path(sys.prefix)
_THERE: Final = _HERE.with_name(f"{_HERE.name}-production")

PYTHON: Final = str(_THERE / "bin" / "python")
SERVICE: Final = str(_THERE / "bin" / "fastapi-service")


def set_up() -> None:
    """Make the environment beside the one of development, or bring it up to date.

    Raises:
        BenchmarkFailed: It cannot be made.
    """
    command = [sys.executable, "-E", "scripts/environment.py", "--this-python", "--venv", str(_THERE), "runtime"]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        raise BenchmarkFailed(f"the environment of production cannot be made: {done.stderr.strip()}")
