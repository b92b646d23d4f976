"""The commands of the schema document: docs, docs-check."""

from collections.abc import Sequence

import typer

from schema_tools.cli.answers import Answers
from schema_tools.cli.output import Format, FormatOption, write_json


def add_to(app: typer.Typer, answers: Answers) -> None:
    """Add the commands to `app`."""

    @app.command()
    def docs(output: FormatOption = Format.TEXT) -> None:
        """Write the schema document from the tables and the migrations."""
        from schema_tools.document.markdown import write_document

        with answers.could_not_run():
            findings = write_document(answers.checkout())
        _finish(findings, output)

    @app.command("docs-check")
    def docs_check(output: FormatOption = Format.TEXT) -> None:
        """See whether the schema document is, byte by byte, what `docs` would write."""
        from schema_tools.document.markdown import check_document

        with answers.could_not_run():
            findings = check_document(answers.checkout())
        if findings and output is Format.TEXT:
            answers.say_error("the schema document is not what `docs` writes")
        _finish(findings, output)


def _finish(findings: Sequence[str], output: Format) -> None:
    if output is Format.JSON:
        write_json({"findings": list(findings)})
    for finding in findings:
        typer.echo(finding, err=True)
    if findings:
        raise typer.Exit(1)
