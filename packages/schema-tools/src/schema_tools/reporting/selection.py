"""Which findings are reported: those of the rules that were asked for, without those that a project leaves out."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from schema_tools.findings import Finding, Group
from schema_tools.reporting.baseline import Baseline, Known, known
from schema_tools.reporting.fingerprints import Fingerprints
from schema_tools.reporting.settings import Settings


@dataclass(frozen=True, slots=True)
class Reported:
    """A finding that is reported, and what it is known by from one run to the next."""

    finding: Finding
    fingerprint: str


@dataclass(kw_only=True)
class Selection:
    """Leaves findings out, and counts them.

    Attributes:
        rules: The rules that were asked for, whatever the settings say; all that the settings allow when empty.
        settings: What the project leaves out.
        baseline: The findings that are known.
        left_out: How many findings were left out: `known` ones, `opinions`, and those of `ignored` rules.
        seen: The fingerprints of all findings, reported or not.
    """

    rules: frozenset[str]
    settings: Settings
    baseline: Baseline
    left_out: Counter[str] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)
    _fingerprints: Fingerprints = field(default_factory=Fingerprints)

    def __post_init__(self) -> None:
        self._known = self.baseline.fingerprints

    def of(self, findings: Iterable[Finding]) -> list[Reported]:
        """Those that are reported; the findings of one run are given in their order, in as many parts as there are."""
        all_of_them = [Reported(one, self._fingerprints.next(one)) for one in findings]
        self.seen |= {one.fingerprint for one in all_of_them}
        return [one for one in all_of_them if not self._leaves_out(one)]

    def found_no_longer(self) -> list[Known]:
        """The entries of the baseline that no finding was for, which tells something once all findings were given."""
        return [one for one in self.baseline.entries if one.fingerprint not in self.seen]

    def _leaves_out(self, one: Reported) -> bool:
        if self.rules and one.finding.rule not in self.rules:
            return True
        reason = self._reason(one)
        self.left_out.update([reason] if reason else [])
        return bool(reason)

    def _reason(self, one: Reported) -> str:
        if one.finding.rule in self.settings.ignored and not self.rules:
            return "ignored"
        if one.finding.group is Group.OPINION and self.settings.without_opinions and not self.rules:
            return "opinions"
        return "known" if one.fingerprint in self._known else ""


def entries_of(reported: Iterable[Reported]) -> list[Known]:
    """The findings as entries of a baseline."""
    return [known(one.finding, one.fingerprint) for one in reported]
