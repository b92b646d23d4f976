"""The commands that find what is wrong in the files of a checkout: check and lint."""

import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from schema_tools.cli.findings_output import FindingsOutput
from schema_tools.cli.known_findings import (
    BaselineMode,
    KnownFindings,
    UpdateBaselineOption,
    WriteBaselineOption,
    baseline_mode,
)
from schema_tools.cli.output import FindingsFormat, FindingsFormatOption, verdict_on
from schema_tools.cli.progress import ProgressLine
from schema_tools.cli.selecting import (
    OpinionsOption,
    RuleOption,
    SinceOption,
    selected_revisions,
    selected_rules,
    selection_of,
)
from schema_tools.cli.summary import EverythingOption
from schema_tools.errors import SchemaToolsError
from schema_tools.findings import Finding

if TYPE_CHECKING:
    from schema_tools.cli.context import CommandContext
    from schema_tools.project import SchemaProject
    from schema_tools.reporting.selection import Reported


def check(
    ctx: typer.Context,
    since: SinceOption = None,
    rule: RuleOption = None,
    output: FindingsFormatOption = FindingsFormat.TEXT,
    *,
    everything: EverythingOption = False,
    without_opinions: OpinionsOption = None,
    write_baseline: WriteBaselineOption = False,
    update_baseline: UpdateBaselineOption = False,
) -> None:
    """Check all that needs no live database: versions.lock, lint, docs-check and verify. CI runs this.

    PostgreSQL is started for it and thrown away; no database of yours is touched.
    """
    context: CommandContext = ctx.obj
    rules = selected_rules(rule)
    partly = since is not None or bool(rules)
    mode = baseline_mode(write=write_baseline, update=update_baseline, partly=partly)
    project = context.checkout()
    selection = selection_of(project, rules, without_opinions)
    report = FindingsOutput(
        ctx=ctx, project=project, selection=selection, output=output, in_full=everything or bool(rules)
    )
    found: list[Reported] = []
    documents = []
    for one in _checks(project, selected_revisions(project, since)):
        try:
            outcome = _judge(one)
        except SchemaToolsError:
            summary = report.summary(found)  # which may have the reason
            report.progress(*(["", *summary] if summary else []))
            raise
        reported = selection.of(outcome.findings)
        found += reported
        told = {"check": one.name, "seconds": round(outcome.seconds, 2), "findings": report.documents(reported)}
        set_up_by = f"{_program(ctx)} {outcome.set_up_by}" if outcome.set_up_by else ""
        documents.append({**told, "not_set_up": set_up_by} if set_up_by else told)
        report.progress(f"{one.name:<14} {f'not set up: {set_up_by}' if set_up_by else _verdict(outcome, reported)}")
    known = KnownFindings(selection, found, mode, partly=partly)
    known.save()
    # What was written to the file is known from now on.
    left = [] if mode is BaselineMode.WRITE else found
    parts = ["", *report.summary(left), *known.text(ctx.command_path)]
    report.finish(left, {"checks": documents, "found_no_longer": known.document()}, parts)


class _Outcome(NamedTuple):
    findings: Sequence[Finding]
    set_up_by: str
    seconds: float


def _judge(one: "_Check") -> _Outcome:
    """What a check finds, or by which command it is set up."""
    began = time.monotonic()
    findings = one.judge()
    set_up_by = one.set_up_by(findings)
    return _Outcome([] if set_up_by else findings, set_up_by, time.monotonic() - began)


def _verdict(outcome: _Outcome, reported: Sequence["Reported"]) -> str:
    return f"{verdict_on(len(reported), len(outcome.findings)):<12} {outcome.seconds:5.1f} s"


def _program(ctx: typer.Context) -> str:
    """The program, as it was called, without the name of the command."""
    return ctx.parent.command_path if ctx.parent is not None else ctx.command_path


class _Check(NamedTuple):
    """One of the checks.

    Attributes:
        judge: Gives what is wrong.
        set_up_by: Gives, of what was found, the command that sets the check up; empty where it is set up.
    """

    name: str
    judge: Callable[[], Sequence[Finding]]
    set_up_by: Callable[[Sequence[Finding]], str] = lambda _findings: ""


def _documented(project: "SchemaProject") -> list[Finding]:
    """What is wrong with the schema document: that it is not the present one, or what the tables do not say."""
    from schema_tools.document.markdown import check_document
    from schema_tools.document.table_facts import findings as lacking_of

    lines, lacking = check_document(project), lacking_of(project.metadata)
    if not lines:
        return []
    message = "the schema document is not what the tables and the migrations say"
    fix = "run the docs command, and commit the file"
    if len(lines) == len(lacking):
        message = f"the schema document is current, and lacks {len(lacking)} comments or examples: {lacking[0]}"
        fix = "run the docs-check command, which names each"
    return [
        Finding(
            rule="document-differs",
            place=project.document.path.name if project.document else "",
            message=message,
            fix=fix,
        )
    ]


def _checks(project: "SchemaProject", revisions: frozenset[str] | None) -> list[_Check]:
    """The checks, the quickest first, so that what is found soon is said soon; `revisions` as `lint` has them."""
    from schema_tools.migrations.lock_file import check_lock, lock_path
    from schema_tools.reporting.git import is_known

    document = project.document.path if project.document else Path()

    def lock_by(findings: Sequence[Finding]) -> str:
        missing = any(one.rule == "lock-missing" for one in findings)
        return "lock" if missing and not is_known(lock_path(project)) else ""

    def docs_by(findings: Sequence[Finding]) -> str:
        return "docs" if findings and not document.is_file() and not is_known(document) else ""

    return [
        _Check("versions.lock", lambda: check_lock(project), lock_by),
        _Check("docs-check", lambda: _documented(project), docs_by),
        _Check("lint", lambda: _linted(project, revisions)),
        _Check("verify", lambda: _verified(project, revisions)),
    ]


def _verified(project: "SchemaProject", revisions: frozenset[str] | None) -> Sequence[Finding]:
    """What the rehearsal of these revisions finds; a line says how far it is."""
    from schema_tools.rehearsal.verify import verify

    done = count(1)
    with ProgressLine() as line:
        return verify(
            project,
            revisions=revisions,
            progress=lambda one, of: line.say(f"verify: {next(done)} of {of}: {one.revision} {one.message}"),
        ).findings


def _linted(project: "SchemaProject", revisions: frozenset[str] | None) -> list[Finding]:
    """The findings in these revisions and in the tables that they work on; in all of them when None."""
    from schema_tools.lint import lint_revisions, lint_tables, touched_tables

    tables = None if revisions is None else touched_tables(project, revisions)
    of_tables = lint_tables(project.metadata, tables, databases=project.databases)
    return [*lint_revisions(project, revisions), *of_tables]


def lint(
    ctx: typer.Context,
    revision: Annotated[
        list[str] | None, typer.Option(help="Judge only this revision, by its beginning; may be given again.")
    ] = None,
    since: SinceOption = None,
    rule: RuleOption = None,
    write_rules: Annotated[
        Path | None, typer.Option(help="Write the document of all rules to this file, and judge nothing.")
    ] = None,
    output: FindingsFormatOption = FindingsFormat.TEXT,
    *,
    everything: EverythingOption = False,
    without_opinions: OpinionsOption = None,
) -> None:
    """Find unsafe statements in the migrations, with file, line and the safe form, and weak tables."""
    from schema_tools.lint import lint_revisions, render_rules

    if write_rules is not None:
        _write(render_rules(), write_rules)
        return
    context: CommandContext = ctx.obj
    rules, project = selected_rules(rule), context.project()
    selection = selection_of(project, rules, without_opinions)
    if revision and since is not None:
        raise SchemaToolsError("give --revision or --since, not both")
    revisions = selected_revisions(project, since)
    findings = lint_revisions(project, revision) if revision else _linted(project, revisions)
    found = selection.of(findings)
    report = FindingsOutput(
        ctx=ctx, project=project, selection=selection, output=output, in_full=everything or bool(rules)
    )
    nothing = "nothing unsafe in the migrations, nothing weak in the tables"
    if findings:
        nothing = f"nothing of {', '.join(sorted(rules))}" if rules else "nothing beside what is left out"
    report.finish(found, {"findings": report.documents(found)}, [*([] if found else [nothing]), *report.summary(found)])


def _write(rules: str, path: Path) -> None:
    try:
        path.write_text(rules, encoding="utf-8")
    except OSError as error:
        raise SchemaToolsError(f"the rules cannot be written to {path}: {error.strerror}") from error
