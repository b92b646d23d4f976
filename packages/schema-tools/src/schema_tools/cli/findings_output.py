"""How the commands that report findings write them: check, lint and verify."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer
from rich.console import RenderableType

from schema_tools.cli.output import Format, finding_document, write_json, write_report
from schema_tools.cli.selecting import left_out_text
from schema_tools.cli.summary import findings_report

if TYPE_CHECKING:
    from schema_tools.reporting.selection import Reported, Selection


@dataclass(frozen=True, kw_only=True)
class FindingsOutput:
    """Writes what a command found.

    Attributes:
        in_full: Whether each finding is written, however many there are.
    """

    ctx: typer.Context
    selection: "Selection"
    output: Format
    in_full: bool

    def documents(self, found: Sequence["Reported"]) -> list[dict[str, Any]]:
        """The findings as JSON has them."""
        return [{**finding_document(one.finding), "fingerprint": one.fingerprint} for one in found]

    def progress(self, *parts: RenderableType) -> None:
        """Write a part of the report at once, where it is for people."""
        if self.output is Format.TEXT:
            write_report(*parts)

    def summary(self, found: Sequence["Reported"]) -> list[RenderableType]:
        """The findings for people, and how many were left out."""
        shown = findings_report(self.ctx, [one.finding for one in found], in_full=self.in_full)
        return [*shown, *left_out_text(self.selection)]

    def finish(self, found: Sequence["Reported"], document: dict[str, Any], parts: Iterable[RenderableType]) -> None:
        """Write the result: `document` as JSON, or `parts` as a report.

        Raises:
            typer.Exit: With status 1, when there is a finding.
        """
        if self.output is Format.TEXT:
            write_report(*parts)
        else:
            write_json({**document, "left_out": self.selection.left_out})
        if found:
            raise typer.Exit(1)
