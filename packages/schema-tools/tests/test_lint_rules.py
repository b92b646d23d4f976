"""Every rule for migrations fires on what is unsafe, written as `op.*` or as SQL, and is quiet on the safe form."""

from pathlib import Path

import pytest

from lint_cases import CASES
from lint_project import LintProject, rules_of
from schema_tools.lint.rule import REVISION_RULES, RevisionRule

RULES = pytest.mark.parametrize("rule", REVISION_RULES, ids=lambda rule: rule.name)
# It cannot run, so no safe form can be derived from it.
WITHOUT_SAFE_FORM = {"unparsable-sql", "upgrade-raises"}


@pytest.fixture
def lint(tmp_path: Path) -> LintProject:
    return LintProject.made(tmp_path)


def test_every_rule_has_its_cases_and_every_case_its_rule() -> None:
    assert sorted(CASES) == sorted(rule.name for rule in REVISION_RULES)
    assert all(cases.safe for cases in CASES.values())


@RULES
def test_a_rule_fires_on_what_is_unsafe_and_says_where(rule: RevisionRule, tmp_path: Path) -> None:
    for number, body in enumerate((rule.example, *CASES[rule.name].unsafe)):
        lint = LintProject.made(tmp_path / str(number))
        file = lint.add(body)
        found = [one for one in lint.findings() if one.rule == rule.name]

        assert found, body
        lines = range(10, 10 + len(body.splitlines()))
        assert all(one.place in {f"alembic/versions/{file.name}:{line}" for line in lines} for one in found), found
        assert all(one.message and one.why for one in found)


@RULES
def test_a_rule_is_quiet_on_what_is_safe(rule: RevisionRule, tmp_path: Path) -> None:
    for number, body in enumerate(CASES[rule.name].safe):
        lint = LintProject.made(tmp_path / str(number))
        lint.add(body)

        assert rule.name not in rules_of(lint.findings()), body


@RULES
def test_the_safe_form_of_every_finding_passes_the_lint(rule: RevisionRule, tmp_path: Path) -> None:
    for number, body in enumerate((rule.example, *CASES[rule.name].unsafe)):
        lint = LintProject.made(tmp_path / f"unsafe-{number}")
        lint.add(body)
        fixes = {one.fix for one in lint.findings() if one.rule == rule.name}

        assert all(bool(fix) == (rule.name not in WITHOUT_SAFE_FORM) for fix in fixes)
        for which, fix in enumerate(sorted(fixes - {""})):
            pasted = LintProject.made(tmp_path / f"safe-{number}-{which}")
            pasted.add_all(fix)

            broken = rules_of(pasted.findings())
            # A variant may break other rules besides, whose safe forms are in findings of their own.
            assert rule.name not in broken, f"{body}\n\n{fix}"
            assert not (number == 0 and broken), f"{body}\n\n{fix}"
