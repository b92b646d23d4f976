"""Workflow commands of GitHub Actions, which show findings beside the changed lines.

Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from collections.abc import Iterator, Sequence
from typing import Final

from schema_tools.reporting.locations import Locations
from schema_tools.reporting.rules import severity_of
from schema_tools.reporting.selection import Reported
from schema_tools.reporting.severity import Severity

_LEVELS: Final = {Severity.WEAK: "warning", Severity.OPINION: "notice"}


def workflow_commands(found: Sequence[Reported], locations: Locations) -> str:
    """A command for each finding, in a line of its own."""
    return "".join(f"{_command(one, locations)}\n" for one in found)


def _command(one: Reported, locations: Locations) -> str:
    level = _LEVELS.get(severity_of(one.finding), "error")
    location = locations.of(one.finding)
    properties = {"file": location.path, "line": str(location.line)} if location.exact else {}
    properties["title"] = one.finding.rule
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{level} {told}::{_data(chr(10).join(_lines(one)))}"


def _lines(one: Reported) -> Iterator[str]:
    finding = one.finding
    yield f"{finding.place}: {finding.message}"
    if finding.why:
        yield f"why: {finding.why}"
    if finding.fix:
        yield from ("fix:", finding.fix)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
