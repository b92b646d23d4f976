"""Taking each revision up, down and up over rows, and reporting what it left behind, lost or could not do."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Final, TypeVar

from alembic.script import Script
from sqlalchemy import Connection

from schema_tools.catalog.mapped import mapped_schemas
from schema_tools.catalog.objects import Catalog, Difference
from schema_tools.catalog.reading import read_catalog, true_differences
from schema_tools.migrations.scripts import applied_heads
from schema_tools.rehearsal.baseline import HOW_TO_WRITE_IT
from schema_tools.rehearsal.examples import examples_of
from schema_tools.rehearsal.revision_report import RevisionFindings, RevisionReport
from schema_tools.rehearsal.rows import fill
from schema_tools.rehearsal.shapes import TableShape
from schema_tools.rehearsal.snapshot import Snapshot, losses, take_snapshot
from schema_tools.rehearsal.spare import Databases
from schema_tools.rehearsal.steps import StepFailed, Walker
from schema_tools.rehearsal.stores import read_shapes
from schema_tools.rehearsal.updated_at import stale_updated_at
from schema_tools.rehearsal.verdicts import SAY_SO, of_downgrade, of_no_op, worded

# Enough for the ways in which values vary; few enough that a long history over many tables is quick.
_ROWS: Final = 8

_Read = TypeVar("_Read")


def round_trips(databases: Databases, chosen: Collection[str] | None = None) -> Iterator[RevisionReport]:
    """Take a database through every revision, up, down and up.

    Args:
        databases: Where it is made.
        chosen: The identifiers of the revisions to rehearse, by default all. Those before them are applied without
            rows, and so are those between them.
    """
    history = databases.revisions.rehearsed()
    places = [at for at, one in enumerate(history) if chosen is None or one.revision in chosen]
    if not places:
        return
    databases.base = history[: places[0]]
    rehearsal = _Rehearsal(databases)
    for script in history[places[0] : places[-1] + 1]:
        if chosen is not None and script.revision not in chosen:
            rehearsal.pass_by(script)
            continue
        yield rehearsal.report(script, is_head=script is history[-1])
        if rehearsal.lacks_beginning:
            return  # All others would fail, too.


@dataclass
class _Rehearsal:
    """A rehearsal in progress: a database with rows, at the revision that `done` ends with.

    Attributes:
        shapes: The tables as they were when they last got rows.
        catalog: The catalog after the last revision; None when it has to be read.
        unfilled: Tables that were reported as impossible to fill, with the reason.
        lacks_beginning: Whether a revision needs tables, and none before it made any.
        behind: Whether there are revisions in `done` that the database has not had, or that it has no rows for.
        script: The revision that is rehearsed; `findings` and `irreversible` are about it.
    """

    databases: Databases
    walker: Walker = field(init=False)
    done: list[Script] = field(default_factory=list)
    shapes: Mapping[str, TableShape] = field(default_factory=dict)
    catalog: Catalog | None = None
    unfilled: set[tuple[str, str]] = field(default_factory=set)
    behind: bool = field(init=False)
    script: Script = field(init=False)
    findings: RevisionFindings = field(init=False)
    irreversible: str | None = None
    lacks_beginning: bool = False

    def __post_init__(self) -> None:
        self.walker, self.done = self.databases.start(), list(self.databases.base)
        self.behind = bool(self.done)
        self.metadata = self.databases.revisions.project.metadata
        self.schemas = (None, *mapped_schemas(self.metadata))

    def report(self, script: Script, *, is_head: bool) -> RevisionReport:
        """Take one revision up, down and up."""
        began, stopped = monotonic(), False
        self.script, self.findings, self.irreversible = script, self._none_yet(script), None
        if self.behind:
            # What is said here of tables is no news: they were there before.
            self._catch_up()
            self.findings = self._none_yet(script)
        while self.databases.failures:
            self.findings.add_failure("upgrade-fails", "the upgrade fails", self.databases.failures.pop(0))
        before = self._snapshot()
        try:
            self._round_trip(before)
        except StepFailed as error:
            stopped = True
            self._fails(error)
        if is_head and not stopped:
            self.databases.head = self.walker.url
            self.findings.found += self._read(lambda connection: list(stale_updated_at(connection, self.metadata)))
        return RevisionReport(
            dialect=self.databases.dialect,
            revision=script.revision,
            message=script.doc.removesuffix("."),
            rows=sum(map(len, before.rows.values())),
            irreversible=self.irreversible,
            stopped=stopped,
            findings=tuple(self.findings.found),
            seconds=monotonic() - began,
        )

    def _none_yet(self, script: Script) -> RevisionFindings:
        return RevisionFindings(self.databases.revisions, self.databases.dialect, script)

    def _fails(self, error: StepFailed) -> None:
        """Report a revision that cannot be applied, and go on without it."""
        fix = ""
        if error.lacks and not any(one.kind == "table" for one in self._read(read_catalog).values()):
            self.lacks_beginning = True
            before = ", ".join(one.revision for one in self.done[:-1][-1:]) or "base"
            fix = (
                "if the schema before it was made by other means, name that schema, and the revision that it is at:"
                f" --from {before} --from-schema schema.sql, which {HOW_TO_WRITE_IT} writes"
            )
        self.findings.add_failure("upgrade-fails", "the upgrade fails", error, fix)
        self.databases.passed_over.add(self.script.revision)
        self._start_over()

    def pass_by(self, script: Script) -> None:
        """Leave a revision to be applied, without rows, before the next one that is rehearsed."""
        self.done.append(script)
        self.behind = True

    def _catch_up(self) -> None:
        if len(self.done) > len(self.databases.base):
            try:
                self._start_over()
            except StepFailed as error:
                # The last one before those that are rehearsed.
                self.databases.passed_over.add(self.done[-1].revision)
                self.databases.failures.append(error)
                self._start_over()
        else:
            self._fill()
        self.behind = False

    def _round_trip(self, before: Snapshot) -> None:
        """Take the revision up, down and up.

        Raises:
            StepFailed: It cannot be applied even without rows.
        """
        catalog = self._catalog() if self.catalog is None else self.catalog
        shapes = self.shapes
        if not self._up():
            return
        upgraded = self.catalog = self._catalog()
        self._fill()
        if not self._down(upgraded):
            return
        restored = self._catalog()
        left = self._differences(catalog, restored)
        if left and not self._differences(upgraded, restored):
            self.findings.add_finding(*of_no_op(left))
            self._start_over()
            return
        for verdict in of_downgrade(left):
            self.findings.add_finding(*verdict)
        upgraded_shapes = self.shapes
        self.shapes = self._read(read_shapes) if left else shapes
        for rule, message in losses(before, self._snapshot()):
            fix = f"restore what was in downgrade(), or {SAY_SO}"
            self.findings.add_finding(rule, f"going up and down again {message}", fix)
        if self._up_again(upgraded):
            # The tables that the downgrade dropped are there again, and empty.
            self._fill(upgraded_shapes)

    def _up(self) -> bool:
        """Apply the revision over rows, or else without them. Returns whether it was applied over rows."""
        self.done.append(self.script)
        try:
            self.walker.step(self.script, up=True)
        except StepFailed as error:
            try:
                self._start_over()
            except StepFailed:
                raise error from None
            self.findings.add_failure(
                "upgrade-fails-over-rows", "the upgrade works without rows, and fails over some", error
            )
            return False
        return True

    def _down(self, upgraded: Catalog) -> bool:
        """Take the revision back. Returns whether that worked."""
        try:
            self.walker.step(self.script, up=False)
        except StepFailed as error:
            if error.irreversible:
                self.irreversible = error.why
                if not error.why.strip():
                    message = "the downgrade refuses, and does not say why"
                    self.findings.add_finding("irreversible-without-reason", message, SAY_SO)
            elif self._goes_down_without_rows():
                what = "the downgrade works without rows, and fails over some"
                self.findings.add_failure("downgrade-fails-over-rows", what, error)
            else:
                self.findings.add_failure("downgrade-fails", "the downgrade fails", error)
            left = self._differences(upgraded, self._catalog())
            if left or self.script.revision not in self._read(applied_heads):
                self._start_over()
            return False
        return True

    def _up_again(self, upgraded: Catalog) -> bool:
        """Apply the revision a second time. Returns whether that led to the same schema as the first time."""
        try:
            self.walker.step(self.script, up=True)
        except StepFailed as error:
            self.findings.add_failure("upgrade-not-repeatable", "after its downgrade the upgrade fails", error)
            self._start_over()
            return False
        left = self._differences(upgraded, self._catalog())
        for one in left:
            self.findings.add_finding(
                "upgrade-not-repeatable", f"after its downgrade the upgrade leads elsewhere: {worded(one)}"
            )
        if left:
            self._start_over()
        return not left

    def _goes_down_without_rows(self) -> bool:
        walker = self.databases.at(self.done)
        try:
            walker.step(self.script, up=False)
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
        self._fill()

    def _fill(self, shapes: Mapping[str, TableShape] | None = None) -> None:
        """Add rows to the tables that changed since they last got some."""
        with self.walker.transaction() as connection:
            shapes = shapes or read_shapes(connection)
            changed = {name for name, table in shapes.items() if self.shapes.get(name) != table}
            self.shapes = shapes
            if not changed:
                return
            examples = examples_of(self.metadata)
            unfilled = fill(connection, _ROWS, examples=examples, tables=changed, shapes=shapes).unfilled
        for one in unfilled:
            if (one.table, one.reason) not in self.unfilled:
                self.unfilled.add((one.table, one.reason))
                message = f"no row was found that {one.table} takes, so no migration was tried over one: {one.reason}"
                fix = f'give the columns of {one.table} examples in the mapping: Column(..., info={{"example": ...}})'
                self.findings.add_finding("table-not-filled", message, fix)

    def _snapshot(self) -> Snapshot:
        return self._read(lambda connection: take_snapshot(connection, self.shapes))

    def _read(self, read: Callable[[Connection], _Read]) -> _Read:
        with self.walker.transaction() as connection:
            return read(connection)

    def _differences(self, expected: Catalog, found: Catalog) -> list[Difference]:
        return self._read(lambda one: true_differences(one, expected, found, schemas=self.schemas))

    def _catalog(self) -> Catalog:
        return self._read(lambda connection: read_catalog(connection, *self.schemas, absent=True))
