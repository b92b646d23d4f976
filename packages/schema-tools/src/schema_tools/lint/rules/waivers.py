"""Waivers that are incomplete, unknown or unused."""

from dataclasses import dataclass

from schema_tools.findings import Finding
from schema_tools.lint.rule import OtherRule


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverRule(OtherRule):
    """A rule about waivers: what is wrong with the one for `{rule}`, and what to do."""

    message: str
    fix: str = ""

    def finding(self, place: str, rule: str) -> Finding:
        """The finding at a waiver for `rule`."""
        message = self.message.format(rule=rule) if rule else "this is not a valid waiver"
        fix = self.fix.format(rule=rule)
        return Finding(rule=self.name, place=place, message=message, why=self.explanation, fix=fix)


WITHOUT_REASON = WaiverRule(
    name="waiver-without-reason",
    fires="a waiver that gives no reason",
    why="A later reader cannot tell whether the reason still holds.",
    example='# lint: allow drop-column\nop.drop_column("members", "age")',
    message="the waiver of {rule} gives no reason",
    fix="# lint: allow {rule} because no release that still runs uses it",
)
UNKNOWN_RULE = WaiverRule(
    name="unknown-waiver",
    fires="a waiver for a rule that does not exist, or one that cannot be read",
    why="It allows nothing.",
    example='# lint: allow drop-columns because it is unused\nop.drop_column("members", "age")',
    message="there is no rule {rule}",
)
UNUSED_WAIVER = WaiverRule(
    name="unused-waiver",
    fires="a waiver for a rule that is not broken there",
    why="It would silently allow a later violation.",
    example='# lint: allow drop-table because it is unused\nop.drop_column("members", "age")',
    message="{rule} does not fire here: remove the waiver",
)

WAIVER_RULES = (WITHOUT_REASON, UNKNOWN_RULE, UNUSED_WAIVER)
