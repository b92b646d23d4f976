"""The command that does everything which needs no live database: check."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from schema_tools.cli.context import CommandContext
from schema_tools.cli.output import Format, FormatOption, findings_text, write_json, write_report

if TYPE_CHECKING:
    from schema_tools.findings import Finding
    from schema_tools.project import SchemaProject


class _Outcome(NamedTuple):
    """What one of the checks found, and how long it took."""

    name: str
    findings: "list[Finding]"
    seconds: float

    def as_document(self) -> dict[str, Any]:
        """The outcome as JSON has it."""
        return {
            "check": self.name,
            "seconds": round(self.seconds, 2),
            "findings": [one.as_document() for one in self.findings],
        }


def add_to(app: typer.Typer, context: CommandContext) -> None:
    """Add the command to `app`."""

    @app.command()
    def check(output: FormatOption = Format.TEXT) -> None:
        """Check all that needs no live database: versions.lock, lint, docs-check and verify. CI runs this.

        PostgreSQL is started for it and thrown away; no database of yours is touched.
        """
        outcomes = []
        with context.could_not_run():
            for outcome in _outcomes(context.checkout()):
                outcomes.append(outcome)
                if output is Format.TEXT:
                    write_report(f"{outcome.name:<14} {_verdict(outcome):<12} {outcome.seconds:5.1f} s")
        if output is Format.JSON:
            write_json({"checks": [one.as_document() for one in outcomes]})
        else:
            write_report("", *(part for one in outcomes for part in findings_text(one.findings)))
        if any(one.findings for one in outcomes):
            raise typer.Exit(1)


def _outcomes(project: "SchemaProject") -> Iterator[_Outcome]:
    for name, check in _CHECKS.items():
        began = time.monotonic()
        findings = check(project)
        yield _Outcome(name, findings, time.monotonic() - began)


def _verdict(outcome: _Outcome) -> str:
    count = len(outcome.findings)
    return "clean" if count == 0 else f"{count} finding" + ("s" if count > 1 else "")


def _lock(project: "SchemaProject") -> "list[Finding]":
    from schema_tools.migrations.lock_file import check_lock

    return check_lock(project)


def _lint(project: "SchemaProject") -> "list[Finding]":
    from schema_tools.lint import lint_revisions, lint_tables

    return [*lint_revisions(project), *lint_tables(project.metadata)]


def _document(project: "SchemaProject") -> "list[Finding]":
    from schema_tools.document.markdown import check_document
    from schema_tools.findings import Finding

    if project.document is None or not check_document(project):
        return []
    return [
        Finding(
            rule="document-differs",
            place=project.document.path.name,
            message="the schema document is not what the tables and the migrations say",
            fix="run the docs command, and commit the file",
        )
    ]


def _verify(project: "SchemaProject") -> "list[Finding]":
    from schema_tools.rehearsal.verify import verify

    return list(verify(project).findings)


# The quickest first, so that what is found soon is said soon.
_CHECKS: "dict[str, Callable[[SchemaProject], list[Finding]]]" = {
    "versions.lock": _lock,
    "docs-check": _document,
    "lint": _lint,
    "verify": _verify,
}
