"""The commands that write migrations and record them: migrate, lock."""

from typing import TYPE_CHECKING, Annotated

import typer

from schema_tools.cli.context import CommandContext
from schema_tools.cli.output import Format, FormatOption, findings_text, write, write_json, write_report

if TYPE_CHECKING:
    from pathlib import Path

    from schema_tools.findings import Finding
    from schema_tools.project import SchemaProject


def add_to(app: typer.Typer, context: CommandContext) -> None:
    """Add the commands to `app`."""

    @app.command()
    def migrate(
        message: Annotated[str, typer.Option("--message", "-m", help='What it does: "add isbn to books".')],
        output: FormatOption = Format.TEXT,
        *,
        empty: Annotated[bool, typer.Option("--empty", help="Write one to be filled by hand, then `lock`.")] = False,
    ) -> None:
        """Write the migration that leads to the tables as they are in the code now, and the schema document.

        It compares with throwaway databases, never with yours, records the file in versions.lock and looks for unsafe
        statements in it; those it finds make exit status 1, and the file stays. Read it before you commit it. Record
        an edit of it with `lock --again`.
        """
        from schema_tools.document.markdown import check_document
        from schema_tools.writing.revise import NothingToMigrate, migrate_empty
        from schema_tools.writing.revise import migrate as write_revision

        with context.could_not_run():
            project = context.checkout()
            try:
                written = migrate_empty(project, message) if empty else write_revision(project, message)
            except NothingToMigrate as nothing:
                context.say_error(str(nothing))
                raise typer.Exit(1) from None
            unsafe = _lint(project, written)
            lacking = check_document(project)
        if output is Format.JSON:
            findings = [one.as_document() for one in unsafe]
            write_json({"revision": str(written), "findings": findings, "document": lacking})
        else:
            write(f"written: {written}\n")
            write_report(*findings_text(unsafe))
        for line in lacking:
            typer.echo(line, err=True)
        if unsafe or lacking:
            raise typer.Exit(1)

    @app.command()
    def lock(
        again: Annotated[
            list[str] | None,
            typer.Option(metavar="REV", help="One that no shared database has had, written anew; those after it, too."),
        ] = None,
        output: FormatOption = Format.TEXT,
    ) -> None:
        """Record migrations in versions.lock that it does not have yet: one that was written or filled by hand.

        What it knows differently is refused: a migration that a shared database has had is never edited.
        """
        from schema_tools.migrations.lock_file import write_lock

        with context.could_not_run():
            recorded = write_lock(context.checkout(), again or [])
        if output is Format.JSON:
            write_json({"recorded": recorded})
            return
        for one in recorded:
            write(f"recorded {one}\n")
        if not recorded:
            write("recorded nothing new: versions.lock has every migration\n")


def _lint(project: "SchemaProject", written: "Path") -> "list[Finding]":
    from schema_tools.lint import lint_revisions
    from schema_tools.migrations.revision_files import revision_files

    names = {one.revision for one in revision_files(written.parent).values() if one.path.name == written.name}
    return lint_revisions(project, names)
