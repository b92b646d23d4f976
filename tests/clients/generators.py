"""The generators of clients, installed once into `.cache`, and the commands that docs/http-api.md shows of them."""

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Final

from locked_environments import locked_environment
from node_packages import NODE, installed, node_environment

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
_ADDRESS: Final = "http://127.0.0.1:8000"
_SCRIPTS: Final = {
    "openapi-typescript": "openapi-typescript/bin/cli.js",
    "@hey-api/openapi-ts": "@hey-api/openapi-ts/bin/run.js",
    "tsc": "typescript/bin/tsc",
}


def python_programs() -> Path:
    """The programs of an environment of `requirements/clients.lock`.

    Raises:
        installers.ToolError: uv could not install it.
    """
    return locked_environment("clients") / "bin"


def node_modules() -> Path:
    """The packages of `package-lock.json`.

    Raises:
        node_packages.PackagesUnavailable: npm could not install them.
    """
    return installed(HERE, "generated-clients") / "node_modules"


def documented_command(program: str, url: str) -> list[str | Path]:
    """The command of docs/http-api.md that runs this generator, with the address of a service that runs."""
    page = (ROOT / "docs" / "http-api.md").read_text(encoding="utf-8")
    (line,) = re.findall(rf"^(?:npx )?{re.escape(program)} .*{re.escape(_ADDRESS)}.*$", page, re.MULTILINE)
    arguments = shlex.split(line.removeprefix("npx ").replace(_ADDRESS, url))[1:]
    return [*_program(program), *arguments]


def execute(program: str, *arguments: str | Path, cwd: Path) -> str:
    """What a program prints, which must end well."""
    return checked([*_program(program), *arguments], cwd=cwd)


def checked(command: list[str | Path], *, cwd: Path) -> str:
    """What a command prints, which must end well."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def _program(name: str) -> list[str | Path]:
    if name in _SCRIPTS:
        return [NODE, node_modules() / _SCRIPTS[name]]
    return [NODE] if name == "node" else [python_programs() / name]


def _environment() -> dict[str, str]:
    """That of Node.js, in which the generator in Python finds the programs that it runs, too."""
    variables = node_environment()
    variables.pop("PYTHONPATH", None)
    return variables | {"PATH": os.pathsep.join([str(python_programs()), variables["PATH"]])}
