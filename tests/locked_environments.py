"""Environments of lock files, each installed once into `.cache`."""

import fcntl
import hashlib
import sys
import venv
from pathlib import Path
from typing import Final

from installers import Command, pip_settings, run, uv_environment

_ROOT: Final = Path(__file__).parents[1]
_CACHE: Final = _ROOT / ".cache"
_UV: Final = Path(sys.executable).with_name("uv")


def locked_environment(name: str, *wheels: Path) -> Path:
    """The directory of an environment of `requirements/<name>.lock` and of wheels, which bring no dependencies.

    Raises:
        installers.ToolError: uv could not install it.
    """
    locked = _ROOT / "requirements" / f"{name}.lock"
    content = locked.read_bytes() + b"".join(wheel.read_bytes() for wheel in wheels)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    digest = hashlib.sha256(content + version.encode()).hexdigest()[:16]
    directory = _CACHE / f"{name}-{digest}"
    _CACHE.mkdir(exist_ok=True)
    # Tests that run side by side make it once. Its programs have its path in them, so it cannot be made and moved.
    with directory.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (directory / "whole").exists():
            venv.create(directory, clear=True, symlinks=True)
            python: Command = ["--python", directory / "bin" / "python"]
            settings = uv_environment(pip_settings(Path(sys.executable)))
            run([_UV, "pip", "sync", "--require-hashes", *python, locked], environment=settings)
            if wheels:
                run([_UV, "pip", "install", "--no-deps", "--offline", *python, *wheels], environment=settings)
            (directory / "whole").touch()
    return directory
