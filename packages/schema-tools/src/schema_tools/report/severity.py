"""Findings by rule, the worst first."""

from collections.abc import Sequence

from schema_tools.findings import Finding
from schema_tools.reporting.rules import severity_of


def by_rule(findings: Sequence[Finding]) -> list[tuple[str, list[Finding]]]:
    """The findings of each rule, in their order; the worst rules first, and of those the ones with most findings."""
    rules: dict[str, list[Finding]] = {}
    for one in findings:
        rules.setdefault(one.rule, []).append(one)
    return sorted(rules.items(), key=lambda item: (severity_of(item[1][0]).rank, -len(item[1]), item[0]))
