"""Remove what can be made again: ``python scripts/clean.py``. Data, under var/, cannot be, and stays."""

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUTPUT = (
    ".cache",
    ".hypothesis",
    ".import_linter_cache",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    "build",
    "dist",
)
SOURCES = ("alembic", "packages", "scripts", "src", "tests")


def main() -> None:
    """Remove virtual environments, caches and build output, but not what a symbolic link leads to."""
    found = [ROOT / name for name in OUTPUT]
    marks = ("pyvenv.cfg", ".set-up.lock")
    found += [path / "dist" for path in ROOT.glob("packages/*")]
    found += [path for path in ROOT.glob(".venv*") if any((path / mark).exists() for mark in marks)]
    for name in SOURCES:
        for pattern in ("__pycache__", "*.egg-info"):
            found.extend((ROOT / name).rglob(pattern))
    for path in found:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)


if __name__ == "__main__":
    main()
