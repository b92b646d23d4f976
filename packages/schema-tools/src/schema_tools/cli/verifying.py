"""The command that rehearses the migrations: verify."""

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import typer
from rich.text import Text

from schema_tools.cli.findings_output import FindingsOutput
from schema_tools.cli.output import FindingsFormat, FindingsFormatOption, counted, verdict_on
from schema_tools.cli.progress import ProgressLine, is_terminal
from schema_tools.cli.rehearsals import GrowingTable, Shown, whole_table
from schema_tools.cli.selecting import (
    OpinionsOption,
    RuleOption,
    SinceOption,
    selected_revisions,
    selected_rules,
    selection_of,
)
from schema_tools.cli.summary import EverythingOption

if TYPE_CHECKING:
    from schema_tools.cli.context import CommandContext
    from schema_tools.rehearsal.revision_report import RevisionReport
    from schema_tools.reporting.selection import Reported


def verify(
    ctx: typer.Context,
    since: SinceOption = None,
    rule: RuleOption = None,
    output: FindingsFormatOption = FindingsFormat.TEXT,
    *,
    everything: EverythingOption = False,
    without_opinions: OpinionsOption = None,
) -> None:
    """Take every migration up, down and up again with rows in place, and compare the head with the tables.

    PostgreSQL is started for it and thrown away; no database of yours is touched.
    """
    from schema_tools.rehearsal.verify import verify as rehearse

    context: CommandContext = ctx.obj
    rules, project = selected_rules(rule), context.project()
    selection = selection_of(project, rules, without_opinions)
    report = FindingsOutput(
        ctx=ctx, project=project, selection=selection, output=output, in_full=everything or bool(rules)
    )
    chosen = selected_revisions(project, since)
    in_terminal = output is FindingsFormat.TEXT and is_terminal(sys.stdout)
    with ProgressLine() as line:
        rehearsals = _Rehearsals(report, GrowingTable(project) if in_terminal else None, line)
        rehearsed = rehearse(project, revisions=chosen, progress=rehearsals.done)
    of_head = rehearsed.findings[sum(len(one.findings) for one in rehearsed.revisions) :]
    found = [*rehearsals.found, *selection.of(of_head)]
    document = {
        "revisions": [_revision_document(one.report) for one in rehearsals.revisions],
        "findings": report.documents(found),
        "seconds": round(rehearsed.seconds, 2),
    }
    verdict = verdict_on(len(found), len(rehearsed.findings))
    conclusion = f"{verdict}: {counted(len(rehearsed.revisions), 'rehearsal')} in {rehearsed.seconds:.1f} s"
    table = [] if in_terminal else [whole_table(rehearsals.revisions)]
    report.finish(found, document, [*table, "", *report.summary(found), Text(conclusion, style="bold")])


class _Rehearsals:
    """The rehearsals that are done, with the findings that are reported; each is shown at once.

    Attributes:
        table: Where they are shown line by line; None where a line of progress is all.
    """

    def __init__(self, report: FindingsOutput, table: GrowingTable | None, line: ProgressLine) -> None:
        self._report, self._table, self._line = report, table, line
        self.revisions: list[Shown] = []
        self.found: list[Reported] = []

    def done(self, one: "RevisionReport", of: int) -> None:
        """Take the next one, of so many."""
        reported = self._report.selection.of(one.findings)
        shown = Shown(replace(one, findings=[other.finding for other in reported]), len(one.findings))
        if self._table is None:
            self._line.say(f"verify: {len(self.revisions) + 1} of {of}: {one.revision} {one.message}")
        else:
            self._report.progress(*([] if self.revisions else [self._table.header()]), self._table.row(shown))
        self.revisions.append(shown)
        self.found += reported


def _revision_document(one: "RevisionReport") -> dict[str, Any]:
    return {
        "database": one.dialect,
        "revision": one.revision,
        "message": one.message,
        "rows": one.rows,
        "irreversible": one.irreversible,
        "stopped": one.stopped,
        "findings": len(one.findings),
        "seconds": round(one.seconds, 3),
    }
