"""Waivers that do not say what they should."""

from collections.abc import Callable
from dataclasses import dataclass

from schema_tools.findings import Finding
from schema_tools.lint.rule import OtherRule


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverRule(OtherRule):
    """A rule about waivers: what is wrong with the one for a rule, and what to do."""

    message: Callable[[str], str]
    mend: Callable[[str], str]

    def finding(self, place: str, rule: str) -> Finding:
        """The finding at a waiver for `rule`."""
        return Finding(
            rule=self.name, place=place, message=self.message(rule), why=self.explanation, fix=self.mend(rule)
        )


WITHOUT_REASON = WaiverRule(
    name="waiver-without-reason",
    fires="a waiver that gives no reason",
    why="Who reads it next year cannot tell whether the reason still holds.",
    source="",
    example='# lint: allow drop-column\nop.drop_column("users", "age")',
    message=lambda rule: f"the waiver of {rule} gives no reason",
    mend=lambda rule: f"# lint: allow {rule} because no release that still runs uses it",
)
UNKNOWN_RULE = WaiverRule(
    name="unknown-waiver",
    fires="a waiver for a rule that does not exist, or one that cannot be read",
    why="It allows nothing.",
    source="",
    example='# lint: allow drop-columns because nobody uses it\nop.drop_column("users", "age")',
    message=lambda rule: f"there is no rule {rule}" if rule else "this is no waiver",
    mend=lambda _rule: "",
)
UNUSED_WAIVER = WaiverRule(
    name="unused-waiver",
    fires="a waiver for a rule that is not broken there",
    why="It would silently allow what somebody writes there later.",
    source="",
    example='# lint: allow drop-table because nobody uses it\nop.drop_column("users", "age")',
    message=lambda rule: f"{rule} does not fire here: remove the waiver",
    mend=lambda _rule: "",
)

WAIVER_RULES = (WITHOUT_REASON, UNKNOWN_RULE, UNUSED_WAIVER)
