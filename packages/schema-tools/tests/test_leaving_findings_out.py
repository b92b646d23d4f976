"""Opinions and ignored rules are left out: by an option, or by `[tool.schema-tools]` of a project's pyproject.toml."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from lint_project import LintProject
from schema_tools.testing.in_process import Done
from tool_commands import tools

TABLES = """\
from sqlalchemy import Column, Integer, JSON, MetaData, Table, Text

metadata = MetaData()
Table("notes", metadata, Column("id", Integer, primary_key=True), Column("body", Text), Column("more", JSON))
"""


@pytest.fixture
def lint(tmp_path: Path) -> LintProject:
    """One finding about locks, one weak column and some opinions."""
    lint = LintProject.made(tmp_path)
    lint.add('op.create_index("ix_members_age", "members", ["age"])')
    (tmp_path / "tables_of_notes.py").write_text(TABLES)
    return lint


def run(lint: LintProject, *arguments: str) -> Done:
    return tools(*arguments, "--metadata", "tables_of_notes:metadata", cwd=lint.directory)


def linted(lint: LintProject, *arguments: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(run(lint, "lint", "--format", "json", *arguments).stdout)
    return document


def rules_of(document: dict[str, Any]) -> set[str]:
    return {one["rule"] for one in document["findings"]}


def settings(lint: LintProject, *lines: str) -> None:
    (lint.directory / "pyproject.toml").write_text("\n".join(["[tool.schema-tools]", *lines, ""]))


SAFETY = {"index-not-concurrent", "json-type"}


def test_opinions_are_left_out_by_an_option_and_counted(lint: LintProject) -> None:
    everything, safe = linted(lint), linted(lint, "--without-opinions")

    assert rules_of(everything) > SAFETY
    assert everything["left_out"] == {}
    assert rules_of(safe) == SAFETY
    assert safe["left_out"] == {"opinions": len(everything["findings"]) - len(safe["findings"])}
    text = run(lint, "lint", "--without-opinions").stdout
    assert text.splitlines()[-1] == f"left out: {safe['left_out']['opinions']} opinions"


def test_the_settings_of_a_project_say_the_same_and_an_option_overrules_them(lint: LintProject) -> None:
    settings(lint, "without-opinions = true")

    assert rules_of(linted(lint)) == SAFETY
    assert rules_of(linted(lint, "--with-opinions")) > SAFETY


def test_ignored_rules_are_left_out_and_a_rule_that_is_asked_for_is_not(lint: LintProject) -> None:
    settings(lint, 'ignore = ["json-type", "index-not-concurrent"]', "without-opinions = true")

    found = linted(lint)

    assert (found["findings"], found["left_out"]["ignored"]) == ([], 2)
    assert run(lint, "lint").returncode == 0
    assert run(lint, "lint").stdout.splitlines()[-1].endswith(", 2 findings of ignored rules")
    assert rules_of(linted(lint, "--rule", "json-type")) == {"json-type"}
    assert run(lint, "lint", "--rule", "json-type").returncode == 1


def test_the_settings_are_found_above_alembics_configuration(lint: LintProject) -> None:
    inner = lint.directory / "services" / "shop"
    inner.mkdir(parents=True)
    (lint.directory / "alembic.ini").rename(inner / "alembic.ini")
    (inner / "alembic.ini").write_text(f"[alembic]\nscript_location = {lint.directory / 'alembic'}\n")
    settings(lint, "without-opinions = true")

    assert rules_of(linted(lint, "--config", str(inner / "alembic.ini"))) == SAFETY
    (inner / "pyproject.toml").write_text("[project]\nname = 'shop'\n")
    assert rules_of(linted(lint, "--config", str(inner / "alembic.ini"))) > SAFETY


def test_check_and_verify_leave_out_the_same(lint: LintProject) -> None:
    settings(lint, 'ignore = ["no-op-downgrade", "head-differs", "json-type", "index-not-concurrent"]')

    checked, verified = run(lint, "check", "--without-opinions"), run(lint, "verify", "--format", "json")

    assert checked.returncode == 0, checked.stdout
    assert re.search(r"^lint +\d+ left out +\d", checked.stdout, re.MULTILINE)
    assert re.search(r"^verify +\d+ left out +\d", checked.stdout, re.MULTILINE)
    assert run(lint, "lint", "--without-opinions").stdout.startswith("nothing beside what is left out\nleft out: ")
    document = json.loads(verified.stdout)
    assert (verified.returncode, document["findings"]) == (0, [])
    assert document["left_out"]["ignored"] > 2
    assert not any(one["findings"] for one in document["revisions"])


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("without-opinion = true", "has the unknown key without-opinion; it may be without-opinions"),
        ("colour = 1", "has the unknown key colour; it may have without-opinions, "),
        ('ignore = ["json-types"]', "there is no rule json-types; close to it: json-type"),
        ('ignore = "json-type"', "ignore in [tool.schema-tools] is a list of rules"),
        ("ignore = [1]", "ignore in [tool.schema-tools] is a list of rules"),
        ('without-opinions = "yes"', "without-opinions in [tool.schema-tools] is true or false"),
        ("without-opinions =", "cannot be read"),
        ("\n[tool]\nschema-tools = 1", "cannot be read"),
    ],
)
@pytest.mark.parametrize("command", ["lint", "check", "verify"])
def test_settings_that_are_wrong_are_one_sentence(lint: LintProject, command: str, lines: str, sentence: str) -> None:
    settings(lint, lines)

    done = run(lint, command)

    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert f"{lint.directory / 'pyproject.toml'}" in done.stderr
    assert done.stderr.count("\n") == 1
