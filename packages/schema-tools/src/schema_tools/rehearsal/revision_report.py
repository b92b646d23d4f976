"""What the rehearsal of one revision comes to."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from alembic.script import Script

from schema_tools.findings import Finding
from schema_tools.rehearsal.steps import Revisions, StepFailed
from schema_tools.rehearsal.verdicts import WHY


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionReport:
    """The result of rehearsing one revision on one kind of database.

    Attributes:
        rows: How many rows the database had when it was applied.
        irreversible: Why it cannot be taken back, in its author's words; None when it can.
        stopped: Whether it fails even without rows, so that the later ones are tried without it.
    """

    dialect: str
    revision: str
    message: str
    rows: int
    irreversible: str | None
    stopped: bool
    findings: Sequence[Finding]
    seconds: float


@dataclass
class RevisionFindings:
    """The findings about a revision on one kind of database: `found`, in the order in which they were made."""

    revisions: Revisions
    dialect: str
    script: Script
    found: list[Finding] = field(default_factory=list)

    def add_failure(self, rule: str, what: str, error: StepFailed, fix: str = "") -> None:
        """Add what failed: why, in which statement, and where."""
        statement = f", in: {error.statement}" if error.statement else ""
        self.add_finding(rule, f"{what}: {error.why}{statement}", fix, place=error.place)

    def add_finding(self, rule: str, message: str, fix: str = "", *, place: str = "") -> None:
        """Add a finding, by default at the function of the revision that it is about."""
        going_up = rule in {"upgrade-not-repeatable", "table-not-filled"}
        function = getattr(self.script.module, "upgrade" if going_up else "downgrade", None)
        code = getattr(function, "__code__", None)
        place = place or self.revisions.place(self.script.path, code.co_firstlineno if code else None)
        if len(self.revisions.project.databases) > 1:
            message = f"{self.dialect}: {message}"
        self.found.append(Finding(rule=rule, place=place, message=message, why=WHY.get(rule, ""), fix=fix))
