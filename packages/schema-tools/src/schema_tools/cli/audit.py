"""The command that looks at a live database: audit."""

import typer

from schema_tools.cli.context import CommandContext
from schema_tools.cli.output import Format, FormatOption, write_findings


def add_to(app: typer.Typer, context: CommandContext) -> None:
    """Add the command to `app`."""

    @app.command()
    def audit(output: FormatOption = Format.TEXT) -> None:
        """Look at the health of the database: its indexes, keys, triggers, statistics. It only reads."""
        from schema_tools.audit.live import audit as judged

        with context.could_not_run():
            found = judged(context.database_url())
        for sentence in found.unseen:
            typer.echo(f"not judged: {sentence}", err=True)
        write_findings(found.findings, output, clean="the database is in good health")
