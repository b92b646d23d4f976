"""The commands that find what is wrong in the files of a checkout: check and lint."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from schema_tools.cli.output import Format, FormatOption, counted, finding_document, finish, write_report
from schema_tools.cli.selecting import (
    OpinionsOption,
    RuleOption,
    SinceOption,
    left_out_text,
    selected_revisions,
    selected_rules,
    selection_of,
)
from schema_tools.cli.summary import EverythingOption, findings_report
from schema_tools.errors import SchemaToolsError
from schema_tools.findings import Finding

if TYPE_CHECKING:
    from schema_tools.cli.context import CommandContext
    from schema_tools.project import SchemaProject


def check(
    ctx: typer.Context,
    since: SinceOption = None,
    rule: RuleOption = None,
    output: FormatOption = Format.TEXT,
    *,
    everything: EverythingOption = False,
    without_opinions: OpinionsOption = None,
) -> None:
    """Check all that needs no live database: versions.lock, lint, docs-check and verify. CI runs this.

    PostgreSQL is started for it and thrown away; no database of yours is touched.
    """
    context: CommandContext = ctx.obj
    rules, project = selected_rules(rule), context.checkout()
    selection = selection_of(project, rules, without_opinions)
    found: list[Finding] = []
    documents = []
    in_full = everything or bool(rule)
    for one in _checks(project, selected_revisions(project, since)):
        began = time.monotonic()
        try:
            judged = one.judge()
            set_up_by = one.set_up_by(judged)
        except SchemaToolsError:
            if output is Format.TEXT:
                write_report("", *findings_report(ctx, found, in_full=in_full))  # which may be the reason
            raise
        seconds = time.monotonic() - began
        findings = [] if set_up_by else selection.of(judged)
        found += findings
        written = [finding_document(finding) for finding in findings]
        document = {"check": one.name, "seconds": round(seconds, 2), "findings": written}
        documents.append({**document, "not_set_up": f"{_program(ctx)} {set_up_by}"} if set_up_by else document)
        if output is Format.TEXT:
            verdict = counted(len(findings), "finding") if findings else "clean"
            how = f"not set up: {_program(ctx)} {set_up_by}" if set_up_by else f"{verdict:<12} {seconds:5.1f} s"
            write_report(f"{one.name:<14} {how}")
    parts = ["", *findings_report(ctx, found, in_full=in_full), *left_out_text(selection)]
    finish(output, {"checks": documents, "left_out": selection.left_out}, parts, failed=bool(found))


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


def _checks(project: "SchemaProject", revisions: frozenset[str] | None) -> list[_Check]:
    """The checks, the quickest first, so that what is found soon is said soon; `revisions` as `lint` has them."""
    from schema_tools.document.markdown import check_document
    from schema_tools.migrations.lock_file import check_lock, lock_path
    from schema_tools.rehearsal.verify import verify
    from schema_tools.reporting.git import is_known

    document = project.document.path if project.document else Path()
    differs = Finding(
        rule="document-differs",
        place=document.name,
        message="the schema document is not what the tables and the migrations say",
        fix="run the docs command, and commit the file",
    )

    def lock_by(findings: Sequence[Finding]) -> str:
        missing = any(one.rule == "lock-missing" for one in findings)
        return "lock" if missing and not is_known(lock_path(project)) else ""

    def docs_by(findings: Sequence[Finding]) -> str:
        return "docs" if findings and not document.is_file() and not is_known(document) else ""

    return [
        _Check("versions.lock", lambda: check_lock(project), lock_by),
        _Check("docs-check", lambda: [differs] if check_document(project) else [], docs_by),
        _Check("lint", lambda: _linted(project, revisions)),
        _Check("verify", lambda: verify(project, revisions=revisions).findings),
    ]


def _linted(project: "SchemaProject", revisions: frozenset[str] | None) -> list[Finding]:
    """The findings in these revisions and in the tables that they work on; in all of them when None."""
    from schema_tools.lint import lint_revisions, lint_tables, touched_tables

    tables = None if revisions is None else touched_tables(project, revisions)
    return [*lint_revisions(project, revisions), *lint_tables(project.metadata, tables)]


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
    output: FormatOption = Format.TEXT,
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
    clean = "nothing unsafe in the migrations, nothing weak in the tables"
    parts = findings_report(ctx, found, in_full=everything or bool(rule)) if found else [clean]
    document = {"findings": [finding_document(one) for one in found], "left_out": selection.left_out}
    finish(output, document, [*parts, *left_out_text(selection)], failed=bool(found))


def _write(rules: str, path: Path) -> None:
    try:
        path.write_text(rules, encoding="utf-8")
    except OSError as error:
        raise SchemaToolsError(f"the rules cannot be written to {path}: {error.strerror}") from error
