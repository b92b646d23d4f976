"""SARIF 2.1.0, which code scanning reads.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final
from urllib.parse import quote

from schema_tools.reporting.locations import Locations
from schema_tools.reporting.rules import RuleFacts, rules_named, severity_of
from schema_tools.reporting.selection import Reported
from schema_tools.reporting.severity import Severity

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final = {Severity.WEAK: "warning", Severity.OPINION: "note"}
_DISTRIBUTION: Final = "fastapi-service-schema-tools"


def sarif_log(found: Sequence[Reported], locations: Locations) -> dict[str, Any]:
    """The log of one run, as JSON has it; its rules are those that were broken."""
    names = sorted({one.finding.rule for one in found})
    driver: dict[str, Any] = {"name": "schema-tools", "rules": [_rule(rules_named(name)[0]) for name in names]}
    with suppress(PackageNotFoundError):  # where it is run from its sources, without being installed
        driver["version"] = version(_DISTRIBUTION)
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": [_result(one, names.index(one.finding.rule), locations) for one in found],
            }
        ],
    }


def _rule(one: RuleFacts) -> dict[str, Any]:
    instead = one.instead
    help_text = f"{one.why}\n\nInstead:\n\n{instead}" if instead else one.why
    code = f"```python\n{instead}\n```" if one.lint is not None else instead
    rule: dict[str, Any] = {
        "id": one.name,
        "shortDescription": {"text": f"Finds {one.finds}."},
        "fullDescription": {"text": one.why},
        "help": {
            "text": f"{help_text}\n\n{one.waiver}",
            "markdown": "\n\n".join([one.why, *(["**Instead**", code] if instead else []), one.waiver]),
        },
        "defaultConfiguration": {"level": _LEVELS.get(one.severity, "error")},
        "properties": {"tags": list(dict.fromkeys((one.group.value, one.severity.name.lower())))},
    }
    return {**rule, "helpUri": one.source} if one.source else rule


def _result(one: Reported, rule: int, locations: Locations) -> dict[str, Any]:
    finding, location = one.finding, locations.of(one.finding)
    message = "\n\n".join([finding.message, *([finding.why] if finding.why else [])])
    place: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(location.path), "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": location.line},
        }
    }
    if not location.exact:
        place["logicalLocations"] = [{"fullyQualifiedName": finding.place}]
        message = f"{finding.place}: {message}"
    return {
        "ruleId": finding.rule,
        "ruleIndex": rule,
        "level": _LEVELS.get(severity_of(finding), "error"),
        "message": {"text": f"{message}\n\nInstead:\n{finding.fix}" if finding.fix else message},
        "locations": [place],
        "partialFingerprints": {
            "schemaTools/v1": one.fingerprint,
            # The one that GitHub goes by, which would make it from the line otherwise.
            "primaryLocationLineHash": f"{one.fingerprint}:1",
        },
    }
