"""How bad what a rule finds is."""

from collections.abc import Sequence
from enum import Enum
from typing import Final

from schema_tools.findings import Finding
from schema_tools.lint.rule import REVISION_RULES, TABLE_RULES
from schema_tools.lint.rules import NO_TIMEOUTS
from schema_tools.rehearsal.verdicts import WHY


class Severity(Enum):
    """How bad it is to break a rule, the worst first, in the words of the page."""

    LOSS = "data loss, broken rollback"
    LOCKS = "blocking locks"
    CODE = "broken code"
    WEAK = "weak table"
    OPINION = "opinion"


_ORDER: Final = list(Severity)
_THEMES: Final = {"loss": Severity.LOSS, "unreadable": Severity.CODE}
_SEVERITIES: Final = {
    **{rule.name: _THEMES.get(rule.check.__module__.rpartition(".")[2], Severity.LOCKS) for rule in REVISION_RULES},
    **{rule.name: Severity.WEAK for rule in TABLE_RULES},
    **dict.fromkeys(WHY, Severity.LOSS),
    **dict.fromkeys(("drift", "head-differs", "mapping-not-made"), Severity.CODE),
    **dict.fromkeys(("missing-comment", "missing-timestamps"), Severity.OPINION),
    NO_TIMEOUTS.name: Severity.LOCKS,
}


def severity(rule: str) -> Severity:
    """How bad what the rule finds is, as far as it is known."""
    return _SEVERITIES.get(rule, Severity.WEAK)


def by_rule(findings: Sequence[Finding]) -> list[tuple[str, list[Finding]]]:
    """The findings of each rule, in their order; the worst rules first, and of those the ones with most findings."""
    rules: dict[str, list[Finding]] = {}
    for one in findings:
        rules.setdefault(one.rule, []).append(one)
    return sorted(rules.items(), key=lambda item: (_ORDER.index(severity(item[0])), -len(item[1]), item[0]))
