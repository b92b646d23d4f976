"""All commands of the schema tools, for the project that a context describes."""

from typing import Final

import typer

from schema_tools.cli import audit, check, document, drift, history, lint, migrations, plan, revisions, verify
from schema_tools.cli.context import CommandContext

_AREAS: Final = (migrations, history, revisions, check, document, lint, verify, plan, drift, audit)


def application(context: CommandContext) -> typer.Typer:
    """The commands, each a function of the project that `context` describes."""
    app = typer.Typer(
        help="Migrations and the schema document. Exit status: 0 for clean, 1 for findings, 2 for could not run.",
        no_args_is_help=True,
    )
    for area in _AREAS:
        area.add_to(app, context)
    return app
