"""The command that shows what a database has had of the migrations: history."""

from typing import TYPE_CHECKING, Any

import typer
from rich.table import Table
from rich.text import Text

from schema_tools.cli.context import CommandContext
from schema_tools.cli.migrations import duration, revision_as_document
from schema_tools.cli.output import Format, FormatOption, write_json, write_report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schema_tools.migrations.scripts import Revision

_STYLES = {"applied": "green", "pending": "yellow", "taken back": "yellow", "tampered": "bold red"}
_SHOWN_OF_CHECKSUM = 12


def add_to(app: typer.Typer, context: CommandContext) -> None:
    """Add the command to `app`."""

    @app.command()
    def history(output: FormatOption = Format.TEXT) -> None:
        """List the migrations, the oldest first: which the database has had, when, and how long each took.

        Those that were changed after the database had them are marked, and then the exit status is 1.
        """
        from schema_tools.migrations import runner

        with context.could_not_run():
            revisions = runner.history(context.project(), context.database_url())
        if output is Format.JSON:
            write_json([_as_document(one) for one in revisions])
        else:
            _show(revisions)
        if any(one.tampered for one in revisions):
            raise typer.Exit(1)


def _status(one: "Revision") -> str:
    if one.tampered:
        return "tampered"
    if one.taken_back:
        return "taken back"
    return "applied" if one.applied else "pending"


def _show(revisions: "Sequence[Revision]") -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("status", "revision", "message", "when (UTC)", "took", "checksum"):
        table.add_column(column, no_wrap=column != "message", justify="right" if column == "took" else "left")
    for one in revisions:
        status = _status(one)
        # Text, not a string, which would be read as markup: a message may contain square brackets.
        table.add_row(
            Text(status, style=_STYLES[status]),
            Text(one.revision),
            Text(one.message),
            Text(_when(one)),
            Text(duration(one.took) if one.took is not None else ""),
            Text(one.checksum[:_SHOWN_OF_CHECKSUM], style="dim"),
        )
    marked = [Text(f"tampered: {one.tampered}", style="bold red") for one in revisions if one.tampered]
    write_report(table, *([Text(""), *marked] if marked else []))


def _when(one: "Revision") -> str:
    if one.last_step is not None:
        return f"{one.last_step:%Y-%m-%d %H:%M:%S}"
    return "unknown" if one.applied else ""


def _as_document(one: "Revision") -> dict[str, Any]:
    return {
        **revision_as_document(one),
        "status": _status(one),
        "last_step": one.last_step.isoformat() if one.last_step else None,
        "seconds": one.took.total_seconds() if one.took is not None else None,
        "checksum": one.checksum or None,
        "tampered": one.tampered or None,
    }
