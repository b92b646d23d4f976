"""A first look at a project with hundreds of findings: a screen or two, and from there to each of them."""

import json
import re
from pathlib import Path

import pytest

from lint_project import LintProject
from schema_tools.findings import Finding, Group
from schema_tools.reporting.rules import all_rules, severity_of, worst_first
from schema_tools.reporting.severity import Severity
from schema_tools.testing.in_process import Done
from tool_commands import tools

TABLES = """\
from sqlalchemy import Column, Integer, JSON, MetaData, Table, Text

metadata = MetaData()
for number in range(150):
    columns = Column("id", Integer, primary_key=True), Column("body", Text), Column("more", JSON)
    Table(f"things_{number}", metadata, *columns)
"""
# Two screens, of a terminal of usual height.
TWO_SCREENS = 100


@pytest.fixture
def lint(tmp_path: Path) -> LintProject:
    return LintProject.made(tmp_path)


def run(lint: LintProject, *arguments: str) -> Done:
    (lint.directory / "tables_of_project.py").write_text(TABLES)
    return tools(*arguments, "--metadata", "tables_of_project:metadata", cwd=lint.directory)


def many(lint: LintProject) -> None:
    """Findings of each severity that the lint has."""
    for _ in range(3):
        lint.add('op.drop_index("ix_members_name")\nop.create_index("ix_members_name", "members", ["name"])')
    lint.add('op.alter_column("members", "name", new_column_name="full_name")')
    lint.add('op.drop_column("members", "age")\nop.drop_column("members", "balance")')


def test_many_findings_are_summed_by_rule_worst_first_and_fit_on_two_screens(lint: LintProject) -> None:
    many(lint)

    done = run(lint, "lint")
    lines = done.stdout.splitlines()
    found = json.loads(run(lint, "lint", "--format", "json").stdout)["findings"]

    assert (done.returncode, done.stderr) == (1, "")
    assert len(found) > 800
    assert len(lines) < TWO_SCREENS
    rules = {one["rule"] for one in found}
    assert lines[0] == f"{len(found)} findings of {len(rules)} rules, the worst first:"
    titles = [line for line in lines if line in {one.value for one in Severity}]
    assert titles == [one.value for one in Severity]
    counts = {rule: int(number) for number, rule in re.findall(r"^ +(\d+)  ([\w-]+)$", done.stdout, re.MULTILINE)}
    assert counts == {rule: sum(one["rule"] == rule for one in found) for rule in rules}
    assert next(iter(counts)) == "drop-column"


def test_each_rule_has_one_example_with_place_message_and_fix(lint: LintProject) -> None:
    many(lint)

    lines = run(lint, "lint").stdout.splitlines()

    at = lines.index("     2  drop-column")
    assert lines[at + 1].startswith("        alembic/versions/r005.py:10  ")
    assert lines[at + 2].startswith("        fix: # lint: allow drop-column because ")
    assert lines[at + 2].endswith(" ...")


def test_the_end_of_a_sum_says_which_commands_show_more_and_they_do(lint: LintProject) -> None:
    many(lint)

    *_, one_rule, everything, explained = run(lint, "lint").stdout.splitlines()

    assert one_rule.split("  ")[1] == "python -m schema_tools lint --rule drop-column"
    assert everything.split("  ")[1] == "python -m schema_tools lint --all"
    assert explained.split("  ")[1] == "python -m schema_tools explain drop-column"
    of_rule = run(lint, "lint", "--rule", "drop-column")
    assert of_rule.returncode == 1
    assert [line for line in of_rule.stdout.splitlines() if line.endswith("  drop-column")] == [
        "alembic/versions/r005.py:10  drop-column",
        "alembic/versions/r005.py:11  drop-column",
    ]
    assert "why: " in of_rule.stdout
    all_of_them = run(lint, "lint", "--all").stdout
    found = json.loads(run(lint, "lint", "--format", "json").stdout)["findings"]
    assert len(re.findall(r"^\S.*  [\w-]+$", all_of_them, re.MULTILINE)) == len(found)
    assert all_of_them.startswith("alembic/versions/r005.py:10  drop-column\n")


def test_a_rule_that_is_not_broken_is_clean(lint: LintProject) -> None:
    many(lint)

    assert run(lint, "lint", "--rule", "money-type").returncode == 0


def test_findings_in_json_say_how_bad_they_are(lint: LintProject) -> None:
    many(lint)

    found = json.loads(run(lint, "lint", "--format", "json").stdout)["findings"]

    severities = {one["rule"]: one["severity"] for one in found}
    assert severities["drop-column"] == "loss"
    assert severities["index-not-concurrent"] == "locks"
    assert severities["rename-column"] == "code"
    assert severities["json-type"] == "weak"
    assert severities["missing-comment"] == "opinion"


@pytest.mark.parametrize("command", ["lint", "verify", "check"])
def test_an_unknown_rule_is_one_sentence_with_those_that_are_close(lint: LintProject, command: str) -> None:
    done = run(lint, command, "--rule", "drop_columns")

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("schema_tools: there is no rule drop_columns; close to it: drop-column, ")
    assert done.stderr.count("\n") == 1


def test_check_and_verify_sum_as_well(lint: LintProject) -> None:
    many(lint)

    verified = run(lint, "verify")
    checked = run(lint, "check")

    assert (verified.returncode, checked.returncode) == (1, 1)
    assert re.search(r"^\d+ findings of \d+ rules, the worst first:$", verified.stdout, re.MULTILINE)
    assert "  python -m schema_tools check --all" in checked.stdout
    assert re.search(r"^lint +\d+ findings ", checked.stdout, re.MULTILINE)
    only = run(lint, "verify", "--rule", "no-op-downgrade")
    assert only.returncode == 1
    assert "head-differs" not in only.stdout


def test_what_has_findings_of_other_rules_is_not_called_clean(lint: LintProject) -> None:
    many(lint)

    linted, verified, checked = (run(lint, one, "--rule", "money-type") for one in ("lint", "verify", "check"))

    assert (linted.returncode, verified.returncode, checked.returncode) == (0, 0, 0)
    assert linted.stdout == "nothing of money-type\n"
    assert re.findall(r"^.* clean$", verified.stdout, re.MULTILINE) == re.findall(
        r"^.* clean$", run(lint, "verify").stdout, re.MULTILINE
    )
    assert re.search(r"^postgresql +r000 .* 1 left out$", verified.stdout, re.MULTILINE)
    assert re.search(r"^\d+ left out: \d+ rehearsals in", verified.stdout, re.MULTILINE)
    assert re.search(r"^verify +\d+ left out +\d", checked.stdout, re.MULTILINE)


def test_the_order_of_equally_bad_findings_stays() -> None:
    places = [("opinion", Group.OPINION), ("b", Group.SAFETY), ("a", Group.SAFETY)]
    findings = [Finding(rule="json-type", place=place, message="", group=group) for place, group in places]

    assert [one.place for one in worst_first(findings)] == ["b", "a", "opinion"]
    assert severity_of(Finding(rule="rows-lost", place="", message="")) is Severity.LOSS
    assert {one.severity for one in all_rules() if one.command == "lint"} == set(Severity)
