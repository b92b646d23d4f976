"""How the commands that report findings write them: check, lint and verify."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer
from rich.console import RenderableType

from schema_tools.cli.output import FindingsFormat, finding_document, write, write_json, write_report
from schema_tools.cli.selecting import left_out_text
from schema_tools.cli.summary import findings_report

if TYPE_CHECKING:
    from schema_tools.project import SchemaProject
    from schema_tools.reporting.selection import Reported, Selection


@dataclass(frozen=True, kw_only=True)
class FindingsOutput:
    """Writes what a command found.

    Attributes:
        in_full: Whether each finding is written, however many there are.
    """

    ctx: typer.Context
    project: "SchemaProject"
    selection: "Selection"
    output: FindingsFormat
    in_full: bool

    def documents(self, found: Sequence["Reported"]) -> list[dict[str, Any]]:
        """The findings as JSON has them."""
        return [{**finding_document(one.finding), "fingerprint": one.fingerprint} for one in found]

    def progress(self, *parts: RenderableType) -> None:
        """Write a part of the report at once, where it is for people."""
        if self.output is FindingsFormat.TEXT:
            write_report(*parts)

    def summary(self, found: Sequence["Reported"]) -> list[RenderableType]:
        """The findings for people, and how many were left out."""
        shown = findings_report(self.ctx, [one.finding for one in found], in_full=self.in_full)
        return [*shown, *left_out_text(self.selection)]

    def finish(self, found: Sequence["Reported"], document: dict[str, Any], parts: Iterable[RenderableType]) -> None:
        """Write the result: `document` as JSON, `parts` as a report, or the findings as a code host reads them.

        Raises:
            typer.Exit: With status 1, when there is a finding.
        """
        match self.output:
            case FindingsFormat.TEXT:
                write_report(*parts)
            case FindingsFormat.JSON:
                write_json({**document, "left_out": self.selection.left_out})
            case _:
                self._for_host(found)
        if found:
            raise typer.Exit(1)

    def _for_host(self, found: Sequence["Reported"]) -> None:
        from schema_tools.reporting.formats.github import workflow_commands
        from schema_tools.reporting.formats.gitlab import code_quality
        from schema_tools.reporting.formats.sarif import sarif_log
        from schema_tools.reporting.locations import Locations

        locations = Locations(self.project)
        match self.output:
            case FindingsFormat.GITHUB:
                write(workflow_commands(found, locations))
            case FindingsFormat.GITLAB:
                write_json(code_quality(found, locations))
            case _:
                write_json(sarif_log(found, locations))
