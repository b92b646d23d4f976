"""Runs schemathesis against a server, with everything that `schemathesis.toml` and its hooks say."""

import os
import re
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from e2e.processes import ServerProcess

_HERE: Final = Path(__file__).parent
_PROGRAM: Final = Path(sys.executable).parent / "schemathesis"
# So that the hooks can write cursors which the server takes.
CURSOR_KEY: Final = "schemathesis-writes-cursors-of-its-own"
# What a server needs to be tried: cursors as the hooks write them, and patience with credentials that are wrong.
SETTINGS: Final = {"CURSOR_KEY": CURSOR_KEY, "FAILED_AUTHENTICATION_LIMIT": "1000000/1s"}
# The line that the service logs for each request.
_REQUEST: Final = re.compile(r"INFO service\.http .* ms request_id=", re.MULTILINE)


@dataclass(frozen=True)
class Findings:
    """What a run has found, and how many requests the server had of it."""

    passed: bool
    requests: int
    output: str


def run_schemathesis(
    server: ServerProcess, directory: Path, *, seed: int, examples: int, without: Collection[str] = ()
) -> Findings:
    """Try every operation with at most `examples` cases of each kind. Files that it leaves are in `directory`.

    Operations `without` these tags, that is; to revoke a key takes a second.

    `server` must have `SETTINGS`. If it asks for credentials, requests have one, and operations that say so are tried
    without it and with a wrong one, too.
    """
    before = _requests(server)
    done = subprocess.run(
        [
            _PROGRAM,
            f"--config-file={_HERE / 'schemathesis.toml'}",
            "run",
            f"{server.url}/openapi.json",
            f"--max-examples={examples}",
            f"--seed={seed}",
            "--no-color",
            *([f"--header=Authorization: Bearer {server.credential}"] if server.credential else []),
            *(f"--exclude-tag={tag}" for tag in without),
        ],
        cwd=directory,
        env=os.environ
        | {"CURSOR_KEY": CURSOR_KEY, "CURSOR_HOLDER": server.principal.name, "PYTHONPATH": str(_HERE.parent)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    return Findings(done.returncode == 0, _requests(server) - before, done.stdout)


def _requests(server: ServerProcess) -> int:
    return len(_REQUEST.findall(server.log))
