"""The command that rehearses the migrations: verify."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import typer
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from schema_tools.cli.findings_output import FindingsOutput
from schema_tools.cli.output import FindingsFormat, FindingsFormatOption, counted
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
    from schema_tools.rehearsal.round_trip import RevisionReport


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
    rehearsed = rehearse(project, revisions=selected_revisions(project, since))
    of_head = rehearsed.findings[sum(len(one.findings) for one in rehearsed.revisions) :]
    reported = [selection.of(one.findings) for one in rehearsed.revisions]
    found = [*(one for part in reported for one in part), *selection.of(of_head)]
    revisions = [
        replace(one, findings=[other.finding for other in part])
        for one, part in zip(rehearsed.revisions, reported, strict=True)
    ]
    document = {
        "revisions": [_revision_document(one) for one in revisions],
        "findings": report.documents(found),
        "seconds": round(rehearsed.seconds, 2),
    }
    verdict = counted(len(found), "finding") if found else "clean"
    conclusion = f"{verdict}: {counted(len(revisions), 'rehearsal')} in {rehearsed.seconds:.1f} s"
    parts = [*_rehearsed(revisions), *report.summary(found), Text(conclusion, style="bold")]
    report.finish(found, document, parts)


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


def _rehearsed(revisions: "Sequence[RevisionReport]") -> Iterator[RenderableType]:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("database", "revision", "message", "rows", "up, down, up"):
        table.add_column(column, justify="right" if column == "rows" else "left", overflow="fold")
    for one in revisions:
        table.add_row(*map(Text, (one.dialect, one.revision, one.message, f"{one.rows:,}")), _verdict(one))
    yield table
    yield ""


def _verdict(one: "RevisionReport") -> Text:
    if one.findings:
        return Text(counted(len(one.findings), "finding") + (", stopped" if one.stopped else ""), style="red")
    if one.irreversible is not None:
        return Text(f"up; irreversible: {one.irreversible}", style="yellow")
    return Text("clean", style="green")
