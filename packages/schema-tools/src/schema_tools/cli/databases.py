"""The commands that need databases: plan a throwaway one, drift and audit a live one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import RenderableType
from rich.text import Text

from schema_tools.cli.output import Format, FormatOption, Hanging, counted, finish, finish_findings
from schema_tools.errors import SchemaToolsError
from schema_tools.rehearsal.locks import MODES

if TYPE_CHECKING:
    from schema_tools.catalog.objects import Difference
    from schema_tools.cli.context import CommandContext
    from schema_tools.rehearsal.measuring import Effect, Measurement
    from schema_tools.rehearsal.plan import PlanReport

# How bad a lock is at a glance: what keeps readers out, and what keeps writers out.
_COLOURS: Final = {"blocks reads and writes": "red", "blocks writes": "yellow"}
_ON_SQLITE: Final = (
    "SQLite has one lock for writers: a run takes it at its beginning and holds it to its end, so every other writer"
    " waits; rewrites and scans are not measured there."
)


def plan(
    ctx: typer.Context,
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

    context: CommandContext = ctx.obj
    report = measure(context.project(), None if everything else context.database_url())
    document = {
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
    finish(output, document, _planned(report), failed=any(one.failure for one in report.revisions))


def _statement_document(one: "Measurement") -> dict[str, object]:
    document: dict[str, object] = {"line": one.line, "sql": one.statement, "seconds": round(one.seconds, 4)}
    if one.effect is not None:
        locks = [(table, MODES[mode]) for table, mode in one.effect.locks.items()]
        document |= {
            "transactional": one.effect.transactional,
            "locks": [{"table": table, "mode": mode.name, "blocks": mode.blocks} for table, mode in locks],
            "rewrites": list(one.effect.rewritten),
            "empties": list(one.effect.emptied),
            "drops": list(one.effect.dropped),
            "builds_indexes": list(one.effect.indexes),
            "rows": {table: counts._asdict() for table, counts in one.effect.counts.items()},
        }
    return document


def _planned(report: "PlanReport") -> Iterator[RenderableType]:
    if not report.revisions:
        yield Text("nothing is pending: the database is up to date", style="green")
        return
    if report.dialect == "sqlite":
        yield Text(_ON_SQLITE, style="dim")
        yield Text("")
    for one in report.revisions:
        yield Text.assemble((one.revision, "bold"), f"  {one.message}  ", (one.file, "dim"))
        for measurement, times in _in_loops(one.statements):
            yield from _statement(measurement, times, one.rows, report.live_rows)
        if one.failure:
            yield Text(f"  fails here, over the rows of the throwaway database: {one.failure}", style="red")
        elif not one.statements:
            yield Text("  executes nothing", style="dim")
        yield Text("")
    for table in report.unfilled:
        yield Text(f"{table.table} had no rows here, so nothing shows on it: {table.reason}", style="yellow")


def _in_loops(measured: "Sequence[Measurement]") -> Iterator[tuple["Measurement", int]]:
    """The statements, with how many times each was executed one after the other, in a loop over rows for instance."""
    for _, equal in groupby(measured, lambda one: (one.line, one.statement, repr(one.effect))):
        first, *others = equal
        yield replace(first, seconds=sum(one.seconds for one in (first, *others))), 1 + len(others)


def _statement(
    one: "Measurement", times: int, rows: Mapping[str, int], live: Mapping[str, int]
) -> Iterator[RenderableType]:
    from schema_tools.rehearsal.steps import in_one_line

    facts = list(_facts(one.effect, rows, live)) if one.effect is not None else []
    if one.effect is not None and not one.effect.transactional:
        facts.append(("outside a transaction: what it did stays when a later statement fails", "dim"))
    took = f"  {one.seconds * 1000:.0f} ms" + (f" in all, {times:,} times" if times > 1 else "")
    # A statement on what the same migration makes blocks no other session.
    yield Hanging(
        Text(f"{one.line:>5}  ", style="dim"),
        Text.assemble((in_one_line(one.statement), "" if facts else "dim"), (took, "dim")),
    )
    for fact, style in facts:
        yield Hanging(Text(" " * 9), Text(fact, style=style))


def _facts(effect: "Effect", rows: Mapping[str, int], live: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    in_live = {table: f"; about {count:,} rows in the live database" for table, count in live.items()}
    for table, mode in effect.locks.items():
        name, blocks = MODES[mode]
        yield f"{table}: {name}, {blocks}", _COLOURS.get(blocks, "green")
    for word, names, style in (
        ("rewrites", effect.rewritten, "red"),
        ("empties", effect.emptied, "red"),
        ("drops", effect.dropped, "red"),
        ("builds index", effect.indexes, "yellow"),
    ):
        yield from ((f"{word} {name}{in_live.get(name, '')}", style) for name in names)
    for table, counts in effect.counts.items():
        there, after = rows.get(table, 0), in_live.get(table, "")
        for word, count in (("reads", counts.scanned), ("finds by index", counts.fetched), ("writes", counts.written)):
            if count:
                times = f", {count / there:.0f} times" if there and count >= 2 * there else ""
                yield f"{word} {count:,} rows of {table}, which has {there:,} here{times}{after}", "yellow"


def drift(ctx: typer.Context, output: FormatOption = Format.TEXT) -> None:
    """Compare the live database with the tables in the code, and name every difference with what fixes it.

    On PostgreSQL the tables are made in a schema of a transaction that is rolled back; nothing else is written.
    """
    from schema_tools.catalog.drift import drift as compare

    context: CommandContext = ctx.obj
    found = compare(
        context.project(), context.database_url(), lambda sentence: typer.echo(f"not compared: {sentence}", err=True)
    )
    shown = [line for one in found for line in _difference(one)]
    count = Text(counted(len(found), "difference"), style="bold")
    parts = [*shown, count] if found else ["clean: the database is what the tables say"]
    finish(output, {"differences": [one.as_document() for one in found]}, parts, failed=bool(found))


def _difference(one: "Difference") -> Iterator[Text]:
    yield Text.assemble((one.object, "bold"), "  ", (one.aspect, "yellow"))
    sides = [("expected", one.expected, "green"), ("found", one.found, "red")]
    for name, value, style in [*sides, ("fix", one.fix, "cyan")] if one.fix else sides:
        lines = [("(none)", "dim")] if value is None else [(line, style) for line in value.splitlines() or [""]]
        for number, line in enumerate(lines):
            yield Text.assemble((f"  {name if number == 0 else '':<10}", "dim"), line)
    yield Text("")


def audit(ctx: typer.Context, output: FormatOption = Format.TEXT) -> None:
    """Look at the health of the database: indexes, keys, triggers, statistics, roles. It only reads."""
    from schema_tools.audit.live import audit as judged

    context: CommandContext = ctx.obj
    url, application, metadata, unseen = context.database_url(), context.application_url(), None, []
    try:
        metadata = context.project().metadata
    except SchemaToolsError as error:  # a live database can be judged without
        unseen.append(f"what the tables declare of privileges: {error}")
    found = judged(url, application=application, metadata=metadata)
    for sentence in [*found.unseen, *unseen]:
        typer.echo(f"not judged: {sentence}", err=True)
    for sentence in found.advice:
        typer.echo(f"advice: {sentence}", err=True)
    finish_findings(output, found.findings, clean="the database is in good health")
