"""The command that measures what the pending migrations would do: plan."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Final

import typer

from schema_tools.cli.context import CommandContext
from schema_tools.cli.output import Format, FormatOption, Hanging, write_json, write_report

if TYPE_CHECKING:
    from rich.console import RenderableType

    from schema_tools.rehearsal.measuring import Counts, Effect, Measurement
    from schema_tools.rehearsal.plan import PlannedRevision, PlanReport

# How bad a lock is at a glance: what keeps readers out, and what keeps writers out.
_COLOURS: Final = {"blocks reads and writes": "red", "blocks writes": "yellow"}
_ON_SQLITE: Final = (
    "SQLite has one lock for writers: a run takes it at its beginning and holds it to its end, so every other writer"
    " waits; rewrites and scans are not measured there."
)


def add_to(app: typer.Typer, context: CommandContext) -> None:
    """Add the command to `app`."""

    @app.command()
    def plan(
        *,
        everything: Annotated[
            bool, typer.Option("--all", help="Plan every migration; the live database is not asked.")
        ] = False,
        output: FormatOption = Format.TEXT,
    ) -> None:
        """Say what the migrations that the database has not had would do: locks, rewrites and scans, measured.

        They run on a throwaway database with rows. The live one is asked for its revision and its row counts only.
        """
        from schema_tools.rehearsal.plan import plan as measure

        with context.could_not_run():
            report = measure(context.project(), None if everything else context.database_url())
        if output is Format.JSON:
            write_json(_as_document(report))
        else:
            write_report(*_lines(report))
        if any(one.failure for one in report.revisions):
            raise typer.Exit(1)


def _lines(report: "PlanReport") -> "Iterator[RenderableType]":
    from rich.text import Text

    if not report.revisions:
        yield Text("nothing is pending: the database is up to date", style="green")
        return
    if report.dialect == "sqlite":
        yield Text(_ON_SQLITE, style="dim")
        yield Text("")
    for one in report.revisions:
        yield from _revision(one, report.live_rows)
    for table in report.unfilled:
        yield Text(f"{table.table} had no rows here, so nothing shows on it: {table.reason}", style="yellow")


def _revision(one: "PlannedRevision", live: Mapping[str, int]) -> "Iterator[RenderableType]":
    from rich.text import Text

    yield Text.assemble((one.revision, "bold"), f"  {one.message}  ", (one.file, "dim"))
    for measurement in one.statements:
        yield from _statement(measurement, one.rows, live)
    if one.failure:
        yield Text(f"  fails here, over the rows of the throwaway database: {one.failure}", style="red")
    elif not one.statements:
        yield Text("  executes nothing", style="dim")
    yield Text("")


def _statement(one: "Measurement", rows: Mapping[str, int], live: Mapping[str, int]) -> "Iterator[RenderableType]":
    from rich.text import Text

    from schema_tools.rehearsal.steps import in_one_line

    facts = list(_facts(one.effect, rows, live)) if one.effect is not None else []
    if one.effect is not None and not one.effect.transactional:
        facts.append(("outside a transaction: what it did stays when a later statement fails", "dim"))
    # A statement on what the same migration makes blocks no other session.
    yield Hanging(
        Text(f"{one.line:>5}  ", style="dim"),
        Text.assemble((in_one_line(one.statement), "" if facts else "dim"), (f"  {one.seconds * 1000:.0f} ms", "dim")),
    )
    for fact, style in facts:
        yield Hanging(Text(" " * 9), Text(fact, style=style))


def _facts(effect: "Effect", rows: Mapping[str, int], live: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    from schema_tools.rehearsal.locks import MODES

    for table, mode in effect.locks.items():
        name, blocks = MODES[mode]
        yield f"{table}: {name}, {blocks}", _COLOURS.get(blocks, "green")
    for word, names, style in (
        ("rewrites", effect.rewritten, "red"),
        ("empties", effect.emptied, "red"),
        ("drops", effect.dropped, "red"),
        ("builds index", effect.indexes, "yellow"),
    ):
        for name in names:
            yield f"{word} {name}{_there(name, live)}", style
    for table, counts in effect.counts.items():
        yield from _dealt_with(table, counts, rows.get(table, 0), live)


def _dealt_with(table: str, counts: "Counts", rows: int, live: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    for word, count in (("reads", counts.scanned), ("finds by index", counts.fetched), ("writes", counts.written)):
        if count:
            times = f", {count / rows:.0f} times" if rows and count >= 2 * rows else ""
            yield f"{word} {count:,} rows of {table}, which has {rows:,} here{times}{_there(table, live)}", "yellow"


def _there(table: str, live: Mapping[str, int]) -> str:
    return f"; about {live[table]:,} rows in the live database" if table in live else ""


def _as_document(report: "PlanReport") -> dict[str, object]:
    return {
        "database": report.dialect,
        "live_rows": dict(report.live_rows),
        "unfilled": [{"table": one.table, "reason": one.reason} for one in report.unfilled],
        "revisions": [
            {
                "revision": one.revision,
                "message": one.message,
                "file": one.file,
                "failure": one.failure,
                "rows": dict(one.rows),
                "statements": [_statement_document(statement) for statement in one.statements],
            }
            for one in report.revisions
        ],
    }


def _statement_document(one: "Measurement") -> dict[str, object]:
    from schema_tools.rehearsal.locks import MODES

    document: dict[str, object] = {"line": one.line, "sql": one.statement, "seconds": round(one.seconds, 4)}
    if one.effect is not None:
        document |= {
            "transactional": one.effect.transactional,
            "locks": [
                {"table": table, "mode": MODES[mode].name, "blocks": MODES[mode].blocks}
                for table, mode in one.effect.locks.items()
            ],
            "rewrites": list(one.effect.rewritten),
            "empties": list(one.effect.emptied),
            "drops": list(one.effect.dropped),
            "builds_indexes": list(one.effect.indexes),
            "rows": {table: counts._asdict() for table, counts in one.effect.counts.items()},
        }
    return document
