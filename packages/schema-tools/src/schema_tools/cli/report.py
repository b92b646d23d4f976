"""The command that writes the report."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from schema_tools.cli.output import counted, write
from schema_tools.errors import SchemaToolsError

if TYPE_CHECKING:
    from schema_tools.cli.context import CommandContext


def report(
    ctx: typer.Context,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The HTML file to write.")],
    *,
    with_drift: Annotated[
        bool, typer.Option("--drift", help="Compare the live database, too; --database does so by itself.")
    ] = False,
) -> None:
    """Write one HTML file that shows the schema: diagram, tables, history, differences of revisions, findings.

    It loads nothing from anywhere. PostgreSQL is started for it and thrown away; where there is none, the file is
    written without what needs it. Findings are in the file, and do not change the exit status.
    """
    from schema_tools.report.gathering import gather
    from schema_tools.report.page import page

    context: CommandContext = ctx.obj
    compared = with_drift or _given(ctx, "database")
    gathered = gather(context.project(), context.database_url if compared else None)
    for sentence in gathered.lacking:
        context.say_error(f"not in the report: {sentence}")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(page(gathered))
    except OSError as error:
        raise SchemaToolsError(f"{output} cannot be written: {error.strerror}") from error
    write(f"written: {output} ({counted(len(gathered.findings), 'finding')})\n")


def _given(ctx: typer.Context, option: str) -> bool:
    """Whether an option was given on the command line: a variable of the environment is there for every command."""
    source: Any = ctx.get_parameter_source(option)
    return source is not None and source.name == "COMMANDLINE"
