"""The commands that run migrations and write them: upgrade, downgrade, history, migrate."""

from typing import TYPE_CHECKING, Annotated

import typer

from schema_tools.cli.answers import Answers
from schema_tools.cli.output import Format, FormatOption, write_json, write_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schema_tools.migrations.runner import Revision


def add_to(app: typer.Typer, answers: Answers) -> None:
    """Add the commands to `app`."""

    @app.command()
    def upgrade(
        to: Annotated[str, typer.Option(metavar="REV", help="The revision to reach.")] = "head",
        output: FormatOption = Format.TEXT,
    ) -> None:
        """Apply the migrations that the database has not had.

        Run it from as many places at once as you like: one works, the others wait and find nothing to do.
        """
        from schema_tools.migrations import runner

        with answers.could_not_run():
            done = runner.upgrade(answers.project(), answers.database_url(), to, waiting=say_waiting)
        _report(done, output, verb="applied", nothing="nothing to do: the database is up to date")

    @app.command()
    def downgrade(
        to: Annotated[str, typer.Option(metavar="REV", help="The revision to return to, or base.")] = "-1",
        output: FormatOption = Format.TEXT,
    ) -> None:
        """Take the last migration back, or all those after a revision. What they added is lost."""
        from schema_tools.migrations import runner

        with answers.could_not_run():
            done = runner.downgrade(answers.project(), answers.database_url(), to, waiting=say_waiting)
        _report(done, output, verb="taken back", nothing="nothing to do: the database is at that revision")

    @app.command()
    def history(output: FormatOption = Format.TEXT) -> None:
        """List the migrations, the oldest first, and whether the database has had them."""
        from schema_tools.migrations import runner

        with answers.could_not_run():
            revisions = runner.history(answers.project(), answers.database_url())
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
        from schema_tools.document.markdown import check_document
        from schema_tools.writing.revise import NothingToMigrate
        from schema_tools.writing.revise import migrate as write_revision

        with answers.could_not_run():
            project = answers.checkout()
            try:
                written = write_revision(project, message)
            except NothingToMigrate as nothing:
                answers.say_error(str(nothing))
                raise typer.Exit(1) from None
            findings = check_document(project)
        if output is Format.JSON:
            write_json({"revision": str(written), "findings": findings})
        else:
            typer.echo(f"written: {written}")
        for finding in findings:
            typer.echo(finding, err=True)
        if findings:
            raise typer.Exit(1)


def say_waiting() -> None:
    """Say that another migrator is at work."""
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
