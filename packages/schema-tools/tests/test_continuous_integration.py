"""What the page on continuous integration and the hooks for pre-commit say to run does run."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # its types are a distribution of their own

from git_checkout import commit_all, git
from schema_tools.cli.application import application
from schema_tools.cli.context import CommandContext

TESTS = Path(__file__).parent
ROOT = TESTS.parents[2]
FLAGS = re.MULTILINE | re.DOTALL
BLOCKS = [
    yaml.safe_load(block)
    for block in re.findall(r"^```yaml\n(.*?)^```$", (TESTS.parent / "docs" / "ci.md").read_text("utf-8"), FLAGS)
]
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
INDEX = 'op.create_index("ix_books_title_again", "books", ["title"])'


def commands(part: Any) -> list[str]:
    """Every command of the tools in a part of a block, be it a step, a script, or the entry of a hook."""
    if isinstance(part, str):
        return [part] if part.startswith("schema-tools ") else []
    if isinstance(part, dict):
        part = [value for key, value in part.items() if key != "name"]
    return [command for value in part for command in commands(value)] if isinstance(part, list) else []


def hooks_of_repository() -> list[str]:
    """The commands of the hooks of this repository, with the arguments that the page gives them."""
    entries = {one["id"]: one["entry"] for one in HOOKS}
    return [
        " ".join([entries[hook["id"]], *hook["args"]])
        for block in BLOCKS
        for repository in block.get("repos", ())
        if repository["repo"] != "local"
        for hook in repository["hooks"]
    ]


ALL = [*commands(BLOCKS), *hooks_of_repository()]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The bookshop on a branch, which differs from main in a revision that is not committed."""
    shutil.copytree(TESTS / "bookshop", tmp_path / "bookshop", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/bookshop/alembic\n")
    (tmp_path / ".gitignore").write_text("__pycache__\n")
    commit_all(tmp_path)
    git(tmp_path, "update-ref", "refs/remotes/origin/main", "main")
    git(tmp_path, "checkout", "--quiet", "-b", "work")
    versions = tmp_path / "bookshop" / "alembic" / "versions"
    (versions / "zzzz_index.py").write_text(
        "from alembic import op\n\nrevision = 'zzzz'\ndown_revision = 'aaaa00000005'\n\n\n"
        f"def upgrade():\n    {INDEX}\n\n\ndef downgrade():\n    op.drop_index('ix_books_title_again')\n"
    )
    return tmp_path


def test_the_page_has_commands_for_each_place() -> None:
    assert len(ALL) == 7
    assert {re.search(r"--format (\w+)", one)[1] for one in ALL if "--format" in one} == {"github", "gitlab", "sarif"}  # type: ignore[index]  # each has one


@pytest.mark.parametrize("command", ALL)
def test_a_command_finds_what_a_branch_adds(shop: Path, command: str) -> None:
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=shop,
        capture_output=True,
        text=True,
        check=False,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "GITHUB_BASE_REF": "main",
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": git(shop, "rev-parse", "main").strip(),
        },
    )
    written = done.stdout + "".join(one.read_text() for one in shop.glob("*.*") if one.suffix in {".json", ".sarif"})

    assert (done.returncode, done.stderr) == (1, "")
    assert "index-not-concurrent" in written
    assert "zzzz_index.py" in written


def test_the_hooks_are_as_pre_commit_wants_them() -> None:
    known = {
        *("id", "name", "description", "entry", "language", "types", "pass_filenames", "require_serial", "stages"),
        *("minimum_pre_commit_version", "additional_dependencies"),
    }
    context = CommandContext(project=NotImplemented, database_url=str, say_error=print)
    names = {one.name or one.callback.__name__ for one in application(context).registered_commands if one.callback}

    assert [one["id"] for one in HOOKS] == ["schema-tools-lint", "schema-tools-check"]
    for hook in HOOKS:
        assert set(hook) <= known
        assert {"id", "name", "entry", "language"} <= set(hook)
        assert (hook["language"], hook["pass_filenames"]) == ("python", False)
        program, command = hook["entry"].split()
        assert (program, command in names) == ("schema-tools", True)
        for package in hook["additional_dependencies"]:
            assert (ROOT / package.partition("[")[0] / "pyproject.toml").is_file()
    [extra] = {one.partition("[")[2] for one in HOOKS[0]["additional_dependencies"] if "[" in one}
    assert f"\n{extra.rstrip(']')} = [" in (TESTS.parent / "pyproject.toml").read_text("utf-8")
