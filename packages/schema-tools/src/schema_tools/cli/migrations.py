"""The commands that run migrations and list those that a database has had: upgrade, downgrade, history."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from schema_tools.cli.output import Format, FormatOption, finish, write, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import RenderableType

    from schema_tools.cli.context import CommandContext
    from schema_tools.migrations.blockers import Blocker
    from schema_tools.migrations.downgrades import Loss
    from schema_tools.migrations.scripts import Revision
    from schema_tools.migrations.steps import Progress

_STYLES = {"applied": "green", "pending": "yellow", "taken back": "yellow", "tampered": "bold red"}
_SHOWN_OF_CHECKSUM = 12


def upgrade(
    ctx: typer.Context,
    to: Annotated[str, typer.Option(metavar="REV", help="The revision to reach.")] = "head",
    output: FormatOption = Format.TEXT,
) -> None:
    """Apply the migrations that the database has not had.

    Run it from as many places at once as you like: one works, the others wait and find nothing to do. A history
    that is not as versions.lock and the database have it is refused.
    """
    from schema_tools.migrations import runner

    context: CommandContext = ctx.obj
    done = runner.upgrade(context.project(), context.database_url(), to, waiting=say_waiting, progress=_saying(output))
    nothing = [] if done else ["nothing to do: the database is up to date"]
    finish(output, [_revision_document(one) for one in done], nothing)


def downgrade(
    ctx: typer.Context,
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

    context: CommandContext = ctx.obj
    asked: list[Loss] = []

    def consent(losses: "Sequence[Loss]") -> bool:
        asked.extend(losses)
        return yes or _agreed(losses)

    try:
        done = runner.downgrade(
            context.project(), context.database_url(), to,
            consent=consent, waiting=say_waiting, progress=_saying(output),
        )  # fmt: skip
    except DataWouldBeLost as refused:
        if output is Format.JSON:
            write_json({"would_lose": [{"what": one.what, "count": one.count, "unit": one.unit} for one in asked]})
        context.say_error(f"{refused}; --yes loses it")
        raise typer.Exit(1) from None
    nothing = [] if done else ["nothing to do: the database is at that revision"]
    finish(output, [_revision_document(one) for one in done], nothing)


def history(ctx: typer.Context, output: FormatOption = Format.TEXT) -> None:
    """List the migrations, the oldest first: which the database has had, when, and how long each took.

    Those that were changed after the database had them are marked, and then the exit status is 1.
    """
    from schema_tools.migrations.history import history as recorded_history

    context: CommandContext = ctx.obj
    revisions = recorded_history(context.project(), context.database_url())
    document = [
        _revision_document(one)
        | {
            "status": _status(one),
            "last_step": one.last_step.isoformat() if one.last_step else None,
            "seconds": one.took.total_seconds() if one.took is not None else None,
            "checksum": one.checksum or None,
            "tampered": one.tampered or None,
        }
        for one in revisions
    ]
    finish(output, document, _history(revisions), failed=any(one.tampered for one in revisions))


def say_waiting(other: "Blocker | None") -> None:
    """Say that another migrator is at work, and in which session."""
    typer.echo(f"another migration is at work{f', {other}' if other else ''}; waiting for it", err=True)


def _saying(output: Format) -> "Callable[[Progress], None]":
    """Report a run while it goes on: on standard output, unless that is for JSON."""

    def say(event: "Progress") -> None:
        from schema_tools.migrations.steps import Stage

        named = f"{event.revision.revision}: {event.revision.message}"
        match event.stage:
            case Stage.BEGINS:
                write_line(f"{'applying' if event.is_upgrade else 'taking back'} {named}")
            case Stage.WAITS:
                typer.echo(f"waiting with {event.revision.revision}: {event.reason}", err=True)
            case Stage.DONE:
                write_line(f"{'applied' if event.is_upgrade else 'taken back'} {named} ({_duration(event.took)})")

    def write_line(line: str) -> None:
        if output is Format.TEXT:
            write(f"{line}\n")
        else:
            typer.echo(line, err=True)

    return say


def _duration(took: Any) -> str:
    """A `timedelta` at a glance: `12 ms`, `3.4 s`, `5 min 20 s`."""
    seconds = took.total_seconds()
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 60 else f"{seconds // 60:.0f} min {seconds % 60:.0f} s"  # noqa: PLR2004


def _agreed(losses: "Sequence[Loss]") -> bool:
    if not (sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    typer.echo("this would lose:", err=True)
    for one in losses:
        typer.echo(f"  {one}", err=True)
    return typer.confirm("lose it?", err=True)


def _revision_document(one: "Revision") -> dict[str, Any]:
    return {
        "revision": one.revision,
        "parents": list(one.parents),
        "message": one.message,
        "written": one.created.isoformat() if one.created else None,
        "file": one.file,
        "applied": one.applied,
    }


def _status(one: "Revision") -> str:
    if one.tampered:
        return "tampered"
    if one.taken_back:
        return "taken back"
    return "applied" if one.applied else "pending"


def _history(revisions: "Sequence[Revision]") -> "Iterator[RenderableType]":
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("status", "revision", "message", "when (UTC)", "took", "checksum"):
        table.add_column(column, no_wrap=column != "message", justify="right" if column == "took" else "left")
    for one in revisions:
        status = _status(one)
        unknown = "unknown" if one.applied else ""
        # Text, not a string, which would be read as markup: a message may contain square brackets.
        table.add_row(
            Text(status, style=_STYLES[status]),
            Text(one.revision),
            Text(one.message),
            Text(f"{one.last_step:%Y-%m-%d %H:%M:%S}" if one.last_step is not None else unknown),
            Text(_duration(one.took) if one.took is not None else ""),
            Text(one.checksum[:_SHOWN_OF_CHECKSUM], style="dim"),
        )
    yield table
    marked = [Text(f"tampered: {one.tampered}", style="bold red") for one in revisions if one.tampered]
    yield from [Text(""), *marked] if marked else []
