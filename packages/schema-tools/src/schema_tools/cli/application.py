"""All commands of the schema tools, for the project that a context describes."""

from typing import Any, Final

import typer
from typer.core import TyperGroup

from schema_tools.cli import checking, checkout, databases, explaining, migrations, report, roles, verifying
from schema_tools.cli.context import CommandContext
from schema_tools.cli.ending import cleaning_up_when_ended

_COMMANDS: Final = (
    *(migrations.upgrade, migrations.downgrade, migrations.history),
    *(checkout.migrate, checkout.lock, checking.check, checkout.docs, checkout.docs_check, checking.lint),
    *(verifying.verify, explaining.explain, databases.plan, databases.drift, databases.audit),
    *(roles.roles, report.report),
)


class _Commands(TyperGroup):
    """Commands that could not run when they raise a `SchemaToolsError`, and that clean up when they are ended."""

    def invoke(self, ctx: Any) -> Any:
        with cleaning_up_when_ended(), ctx.obj.could_not_run():
            return super().invoke(ctx)


def application(context: CommandContext) -> typer.Typer:
    """The commands, which work on the project that `context` describes."""
    app = typer.Typer(
        cls=_Commands,
        context_settings={"obj": context},
        help="Migrations and the schema document. Exit status: 0 for clean, 1 for findings, 2 for could not run.",
        no_args_is_help=True,
    )
    for command in _COMMANDS:
        app.command()(command)
    return app
