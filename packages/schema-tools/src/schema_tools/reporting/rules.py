"""Every rule of every command: what it finds, why that matters, what to do instead, and how it is waived."""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any, Final

from schema_tools.errors import SchemaToolsError
from schema_tools.findings import Finding, Group
from schema_tools.lint import safe_form
from schema_tools.lint.rule import REVISION_RULES, TABLE_RULES, Rule
from schema_tools.lint.rules import NO_TIMEOUTS, OTHER_RULES
from schema_tools.lint.waivers import waived_by
from schema_tools.rehearsal.verdicts import WHY
from schema_tools.reporting.severity import OF_REVISION_RULES, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFacts:
    """What is known of a rule.

    Attributes:
        command: The command that finds it. `check` runs `lint` and `verify`, too.
        finds: What it finds, in a few words.
        source: Where its reason is documented; empty where that is nowhere.
        advice: What to do instead, in words; empty for a rule of the lint.
        lint: The rule of the lint, where it is one.
    """

    name: str
    command: str
    severity: Severity
    finds: str
    why: str
    source: str = ""
    advice: str = ""
    lint: Rule | None = None

    @property
    def group(self) -> Group:
        """Whether it is about safety, or an opinion."""
        return Group.OPINION if self.severity is Severity.OPINION else Group.SAFETY

    @property
    def example(self) -> str:
        """Code that breaks it; empty where it is not about code."""
        return self.lint.example if self.lint is not None else ""

    @property
    def instead(self) -> str:
        """What to do instead: code for a rule of the lint, or else words.

        Raises:
            SchemaToolsError: pglast, which reads the example, is not installed.
        """
        return safe_form(self.lint) if self.lint is not None else self.advice

    @property
    def waiver(self) -> str:
        """How it is waived, in a sentence."""
        return waived_by(self.lint) if self.lint is not None else _NO_WAIVER


@cache
def all_rules() -> tuple[RuleFacts, ...]:
    """Every rule: those of the lint first. A name may be in it twice, for tables and for a live database."""
    return (*_of_lint(), *_of_other_commands())


def rules_named(name: str) -> list[RuleFacts]:
    """The rules of that name.

    Raises:
        SchemaToolsError: There is none; the sentence has the names that are close to it.
    """
    found = [one for one in all_rules() if one.name == name]
    if not found:
        names = list(dict.fromkeys(one.name for one in all_rules()))
        close = get_close_matches(name.lower().replace("_", "-"), names, n=3, cutoff=0.6)
        advice = f"; close to it: {', '.join(close)}" if close else ""
        raise SchemaToolsError(f"there is no rule {name}{advice}")
    return found


def severity_of(finding: Finding) -> Severity:
    """How bad a finding is."""
    if finding.group is Group.OPINION:
        return Severity.OPINION
    return _severities().get(finding.rule, Severity.CODE)


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """The findings by severity; those that are equally bad stay in their order."""
    return sorted(findings, key=lambda one: severity_of(one).rank)


@cache
def _severities() -> dict[str, Severity]:
    return {one.name: one.severity for one in reversed(all_rules())}


def _of_lint() -> Iterator[RuleFacts]:
    for rule in (*REVISION_RULES, *TABLE_RULES, *OTHER_RULES):
        yield RuleFacts(
            name=rule.name,
            command="lint",
            severity=_severity(rule),
            finds=rule.fires,
            why=rule.why,
            source=rule.source,
            lint=rule,
        )


def _severity(rule: Rule) -> Severity:
    if rule.group is Group.OPINION:
        return Severity.OPINION
    if rule in REVISION_RULES:
        return OF_REVISION_RULES.get(rule.name, Severity.LOCKS)
    return Severity.LOCKS if rule is NO_TIMEOUTS else Severity.WEAK


def _of_other_commands() -> Iterator[RuleFacts]:
    document: dict[str, dict[str, dict[str, Any]]] = tomllib.loads(_FILE.read_text("utf-8"))
    for command, rules in document.items():
        for name, told in rules.items():
            why = told["why"] if "why" in told else f"{WHY[name][0].upper()}{WHY[name][1:]}."
            yield RuleFacts(
                name=name,
                command=command,
                severity=Severity[told["severity"].upper()],
                finds=told["finds"],
                why=why,
                advice=told["instead"],
            )


_NO_WAIVER: Final = (
    "Cannot be waived where it is found; `ignore` in [tool.schema-tools] of pyproject.toml leaves a rule out."
)
_FILE: Final = files("schema_tools.reporting") / "rules.toml"
