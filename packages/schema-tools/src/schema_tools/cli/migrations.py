"""The commands that run migrations: upgrade, downgrade."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from schema_tools.cli.context import CommandContext
from schema_tools.cli.output import Format, FormatOption, write, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from schema_tools.migrations.downgrades import Loss
    from schema_tools.migrations.scripts import Revision
    from schema_tools.migrations.steps import Progress


def add_to(app: typer.Typer, context: CommandContext) -> None:
    """Add the commands to `app`."""

    @app.command()
    def upgrade(
        to: Annotated[str, typer.Option(metavar="REV", help="The revision to reach.")] = "head",
        output: FormatOption = Format.TEXT,
    ) -> None:
        """Apply the migrations that the database has not had.

        Run it from as many places at once as you like: one works, the others wait and find nothing to do. A history
        that is not as versions.lock and the database have it is refused.
        """
        from schema_tools.migrations import runner

        with context.could_not_run():
            done = runner.upgrade(
                context.project(), context.database_url(), to, waiting=say_waiting, progress=_saying(output)
            )
        _finish(done, output, nothing="nothing to do: the database is up to date")

    @app.command()
    def downgrade(
        to: Annotated[str, typer.Option(metavar="REV", help="The revision to return to, or base.")] = "-1",
        output: FormatOption = Format.TEXT,
        *,
        yes: Annotated[bool, typer.Option("--yes", "-y", help="Lose what it takes away, without being asked.")] = False,
    ) -> None:
        """Take the last migration back, or all those after a revision.

        Rows and values that would be lost are counted first, and you are asked; without a terminal to ask on, it is
        refused with exit status 1.
        """
        from schema_tools.errors import DataWouldBeLost
        from schema_tools.migrations import runner

        asked: list[Loss] = []

        def consent(losses: "Sequence[Loss]") -> bool:
            asked.extend(losses)
            return yes or _agreed(losses)

        with context.could_not_run():
            try:
                done = runner.downgrade(
                    context.project(), context.database_url(), to,
                    consent=consent, waiting=say_waiting, progress=_saying(output),
                )  # fmt: skip
            except DataWouldBeLost as refused:
                if output is Format.JSON:
                    write_json({"would_lose": [_loss_as_document(one) for one in asked]})
                context.say_error(f"{refused}; --yes loses it")
                raise typer.Exit(1) from None
        _finish(done, output, nothing="nothing to do: the database is at that revision")


def say_waiting() -> None:
    """Say that another migrator is at work."""
    typer.echo("another migration is at work; waiting for it", err=True)


def revision_as_document(one: "Revision") -> dict[str, Any]:
    """A revision as JSON has it."""
    return {
        "revision": one.revision,
        "parents": list(one.parents),
        "message": one.message,
        "written": one.created.isoformat() if one.created else None,
        "file": one.file,
        "applied": one.applied,
    }


def _saying(output: Format) -> "Callable[[Progress], None]":
    """Tells of a run while it goes on: on standard output, unless that is for JSON."""

    def say(event: "Progress") -> None:
        from schema_tools.migrations.steps import Stage

        named = f"{event.revision.revision}: {event.revision.message}"
        match event.stage:
            case Stage.BEGINS:
                write_line(f"{'applying' if event.is_upgrade else 'taking back'} {named}")
            case Stage.WAITS:
                typer.echo(f"waiting with {event.revision.revision}: {event.reason}", err=True)
            case Stage.DONE:
                write_line(f"{'applied' if event.is_upgrade else 'taken back'} {named} ({duration(event.took)})")

    def write_line(line: str) -> None:
        if output is Format.TEXT:
            write(f"{line}\n")
        else:
            typer.echo(line, err=True)

    return say


def duration(took: Any) -> str:
    """A `timedelta` at a glance: `12 ms`, `3.4 s`, `5 min 20 s`."""
    seconds = took.total_seconds()
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"  # noqa: PLR2004


def _agreed(losses: "Sequence[Loss]") -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    typer.echo("this would lose:", err=True)
    for one in losses:
        typer.echo(f"  {one}", err=True)
    return typer.confirm("lose it?", err=True)


def _loss_as_document(one: "Loss") -> dict[str, Any]:
    return {"what": one.what, "count": one.count, "unit": one.unit}


def _finish(done: "Sequence[Revision]", output: Format, *, nothing: str) -> None:
    if output is Format.JSON:
        write_json([revision_as_document(one) for one in done])
    elif not done:
        write(f"{nothing}\n")
