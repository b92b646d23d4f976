"""The command that judges migrations and tables: lint."""

from pathlib import Path
from typing import Annotated

import typer

from schema_tools.cli.context import CommandContext
from schema_tools.cli.output import Format, FormatOption, write_findings


def add_to(app: typer.Typer, context: CommandContext) -> None:
    """Add the command to `app`."""

    @app.command()
    def lint(
        revision: Annotated[
            list[str] | None, typer.Option(help="Judge only this revision, by its beginning; may be given again.")
        ] = None,
        write_rules: Annotated[
            Path | None, typer.Option(help="Write the document of all rules to this file, and judge nothing.")
        ] = None,
        output: FormatOption = Format.TEXT,
    ) -> None:
        """Find unsafe statements in the migrations, with file, line and the safe form, and weak tables."""
        from schema_tools.lint import lint_revisions, lint_tables, render_rules

        with context.could_not_run():
            if write_rules is not None:
                _write(write_rules, render_rules())
                return
            project = context.project()
            findings = lint_revisions(project, revision)
            if not revision:
                findings += lint_tables(project.metadata)
        write_findings(findings, output, clean="nothing unsafe in the migrations, nothing weak in the tables")


def _write(file: Path, text: str) -> None:
    from schema_tools.errors import SchemaToolsError

    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SchemaToolsError(f"the rules cannot be written to {file}: {error.strerror}") from error
