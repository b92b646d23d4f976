"""The command that rehearses the migrations: verify."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import typer
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from schema_tools.cli.output import Format, FormatOption, counted, finding_document, finish
from schema_tools.cli.summary import EverythingOption, RuleOption, findings_report

if TYPE_CHECKING:
    from schema_tools.findings import Finding
    from schema_tools.rehearsal.round_trip import RevisionReport
    from schema_tools.rehearsal.verify import VerifyReport


def verify(
    ctx: typer.Context,
    rule: RuleOption = None,
    output: FormatOption = Format.TEXT,
    *,
    everything: EverythingOption = False,
) -> None:
    """Take every migration up, down and up again with rows in place, and compare the head with the tables.

    PostgreSQL is started for it and thrown away; no database of yours is touched.
    """
    from schema_tools.rehearsal.verify import verify as rehearse
    from schema_tools.reporting.rules import only

    chosen = only(rule)
    report = rehearse(ctx.obj.project())
    findings = chosen(report.findings)
    document = {
        "revisions": [_revision_document(one) for one in report.revisions],
        "findings": [finding_document(one) for one in findings],
        "seconds": round(report.seconds, 2),
    }
    shown = findings_report(ctx, findings, in_full=everything or bool(rule))
    finish(output, document, [*_rehearsed(report), *shown, _conclusion(report, findings)], failed=bool(findings))


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


def _rehearsed(report: "VerifyReport") -> Iterator[RenderableType]:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("database", "revision", "message", "rows", "up, down, up"):
        table.add_column(column, justify="right" if column == "rows" else "left", overflow="fold")
    for one in report.revisions:
        table.add_row(*map(Text, (one.dialect, one.revision, one.message, f"{one.rows:,}")), _verdict(one))
    yield table
    yield ""


def _verdict(one: "RevisionReport") -> Text:
    if one.findings:
        return Text(counted(len(one.findings), "finding") + (", stopped" if one.stopped else ""), style="red")
    if one.irreversible is not None:
        return Text(f"up; irreversible: {one.irreversible}", style="yellow")
    return Text("clean", style="green")


def _conclusion(report: "VerifyReport", findings: "Sequence[Finding]") -> Text:
    verdict = counted(len(findings), "finding") if findings else "clean"
    return Text(f"{verdict}: {counted(len(report.revisions), 'rehearsal')} in {report.seconds:.1f} s", style="bold")
