"""The commands of the schema document: docs, docs-check."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

from schema_tools.cli.context import CommandContext
from schema_tools.cli.output import Format, FormatOption, write, write_json


class DocumentFormat(StrEnum):
    """What the schema is written as."""

    MARKDOWN = "markdown"
    JSON = "json"
    CSV = "csv"


def add_to(app: typer.Typer, context: CommandContext) -> None:
    """Add the commands to `app`."""

    @app.command()
    def docs(
        output: Annotated[
            DocumentFormat,
            typer.Option("--format", help="json (as tbls has it) and csv (a data dictionary) go to standard output."),
        ] = DocumentFormat.MARKDOWN,
    ) -> None:
        """Write the schema document from the tables and the migrations."""
        from schema_tools.document.data_dictionary import data_dictionary
        from schema_tools.document.markdown import write_document
        from schema_tools.document.tbls import tbls_document

        with context.could_not_run():
            match output:
                case DocumentFormat.JSON:
                    write_json(tbls_document(context.project()))
                case DocumentFormat.CSV:
                    write(data_dictionary(context.project().metadata))
                case DocumentFormat.MARKDOWN:
                    _finish(write_document(context.checkout()), Format.TEXT)

    @app.command("docs-check")
    def docs_check(output: FormatOption = Format.TEXT) -> None:
        """See whether the schema document is, byte by byte, what `docs` would write."""
        from schema_tools.document.markdown import check_document

        with context.could_not_run():
            findings = check_document(context.checkout())
        if findings and output is Format.TEXT:
            context.say_error("the schema document is not what `docs` writes")
        _finish(findings, output)


def _finish(findings: Sequence[str], output: Format) -> None:
    if output is Format.JSON:
        write_json({"findings": list(findings)})
    for finding in findings:
        typer.echo(finding, err=True)
    if findings:
        raise typer.Exit(1)
