"""`fastapi-service db`: the migrations and the schema document.

Exit status: 0 for done or clean, 1 for findings (`docs` finds something missing or, with `--check`, out of date;
`migrate` finds no difference), 2 for could not run.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.cli.output import Format, say_error, write_json, write_table
from entrypoints.settings import Settings, SettingsError, Storage, load_settings

if TYPE_CHECKING:
    from schema_tools.migrations.runner import Revision

app = typer.Typer(help="Migrations and the schema document.", no_args_is_help=True)

FormatOption = Annotated[Format, typer.Option("--format", help="How the result is written.")]


@app.command()
def upgrade(
    to: Annotated[str, typer.Option(metavar="REV", help="The revision to reach.")] = "head",
    output: FormatOption = Format.TEXT,
) -> None:
    """Apply the migrations that the database has not had.

    Run it from as many places at once as you like: one works, the others wait and find nothing to do.
    """
    from entrypoints.cli.schema_project import schema_project
    from schema_tools.migrations import runner

    with _explained():
        done = runner.upgrade(schema_project(), _database_url(load_settings()), to, waiting=_say_waiting)
    _report(done, output, verb="applied", nothing="nothing to do: the database is up to date")


@app.command()
def downgrade(
    to: Annotated[str, typer.Option(metavar="REV", help="The revision to return to, or base.")] = "-1",
    output: FormatOption = Format.TEXT,
) -> None:
    """Take the last migration back, or all those after a revision. What they added is lost."""
    from entrypoints.cli.schema_project import schema_project
    from schema_tools.migrations import runner

    with _explained():
        done = runner.downgrade(schema_project(), _database_url(load_settings()), to, waiting=_say_waiting)
    _report(done, output, verb="taken back", nothing="nothing to do: the database is at that revision")


@app.command()
def history(output: FormatOption = Format.TEXT) -> None:
    """List the migrations, the oldest first, and whether the database has had them."""
    from entrypoints.cli.schema_project import schema_project
    from schema_tools.migrations import runner

    with _explained():
        revisions = runner.history(schema_project(), _database_url(load_settings()))
    if output is Format.JSON:
        write_json([_as_document(one) for one in revisions])
        return
    rows = [
        {
            "status": "applied" if one.applied else "pending",
            "revision": one.revision,
            "written": f"{one.created:%Y-%m-%d}" if one.created else "",
            "message": one.message,
            "follows": ", ".join(one.parents) or "-",
        }
        for one in revisions
    ]
    write_table(("status", "revision", "written", "message", "follows"), rows)


@app.command()
def migrate(
    message: Annotated[str, typer.Option("--message", "-m", help='What it does: "add phone to users".')],
    output: FormatOption = Format.TEXT,
) -> None:
    """Write the migration that leads to the tables as they are in the code now, and the schema document.

    It compares with throwaway databases, never with yours. Read the new file before you commit it.
    """
    from entrypoints.cli.schema_project import checkout_project
    from schema_tools.document.markdown import check_document
    from schema_tools.writing.revise import NothingToMigrate
    from schema_tools.writing.revise import migrate as write_revision

    with _explained():
        project = checkout_project(postgres_bindir=load_settings().pg_bindir)
        try:
            written = write_revision(project, message)
        except NothingToMigrate as nothing:
            say_error(str(nothing))
            raise typer.Exit(1) from None
        findings = check_document(project)
    if output is Format.JSON:
        write_json({"revision": str(written), "findings": findings})
    else:
        typer.echo(f"written: {written}")
    _finish(findings)


@app.command()
def docs(
    output: FormatOption = Format.TEXT,
    *,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; say how the file differs.")] = False,
) -> None:
    """Write docs/database-schema.md from the tables and the migrations."""
    from entrypoints.cli.schema_project import checkout_project
    from schema_tools.document.markdown import check_document, write_document

    with _explained():
        project = checkout_project()
        findings = check_document(project) if check else write_document(project)
    if output is Format.JSON:
        write_json({"findings": findings})
    if check and findings and output is Format.TEXT:
        say_error("the schema document is not what `make db-docs` writes")
    _finish(findings)


def upgrade_to_head(settings: Settings) -> None:
    """Apply every pending migration to the database that `settings` name, before serving from it.

    Raises:
        typer.Exit: It could not be done; the reason has been said.
    """
    from entrypoints.cli.schema_project import schema_project
    from schema_tools.migrations import runner

    with _explained():
        for one in runner.upgrade(schema_project(), _database_url(settings), waiting=_say_waiting):
            typer.echo(f"applied {one.revision}: {one.message}", err=True)


@contextmanager
def _explained() -> Iterator[None]:
    from schema_tools.errors import SchemaToolsError

    try:
        yield
    except SchemaToolsError as error:
        say_error(str(error))
        raise typer.Exit(2) from None


def _database_url(settings: Settings) -> str:
    if settings.storage is Storage.MEMORY:
        raise SettingsError("memory:// has no schema to migrate; give another DATABASE_URL.")
    return settings.database_url


def _say_waiting() -> None:
    typer.echo("another migration is at work; waiting for it", err=True)


def _report(done: "Sequence[Revision]", output: Format, *, verb: str, nothing: str) -> None:
    if output is Format.JSON:
        write_json([_as_document(one) for one in done])
        return
    for one in done:
        typer.echo(f"{verb} {one.revision}: {one.message}")
    if not done:
        typer.echo(nothing)


def _as_document(one: "Revision") -> dict[str, object]:
    return {
        "revision": one.revision,
        "parents": list(one.parents),
        "message": one.message,
        "written": one.created.isoformat() if one.created else None,
        "file": one.file,
        "applied": one.applied,
    }


def _finish(findings: Sequence[str]) -> None:
    for finding in findings:
        typer.echo(finding, err=True)
    if findings:
        raise typer.Exit(1)
