"""The command that compares the mapping with a live database: drift."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer
from rich.text import Text

from schema_tools.cli.context import CommandContext
from schema_tools.cli.output import Format, FormatOption, write_json, write_report

if TYPE_CHECKING:
    from schema_tools.catalog.objects import Difference


def add_to(app: typer.Typer, context: CommandContext) -> None:
    """Add the command to `app`."""

    @app.command()
    def drift(output: FormatOption = Format.TEXT) -> None:
        """Compare the live database with the tables in the code, and name every difference with what fixes it.

        On PostgreSQL the tables are made in a schema of a transaction that is rolled back; nothing else is written.
        """
        from schema_tools.catalog.drift import drift as compare

        with context.could_not_run():
            found = compare(context.project(), context.database_url())
        if output is Format.JSON:
            write_json({"differences": [one.as_document() for one in found]})
        elif not found:
            write_report("clean: the database is what the tables say")
        else:
            count = f"{len(found)} differences" if len(found) > 1 else "1 difference"
            write_report(*(line for one in found for line in _shown(one)), Text(count, style="bold"))
        if found:
            raise typer.Exit(1)


def _shown(one: "Difference") -> Iterator[Text]:
    yield Text.assemble((one.object, "bold"), "  ", (one.aspect, "yellow"))
    yield from _side("expected", one.expected, "green")
    yield from _side("found", one.found, "red")
    for number, line in enumerate(one.fix.splitlines()):
        yield Text.assemble((f"  {'fix' if number == 0 else '':<10}", "dim"), (line, "cyan"))
    yield Text("")


def _side(name: str, value: str | None, style: str) -> Iterator[Text]:
    lines = value.splitlines() if value else [""]
    for number, line in enumerate(lines):
        shown = Text(line, style=style) if value is not None else Text("(none)", style="dim")
        yield Text.assemble((f"  {name if number == 0 else '':<10}", "dim"), shown)
