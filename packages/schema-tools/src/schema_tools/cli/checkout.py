"""The commands that write the files of a checkout, and docs-check: migrate, lock, docs."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from schema_tools.cli.output import (
    Format,
    FormatOption,
    findings_text,
    finish,
    write,
    write_json,
    write_report,
)

if TYPE_CHECKING:
    from schema_tools.cli.context import CommandContext


class DocumentFormat(StrEnum):
    """What the schema is written as."""

    MARKDOWN = "markdown"
    JSON = "json"
    CSV = "csv"


def migrate(
    ctx: typer.Context,
    message: Annotated[str, typer.Option("--message", "-m", help='What it does: "add isbn to books".')],
    output: FormatOption = Format.TEXT,
    *,
    empty: Annotated[bool, typer.Option("--empty", help="Write one to be filled by hand, then `lock`.")] = False,
) -> None:
    """Write the migration that leads to the tables as they are in the code now, and any schema document.

    It compares with throwaway databases, never with yours, records the file in versions.lock and looks for unsafe
    statements in it; those it finds make exit status 1, and the file stays. Read it before you commit it. Record
    an edit of it with `lock --again`.
    """
    from schema_tools.document.markdown import check_document
    from schema_tools.lint import lint_revisions
    from schema_tools.migrations.revision_files import revision_files
    from schema_tools.migrations.scripts import script_directory, versions_of
    from schema_tools.writing.revise import NothingToMigrate, migrate_empty
    from schema_tools.writing.revise import migrate as write_revision

    context: CommandContext = ctx.obj
    project = context.checkout()
    try:
        written = migrate_empty(project, message) if empty else write_revision(project, message)
    except NothingToMigrate as nothing:
        context.say_error(str(nothing))
        raise typer.Exit(1) from None
    files = revision_files(versions_of(script_directory(project)))
    names = {one.revision for one in files.values() if one.path.name == written.name}
    unsafe = lint_revisions(project, names)
    lacking = check_document(project) if project.document is not None and project.document.is_kept else []
    if output is Format.JSON:
        findings = [one.as_document() for one in unsafe]
        write_json({"revision": str(written), "findings": findings, "document": lacking})
    else:
        write(f"written: {written}\n")
        write_report(*findings_text(unsafe))
    _complain(lacking, failed=bool(unsafe))


def lock(
    ctx: typer.Context,
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

    recorded = write_lock(ctx.obj.checkout(), again or [])
    nothing = ["recorded nothing new: versions.lock has every migration"]
    finish(output, {"recorded": recorded}, [f"recorded {one}" for one in recorded] or nothing)


def docs(
    ctx: typer.Context,
    output: Annotated[
        DocumentFormat,
        typer.Option("--format", help="json (as tbls has it) and csv (a data dictionary) go to standard output."),
    ] = DocumentFormat.MARKDOWN,
) -> None:
    """Write the schema document from the tables and the migrations."""
    from schema_tools.document.data_dictionary import data_dictionary
    from schema_tools.document.markdown import write_document
    from schema_tools.document.tbls import tbls_document

    context: CommandContext = ctx.obj
    match output:
        case DocumentFormat.JSON:
            write_json(tbls_document(context.project()))
        case DocumentFormat.CSV:
            write(data_dictionary(context.project().metadata))
        case DocumentFormat.MARKDOWN:
            project = context.checkout()
            lacking = write_document(project)
            write(f"written: {project.document.path if project.document else ''}\n")
            _complain(lacking)


def docs_check(ctx: typer.Context, output: FormatOption = Format.TEXT) -> None:
    """See whether the schema document is, byte by byte, what `docs` would write."""
    from schema_tools.document.markdown import check_document

    findings = check_document(ctx.obj.checkout())
    if output is Format.JSON:
        write_json({"findings": findings})
    elif findings:
        ctx.obj.say_error("the schema document is not what `docs` writes")
    _complain(findings)


def _complain(lines: Sequence[str], *, failed: bool = False) -> None:
    """Write what is wrong on standard error, and exit with status 1 if there is anything."""
    for line in lines:
        typer.echo(line, err=True)
    if failed or lines:
        raise typer.Exit(1)
