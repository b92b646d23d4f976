"""`explain`: every rule that any command can report, from the same source as the document of the rules."""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import schema_tools
from schema_tools.lint.rule import REVISION_RULES, TABLE_RULES
from schema_tools.lint.rules import OTHER_RULES
from schema_tools.reporting.rules import all_rules
from tool_commands import tools

PACKAGE = Path(schema_tools.__file__).parent
DOCUMENT = (PACKAGE.parents[1] / "docs" / "migration-rules.md").read_text("utf-8")
# What names a rule in its first argument, beside those that name it as `rule=`.
NAMING = {"Cause", "Verdict", "add_finding", "add_failure"}


def names_in_code() -> Iterator[str]:
    """Every text in the package that a finding takes for the name of its rule."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                rules = [one.value for one in node.keywords if one.arg == "rule"]
                rules += node.args[:1] if name in NAMING else []
                yield from (
                    part.value
                    for rule in rules
                    for part in ([rule.body, rule.orelse] if isinstance(rule, ast.IfExp) else [rule])
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                )
            elif isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple) and path.name == "snapshot.py":
                (rule, *_) = node.value.elts
                assert isinstance(rule, ast.Constant)
                yield str(rule.value)


def test_every_rule_that_a_command_can_report_is_explained_and_no_other() -> None:
    of_lint = {one.name for one in (*REVISION_RULES, *TABLE_RULES, *OTHER_RULES)}
    in_code = set(names_in_code())

    assert {"document-differs", "head-differs", "rows-lost", "revision-edited", "bloat", "duplicate-index"} <= in_code
    assert in_code | of_lint | {"drift"} == {one.name for one in all_rules()}


@pytest.mark.parametrize("rule", [*REVISION_RULES, *TABLE_RULES, *OTHER_RULES], ids=lambda rule: rule.name)
def test_a_rule_of_the_lint_is_explained_as_its_document_has_it(rule: "object", tmp_path: Path) -> None:
    name = str(getattr(rule, "name", ""))
    section = DOCUMENT.partition(f"\n### {name}\n")[2].partition("\n### ")[0]

    done = tools("explain", name, "--format", "json", cwd=tmp_path)

    assert done.returncode == 0
    found = json.loads(done.stdout)["rules"][0]
    assert (found["rule"], found["command"]) == (name, "lint")
    for part in ("finds", "why", "example", "instead", "waiver"):
        assert found[part] in section
    assert all(found[part] for part in ("finds", "why", "example", "waiver"))
    assert ("Instead:" in section) is bool(found["instead"])


def test_an_explanation_for_people_has_what_why_safe_form_and_waiver(tmp_path: Path) -> None:
    done = tools("explain", "drop-column", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    for part in (
        "Finds DROP COLUMN.",
        "Why   The previous release",
        "Instead\n    # lint: allow",
        "Waived by `# lint:",
    ):
        assert part in done.stdout


@pytest.mark.parametrize(
    ("name", "commands"),
    [
        ("rows-lost", ["verify"]),
        ("revision-edited", ["check"]),
        ("drift", ["drift"]),
        ("bloat", ["audit"]),
        ("foreign-key-without-index", ["lint", "audit"]),
    ],
)
def test_rules_of_other_commands_are_explained_too(name: str, commands: list[str], tmp_path: Path) -> None:
    done = tools("explain", name, "--format", "json", cwd=tmp_path)

    rules = json.loads(done.stdout)["rules"]
    assert [one["command"] for one in rules] == commands
    assert all(one["finds"] and one["why"] and one["instead"] and one["waiver"] for one in rules)


def test_an_unknown_rule_is_a_sentence_with_the_closest_names(tmp_path: Path) -> None:
    close = tools("explain", "dropcolumn", cwd=tmp_path)
    far = tools("explain", "zzz", cwd=tmp_path)

    assert (close.returncode, close.stdout, far.returncode) == (2, "", 2)
    assert close.stderr.startswith("schema_tools: there is no rule dropcolumn; close to it: drop-column")
    assert far.stderr == "schema_tools: there is no rule zzz\n"
