"""Which findings are reported: those of the rules that were asked for, without those that a project leaves out."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from schema_tools.findings import Finding, Group
from schema_tools.reporting.settings import Settings


@dataclass(kw_only=True)
class Selection:
    """Leaves findings out, and counts them.

    Attributes:
        rules: The rules that were asked for, whatever the settings say; all that the settings allow when empty.
        settings: What the project leaves out.
        left_out: How many findings were left out: `opinions`, and those of `ignored` rules.
    """

    rules: frozenset[str]
    settings: Settings
    left_out: Counter[str] = field(default_factory=Counter)

    def of(self, findings: Iterable[Finding]) -> list[Finding]:
        """Those that are reported."""
        return [one for one in findings if not self._leaves_out(one)]

    def _leaves_out(self, one: Finding) -> bool:
        if self.rules:
            return one.rule not in self.rules
        reason = self._reason(one)
        self.left_out.update([reason] if reason else [])
        return bool(reason)

    def _reason(self, one: Finding) -> str:
        if one.rule in self.settings.ignored:
            return "ignored"
        if one.group is Group.OPINION and self.settings.without_opinions:
            return "opinions"
        return ""
