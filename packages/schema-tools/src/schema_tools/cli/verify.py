"""The command that rehearses the migrations: verify."""

from typing import TYPE_CHECKING

import typer

from schema_tools.cli.context import CommandContext
from schema_tools.cli.output import Format, FormatOption, findings_text, write_json, write_report

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table
    from rich.text import Text

    from schema_tools.rehearsal.round_trip import RevisionReport
    from schema_tools.rehearsal.verify import VerifyReport


def add_to(app: typer.Typer, context: CommandContext) -> None:
    """Add the command to `app`."""

    @app.command()
    def verify(output: FormatOption = Format.TEXT) -> None:
        """Take every migration up, down and up again with rows in place, and compare the head with the tables.

        PostgreSQL is started for it and thrown away; no database of yours is touched.
        """
        from schema_tools.rehearsal.verify import verify as rehearse

        with context.could_not_run():
            report = rehearse(context.project())
        if output is Format.JSON:
            write_json(_as_document(report))
        else:
            write_report(_table(report.revisions), "", *findings_text(report.findings), _summary(report))
        if report.findings:
            raise typer.Exit(1)


def _table(revisions: "Iterable[RevisionReport]") -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("database", "revision", "message", "rows", "up, down, up"):
        table.add_column(column, justify="right" if column == "rows" else "left", overflow="fold")
    for one in revisions:
        table.add_row(*map(Text, (one.dialect, one.revision, one.message, f"{one.rows:,}")), _verdict(one))
    return table


def _verdict(one: "RevisionReport") -> "Text":
    from rich.text import Text

    if one.findings:
        count = len(one.findings)
        return Text(f"{count} finding{'s' if count > 1 else ''}" + (", stopped" if one.stopped else ""), style="red")
    if one.irreversible is not None:
        return Text(f"up; irreversible: {one.irreversible}", style="yellow")
    return Text("clean", style="green")


def _summary(report: "VerifyReport") -> "Text":
    from rich.text import Text

    count = len(report.findings)
    verdict = "clean" if not count else f"{count} finding{'s' if count > 1 else ''}"
    steps = len(report.revisions)
    return Text(f"{verdict}: {steps} rehearsal{'s' if steps != 1 else ''} in {report.seconds:.1f} s", style="bold")


def _as_document(report: "VerifyReport") -> dict[str, object]:
    return {
        "revisions": [
            {
                "database": one.dialect,
                "revision": one.revision,
                "message": one.message,
                "rows": one.rows,
                "irreversible": one.irreversible,
                "stopped": one.stopped,
                "findings": len(one.findings),
                "seconds": round(one.seconds, 3),
            }
            for one in report.revisions
        ],
        "findings": [one.as_document() for one in report.findings],
        "seconds": round(report.seconds, 2),
    }
