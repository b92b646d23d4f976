"""Gathering what a report shows: each check that cannot be made is a sentence in it, and no reason to write none."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, TypeVar

from schema_tools.catalog.drift import drift
from schema_tools.document.relationships import (
    MappedRelationship,
    Relationship,
    mapped_relationships,
    relationships,
)
from schema_tools.document.tbls import tbls_document
from schema_tools.errors import SchemaToolsError
from schema_tools.findings import Finding
from schema_tools.lint import lint_revisions, lint_tables
from schema_tools.migrations.history import history
from schema_tools.migrations.scripts import Revision
from schema_tools.project import SchemaProject
from schema_tools.rehearsal.scratch import throwaway_places
from schema_tools.rehearsal.steps import Revisions
from schema_tools.rehearsal.verify import verify
from schema_tools.report.changes import Changes, changes
from schema_tools.reporting.baseline import Baseline
from schema_tools.reporting.selection import Selection
from schema_tools.reporting.settings import read_settings

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What a report shows.

    Attributes:
        document: The tables as tbls has them.
        revisions: The oldest first.
        changes: What each revision changes; None where no throwaway database could be had.
        findings: Of every check that was made.
        checks: The names of these checks.
        lacking: What is not in the report, and why, a sentence each.
    """

    project: SchemaProject
    document: dict[str, Any]
    relationships: Sequence[Relationship]
    mapped: Sequence[MappedRelationship]
    revisions: Sequence[Revision]
    changes: Changes | None
    findings: Sequence[Finding]
    checks: Sequence[str]
    lacking: Sequence[str]


def gather(project: SchemaProject, database: Callable[[], str] | None = None) -> Gathered:
    """What a report of the project shows.

    Args:
        project: The mapping and the migrations.
        database: Gives the URL of the live database to compare; None compares none.

    Raises:
        SchemaToolsError: The tables or the migrations cannot be read, or the settings of the project.
    """
    revisions = history(project)
    settings = read_settings(project.alembic_ini)
    # What is known is shown, too.
    checks = _Checks(Selection(rules=frozenset(), settings=settings, baseline=Baseline(settings.baseline)))
    mapped = checks.tried("the relationships of the classes", lambda: mapped_relationships(project)) or []
    checks.find("lint of the migrations", lambda: lint_revisions(project))
    checks.find("lint of the tables", lambda: lint_tables(project.metadata, databases=project.databases))
    found = _rehearsed(project, checks)
    if database is not None:
        checks.find("drift", lambda: _drift(project, database()))
    return Gathered(
        project=project,
        document=tbls_document(project),
        relationships=relationships(project.metadata),
        mapped=mapped,
        revisions=revisions,
        changes=found,
        findings=checks.findings,
        checks=checks.made,
        lacking=checks.lacking,
    )


@dataclass(slots=True)
class _Checks:
    """What was found, without what the project leaves out, and what could not be made."""

    selection: Selection
    findings: list[Finding] = field(default_factory=list)
    made: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)

    def tried(self, what: str, make: Callable[[], _Result]) -> _Result | None:
        """What `make` gives; None, and a sentence that it is lacking, where it cannot."""
        try:
            return make()
        except SchemaToolsError as error:
            self.lacking.append(f"{what}: {error}")
            return None

    def find(self, check: str, judge: Callable[[], Sequence[Finding]]) -> None:
        """Add what a check finds."""
        found = self.tried(f"the findings of {check}", judge)
        if found is not None:
            self.made.append(check)
            self.findings += [one.finding for one in self.selection.of(found)]


def _rehearsed(project: SchemaProject, checks: _Checks) -> Changes | None:
    """What each revision changes; `checks` get what `verify` finds."""
    with ExitStack() as stack:
        try:
            places = stack.enter_context(throwaway_places(project, project.databases, None))
        except SchemaToolsError as error:
            checks.lacking.append(f"the differences between revisions and the findings of verify: {error}")
            return None
        checks.find("verify", lambda: verify(project, places.server).findings)
        what = "the differences between revisions"
        found = checks.tried(what, lambda: changes(Revisions(project), project.databases[0], places))
    if found is not None and found.stopped:
        checks.lacking.append(f"{what} from here on: {found.stopped}")
    return found


def _drift(project: SchemaProject, url: str) -> list[Finding]:
    return [
        Finding(
            rule="drift",
            place=one.object,
            message=f"{one.aspect}: expected {one.expected or 'none'}, found {one.found or 'none'}",
            why="the code reads and writes another schema than the live database has",
            fix=one.fix,
        )
        for one in drift(project, url)
    ]
