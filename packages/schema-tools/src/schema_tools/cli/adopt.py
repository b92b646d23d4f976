"""The command that has an `env.py` run migrations as these tools do."""

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schema_tools.cli.output import write
from schema_tools.errors import SchemaToolsError

if TYPE_CHECKING:
    from schema_tools.cli.context import CommandContext


def adopt(
    ctx: typer.Context,
    *,
    write_it: Annotated[bool, typer.Option("--write", help="Change the file. Without this, only show how.")] = False,
) -> None:
    """Show how env.py is to be changed for `upgrade` and `downgrade`, which alone need that.

    They run migrations on a live database: one at a time, with bounded waits, and recorded. env.py keeps its tables,
    its URL and the options that it passes to context.configure.
    """
    from schema_tools.migrations.scripts import script_directory
    from schema_tools.rehearsal.steps import Revisions
    from schema_tools.writing.adoption import adopted

    context: CommandContext = ctx.obj
    project = context.project()
    file = Path(script_directory(project).env_py_location)
    name = Revisions(project).place(file)
    before, after = file.read_text(encoding="utf-8"), adopted(file, name)
    if before == after:
        write(f"{name} calls schema_tools.environment.run already\n")
        return
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), f"a/{name}", f"b/{name}", lineterm="")
    write("\n".join(lines) + "\n")
    if not write_it:
        context.say_error("nothing was changed: adopt --write changes the file")
        return
    try:
        file.write_text(after, encoding="utf-8")
    except OSError as error:
        raise SchemaToolsError(f"{name} cannot be written: {error.strerror}") from error
    context.say_error(f"{name} was changed; `lock` records the migrations, which `upgrade` then runs")
