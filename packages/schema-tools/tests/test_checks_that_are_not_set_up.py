"""`check` in a project that has no versions.lock or no schema document yet: it says so, and finds nothing in that."""

import json
import shutil
from pathlib import Path

import pytest

from git_checkout import commit_all, git
from schema_tools.testing.in_process import Done
from tool_commands import tools

TESTS = Path(__file__).parent
LOCK = Path("bookshop/alembic/versions.lock")
DOCUMENT = Path("docs/database-schema.md")


def run(directory: Path, *arguments: str) -> Done:
    return tools(
        *arguments, "--metadata", "bookshop.tables:metadata", "--config", "bookshop/alembic.ini", cwd=directory
    )


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A copy of the bookshop without lock and document."""
    shutil.copytree(TESTS / "bookshop", tmp_path / "bookshop", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / LOCK).unlink()
    return tmp_path


def test_what_a_project_does_not_have_yet_is_no_finding(shop: Path) -> None:
    done = run(shop, "check")

    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "versions.lock  not set up: python -m schema_tools lock"
    assert lines[1] == "docs-check     not set up: python -m schema_tools docs"


def test_the_commands_that_are_named_set_the_checks_up(shop: Path) -> None:
    checks = json.loads(run(shop, "check", "--format", "json").stdout)["checks"]
    commands = {one["check"]: one["not_set_up"] for one in checks if "not_set_up" in one}
    assert list(commands) == ["versions.lock", "docs-check"]

    for command in commands.values():
        assert run(shop, *command.split()[3:]).returncode == 0

    checks = json.loads(run(shop, "check", "--format", "json").stdout)["checks"]
    assert not any("not_set_up" in one or one["findings"] for one in checks)


@pytest.mark.parametrize("removed", [("rm", "--quiet"), ("rm", "--quiet", "--cached")])
def test_what_was_deleted_is_a_finding(shop: Path, removed: tuple[str, ...]) -> None:
    assert run(shop, "lock").returncode == 0
    assert run(shop, "docs").returncode == 0
    commit_all(shop)
    for path in (LOCK, DOCUMENT):
        git(shop, *removed, str(path))
        (shop / path).unlink(missing_ok=True)

    done = run(shop, "check", "--format", "json")

    assert done.returncode == 1
    rules = {
        one["check"]: [finding["rule"] for finding in one["findings"]] for one in json.loads(done.stdout)["checks"]
    }
    assert (rules["versions.lock"], rules["docs-check"]) == (["lock-missing"], ["document-differs"])
