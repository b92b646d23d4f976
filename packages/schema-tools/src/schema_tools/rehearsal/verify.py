"""Taking every revision up, down and up again over rows, and comparing the head with the mapping."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from time import monotonic
from typing import TypeAlias

from sqlalchemy import URL

from schema_tools.catalog.mapped import MappingNotMade
from schema_tools.catalog.unmapped import keeping
from schema_tools.failures import explained
from schema_tools.findings import Finding
from schema_tools.postgres.databases import RunningPostgres
from schema_tools.project import SchemaProject
from schema_tools.rehearsal.comparison import schema_differences
from schema_tools.rehearsal.revision_report import RevisionReport
from schema_tools.rehearsal.round_trip import round_trips
from schema_tools.rehearsal.scratch import scratch_pairs, throwaway_places
from schema_tools.rehearsal.spare import Databases
from schema_tools.rehearsal.steps import Revisions

Progress: TypeAlias = Callable[[RevisionReport, int], None]
"""Is called when a revision was rehearsed, with the number of those that are to be rehearsed in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """What a rehearsal of the whole history found.

    Attributes:
        seconds: How long it took, the start of the server included.
    """

    revisions: Sequence[RevisionReport]
    findings: Sequence[Finding]
    seconds: float


def verify(
    project: SchemaProject,
    server: RunningPostgres | None = None,
    *,
    revisions: Collection[str] | None = None,
    progress: Progress = lambda _report, _of: None,
) -> VerifyReport:
    """Rehearse revisions over rows, and compare the head with the mapping.

    Args:
        project: The mapping and the migrations.
        server: Where databases are made, by default a throwaway server.
        revisions: The identifiers of those to rehearse, by default all. The others are applied once, without rows.
        progress: Called with each revision that was rehearsed, and with how many there are in all.

    Raises:
        SchemaToolsError: The revisions cannot be read, or no PostgreSQL can be had.
    """
    began = monotonic()
    with ExitStack() as stack:
        places = stack.enter_context(throwaway_places(project, project.databases, server))
        history = Revisions(project)
        number = sum(revisions is None or one.revision in revisions for one in history.rehearsed())
        reports: list[RevisionReport] = []
        heads: dict[str, URL] = {}
        for dialect in project.databases:
            databases = stack.enter_context(Databases(history, dialect, places))
            with explained(None):
                for report in round_trips(databases, revisions):
                    reports.append(report)
                    progress(report, number * len(project.databases))
            if revisions is not None and databases.head is not None:
                heads[dialect] = databases.head
        findings = [finding for one in reports for finding in one.findings]
        if not any(one.rule == "upgrade-fails" for one in findings):
            findings += _head_differences(project, places.server, heads)
    return VerifyReport(revisions=reports, findings=findings, seconds=monotonic() - began)


def _head_differences(
    project: SchemaProject, server: RunningPostgres | None, heads: Mapping[str, URL]
) -> list[Finding]:
    """What the migrations make otherwise than the mapping says. What was rehearsed stands where that cannot be told."""
    try:
        with scratch_pairs(project, server, heads) as pairs:
            found = schema_differences(pairs, project)
    except MappingNotMade as error:
        why = "so it is not known whether the migrations make what the code reads and writes"
        return [Finding(rule="mapping-not-made", place="mapping", message=str(error), why=why, fix="")]
    return [
        Finding(
            rule="head-differs",
            place=one.object,
            message=f"{dialect}: the migrations and the mapping make different schemas: {one.sentence}",
            why="the code reads and writes another schema than the one that the migrations make",
            fix=one.fix,
        )
        for dialect, differing in found.items()
        for one in map(keeping, differing)
    ]
