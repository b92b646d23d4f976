"""The schema tools from their wheel, in environments without anything of this repository, on projects as they are."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from e2e.processes import environment
from integration.wheels import ROOT, built, made, required
from locked_environments import locked_environment

PROJECTS = ROOT / "packages" / "schema-tools" / "tests" / "foreign"
AWAITED = """\
        await connection.exec_driver_sql("SET statement_timeout = '20min'")
        await connection.commit()
"""
# Seconds in which a first answer is to be there.
PATIENCE = 60


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(ROOT / "packages" / "schema-tools", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def newest(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment of the wheel and what it requires, in the newest releases."""
    return made(tmp_path_factory.mktemp("newest"), [wheel], required(wheel, "rehearsal"))


def copy_of(project: str, directory: Path) -> Path:
    return shutil.copytree(PROJECTS / project, directory / project, ignore=shutil.ignore_patterns("__pycache__"))


def tools(programs: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command: list[str | Path] = [programs / "schema-tools", *arguments]
    return subprocess.run(
        command, cwd=cwd, env=environment(), capture_output=True, text=True, check=False, timeout=PATIENCE
    )


@pytest.mark.parametrize("project", ["asynchronous", "several_schemas", "branches", "sqlite_in_batches"])
def test_a_first_answer_needs_nothing_but_the_wheel(project: str, newest: Path, tmp_path: Path) -> None:
    done = tools(newest, "check", "--format", "json", cwd=copy_of(project, tmp_path))

    assert (done.returncode, done.stderr) == (1, "")
    found = {one["check"]: one["findings"] for one in json.loads(done.stdout)["checks"]}
    assert found["verify"] == []
    assert {one["rule"] for one in found["lint"]} >= {"missing-comment"}


def test_without_a_server_and_without_one_to_start_it_says_how_to_get_one(wheel: Path, tmp_path: Path) -> None:
    programs = made(tmp_path / "environment", [wheel], required(wheel))

    done = tools(programs, "verify", "--pg-bindir", str(tmp_path), cwd=copy_of("branches", tmp_path))

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "has no initdb and postgres of PostgreSQL 15 or newer" in done.stderr
    lint = tools(programs, "lint", cwd=tmp_path / "branches")
    assert (lint.returncode, lint.stderr.count("\n")) == (2, 1)
    assert "pip install pglast" in lint.stderr


@pytest.mark.parametrize("release", ["sqlalchemy-oldest", "sqlalchemy-between"])
@pytest.mark.parametrize("project", ["asynchronous", "several_schemas", "branches", "sqlite_in_batches"])
def test_older_releases_find_what_the_newest_finds(
    release: str, project: str, wheel: Path, newest: Path, tmp_path: Path
) -> None:
    programs = locked_environment(release, wheel) / "bin"
    directory = copy_of(project, tmp_path)
    env_py = directory / "migrations" / "env.py"
    # Each of them changed how a statement of an asynchronous connection is executed.
    env_py.write_text(
        env_py.read_text().replace("        await connection.run_sync(", f"{AWAITED}        await connection.run_sync(")
    )

    verify = tools(programs, "verify", "--format", "json", cwd=directory)
    lint = tools(programs, "lint", "--format", "json", cwd=directory)
    docs = tools(programs, "docs", "--format", "json", cwd=directory)

    assert (verify.returncode, verify.stderr, json.loads(verify.stdout)["findings"]) == (0, "", [])
    assert (lint.returncode, lint.stderr) == (1, "")
    assert json.loads(lint.stdout) == json.loads(tools(newest, "lint", "--format", "json", cwd=directory).stdout)
    assert json.loads(docs.stdout) == json.loads(tools(newest, "docs", "--format", "json", cwd=directory).stdout)


def test_a_release_that_is_too_old_is_one_sentence(wheel: Path, tmp_path: Path) -> None:
    programs = locked_environment("sqlalchemy-too-old", wheel) / "bin"

    done = tools(programs, "lint", cwd=copy_of("branches", tmp_path))

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "schema_tools: these tools need SQLAlchemy 2.0 or newer, and this is 1.4.54\n"
