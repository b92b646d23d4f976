"""GitLab's report of code quality, which merge requests show.

Source: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from collections.abc import Sequence
from typing import Any, Final

from schema_tools.reporting.locations import Locations
from schema_tools.reporting.rules import severity_of
from schema_tools.reporting.selection import Reported
from schema_tools.reporting.severity import Severity

_SEVERITIES: Final = {
    Severity.LOSS: "blocker",
    Severity.LOCKS: "critical",
    Severity.CODE: "major",
    Severity.WEAK: "minor",
    Severity.OPINION: "info",
}


def code_quality(found: Sequence[Reported], locations: Locations) -> list[dict[str, Any]]:
    """The report, as JSON has it."""
    return [_entry(one, locations) for one in found]


def _entry(one: Reported, locations: Locations) -> dict[str, Any]:
    location = locations.of(one.finding)
    message = one.finding.message if location.exact else f"{one.finding.place}: {one.finding.message}"
    return {
        "description": f"{message} ({one.finding.why})" if one.finding.why else message,
        "check_name": one.finding.rule,
        "fingerprint": one.fingerprint,
        "severity": _SEVERITIES[severity_of(one.finding)],
        "location": {"path": location.path, "lines": {"begin": location.line}},
    }
