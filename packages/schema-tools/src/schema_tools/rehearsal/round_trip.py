"""One revision after the other: up, down and up over rows, and what each left behind, lost or could not do."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Final, TypeVar

from alembic.script import Script
from sqlalchemy import Connection

from schema_tools.catalog.comparing import differences
from schema_tools.catalog.objects import Catalog
from schema_tools.catalog.reading import read_catalog
from schema_tools.findings import Finding
from schema_tools.rehearsal.examples import Examples, examples_of
from schema_tools.rehearsal.rows import fill
from schema_tools.rehearsal.shapes import TableShape
from schema_tools.rehearsal.snapshot import Snapshot, losses, take_snapshot
from schema_tools.rehearsal.spare import Databases
from schema_tools.rehearsal.steps import StepFailed, Walker
from schema_tools.rehearsal.stores import read_shapes
from schema_tools.rehearsal.updated_at import stale_updated_at
from schema_tools.rehearsal.verdicts import SAY_SO, WHY, Verdict, of_downgrade, of_no_op, of_repetition

# Enough for the ways in which values vary; few enough that a long history over many tables is quick.
_ROWS: Final = 8

_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionReport:
    """What became of one revision on one kind of database.

    Attributes:
        rows: How many rows were in place when it was applied.
        irreversible: Why it cannot be taken back, in its author's words; None when it can.
        stopped: Whether it fails even without rows, so that nothing after it could be tried.
    """

    dialect: str
    revision: str
    message: str
    rows: int
    irreversible: str | None
    stopped: bool
    findings: Sequence[Finding]
    seconds: float


def round_trips(databases: Databases) -> Iterator[RevisionReport]:
    """Take a database through every revision, up, down and up."""
    rehearsal = _Rehearsal(databases, examples_of(databases.revisions.project.metadata))
    history = databases.revisions.in_order()
    for script in history:
        report = rehearsal.report(script, is_head=script is history[-1])
        yield report
        if report.stopped:
            return


@dataclass
class _Rehearsal:
    """The state of a rehearsal: a database with rows, at the revision that `done` ends with.

    Attributes:
        shapes: The tables as they are, and as they were when they last got rows.
        catalog: What the database's catalog was after the last revision, unless it has to be read again.
        unfilled: Tables that were reported as impossible to fill, with the reason.
    """

    databases: Databases
    examples: Examples
    walker: Walker = field(init=False)
    done: list[Script] = field(default_factory=list)
    shapes: Mapping[str, TableShape] = field(default_factory=dict)
    catalog: Catalog | None = None
    unfilled: set[tuple[str, str]] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)
    irreversible: str | None = None

    def __post_init__(self) -> None:
        self.walker = self.databases.empty()

    def report(self, script: Script, *, is_head: bool) -> RevisionReport:
        """Take one revision up, down and up."""
        began, rows, stopped = monotonic(), 0, False
        self.findings, self.irreversible = [], None
        before = self._snapshot()
        rows = sum(map(len, before.rows.values()))
        try:
            self._round_trip(script, before)
        except StepFailed as error:
            stopped = True
            self._failed("upgrade-fails", "the upgrade fails", error)
        if is_head and not stopped:
            metadata = self.databases.revisions.project.metadata
            self.findings += self._read(lambda connection: list(stale_updated_at(connection, metadata)))
        return RevisionReport(
            dialect=self.databases.dialect,
            revision=script.revision,
            message=script.doc.removesuffix("."),
            rows=rows,
            irreversible=self.irreversible,
            stopped=stopped,
            findings=tuple(self.findings),
            seconds=monotonic() - began,
        )

    def _round_trip(self, script: Script, before: Snapshot) -> None:
        """Take the revision up, down and up.

        Raises:
            StepFailed: It cannot be applied at all.
        """
        catalog = self._read(read_catalog) if self.catalog is None else self.catalog
        shapes = self.shapes
        if not self._up(script):
            return
        upgraded = self.catalog = self._read(read_catalog)
        self._fill(script)
        if not self._down(script, upgraded):
            return
        restored = self._read(read_catalog)
        left = differences(catalog, restored)
        if left and not differences(upgraded, restored):
            self._found(script, of_no_op(left))
            self._start_over()
            return
        for verdict in of_downgrade(left):
            self._found(script, verdict)
        upgraded_shapes = self.shapes
        self.shapes = self._read(read_shapes) if left else shapes
        for loss in losses(before, self._snapshot()):
            fix = f"restore what was in downgrade(), or {SAY_SO}"
            self._found(script, Verdict(loss.rule, f"going up and down again {loss.message}", fix))
        if self._up_again(script, upgraded):
            # What the downgrade took with it is there again, and empty.
            self._fill(script, upgraded_shapes)

    def _up(self, script: Script) -> bool:
        """Apply the revision over rows; where that fails, without. Returns whether it went over rows."""
        try:
            self.walker.step(script, up=True)
        except StepFailed as error:
            self._failed_over_rows(script, error)
            return False
        self.done.append(script)
        return True

    def _failed_over_rows(self, script: Script, error: StepFailed) -> None:
        self.done.append(script)
        try:
            self._start_over()
        except StepFailed:
            raise error from None
        self._failed("upgrade-fails-over-rows", "the upgrade works without rows, and fails over some", error)

    def _down(self, script: Script, upgraded: Catalog) -> bool:
        """Take the revision back. Returns whether that worked."""
        try:
            self.walker.step(script, up=False)
        except StepFailed as error:
            if error.irreversible:
                self.irreversible = error.why
                if not error.why.strip():
                    message = "the downgrade refuses, and does not say why"
                    self._found(script, Verdict("irreversible-without-reason", message, SAY_SO))
            elif self._goes_down_without_rows(script):
                self._failed(
                    "downgrade-fails-over-rows", "the downgrade works without rows, and fails over some", error
                )
            else:
                self._failed("downgrade-fails", "the downgrade fails", error)
            if script.revision not in self.walker.applied() or differences(upgraded, self._read(read_catalog)):
                self._start_over()
            return False
        return True

    def _up_again(self, script: Script, upgraded: Catalog) -> bool:
        """Apply the revision a second time. Returns whether that led to the same schema as the first time."""
        try:
            self.walker.step(script, up=True)
        except StepFailed as error:
            self._failed("upgrade-not-repeatable", "after its downgrade the upgrade fails", error)
            self._start_over()
            return False
        left = differences(upgraded, self._read(read_catalog))
        for verdict in of_repetition(left):
            self._found(script, verdict)
        if left:
            self._start_over()
        return not left

    def _goes_down_without_rows(self, script: Script) -> bool:
        walker = self.databases.at(self.done)
        try:
            walker.step(script, up=False)
        except StepFailed:
            return False
        finally:
            self.databases.drop(walker)
        return True

    def _start_over(self) -> None:
        """Go on with a new database at the same revision, with new rows."""
        fresh = self.databases.at(self.done)
        self.databases.drop(self.walker)
        self.walker, self.shapes, self.catalog = fresh, {}, None
        self._fill(self.done[-1])

    def _fill(self, script: Script, shapes: Mapping[str, TableShape] | None = None) -> None:
        """Give rows to the tables that are not as they were when they last got some."""
        with self.walker.transaction() as connection:
            shapes = shapes or read_shapes(connection)
            changed = {name for name, table in shapes.items() if self.shapes.get(name) != table}
            self.shapes = shapes
            if not changed:
                return
            unfilled = fill(connection, _ROWS, examples=self.examples, tables=changed, shapes=shapes).unfilled
        for one in unfilled:
            if (one.table, one.reason) in self.unfilled:
                continue
            self.unfilled.add((one.table, one.reason))
            message = f"no row was found that {one.table} takes, so no migration was tried over one: {one.reason}"
            fix = f'give the columns of {one.table} examples in the mapping: Column(..., info={{"example": ...}})'
            self._found(script, Verdict("table-not-filled", message, fix))

    def _snapshot(self) -> Snapshot:
        return self._read(lambda connection: take_snapshot(connection, self.shapes))

    def _read(self, read: Callable[[Connection], _Read]) -> _Read:
        with self.walker.transaction() as connection:
            return read(connection)

    def _failed(self, rule: str, what: str, error: StepFailed) -> None:
        statement = f", in: {error.statement}" if error.statement else ""
        message = f"{self._on}{what}: {error.why}{statement}"
        self.findings.append(Finding(rule=rule, place=error.place, message=message, why=WHY[rule]))

    def _found(self, script: Script, verdict: Verdict) -> None:
        going_up = verdict.rule in {"upgrade-not-repeatable", "table-not-filled"}
        function = getattr(script.module, "upgrade" if going_up else "downgrade", None)
        code = getattr(function, "__code__", None)
        place = self.databases.revisions.place(script, code.co_firstlineno if code else None)
        message = f"{self._on}{verdict.message}"
        why = WHY.get(verdict.rule, "")
        self.findings.append(Finding(rule=verdict.rule, place=place, message=message, why=why, fix=verdict.fix))

    @property
    def _on(self) -> str:
        """Which database it is about, where that is not clear."""
        return f"{self.databases.dialect}: " if len(self.databases.revisions.project.databases) > 1 else ""
