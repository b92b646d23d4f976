"""`fastapi-service`: serves the API, manages users, API keys and migrations.

Exit status: 0 for done; 1 for refused (no such user, an address that is taken, an invalid value, findings of a check);
2 for could not run (wrong usage, wrong settings, a storage that cannot be reached).
"""

from typing import TYPE_CHECKING, Final

import typer

from entrypoints.cli import users
from entrypoints.cli.program import program
from entrypoints.migration_files import migrations_root
from entrypoints.settings import Settings
from foundation.cli.api_keys import ApiKeyCommands
from foundation.cli.audit_trail import add_audit_trail
from foundation.cli.db import DatabaseCommands
from foundation.cli.serve import Served, add_serve
from foundation.cli.tokens import TokenCommands

if TYPE_CHECKING:
    from entrypoints.container import Container
    from schema_tools.project import SchemaProject


def _schema(settings: Settings) -> "SchemaProject":
    # The tables are imported by the commands that need them, so that the others start fast.
    from entrypoints.cli.schema_project import schema_project

    return schema_project(postgres_bindir=settings.pg_bindir)


_db: Final = DatabaseCommands(program, _schema)
_served: "Final[Served[Settings, Container]]" = Served(
    application="entrypoints.http.serving:served_app",
    sources=migrations_root() / "src",
    open_database=lambda container: container.storage(),
    upgrade=_db.upgrade_to_head,
)

app = typer.Typer(
    name="fastapi-service",
    help="A service foundation. Settings are read from the environment and from .env; see .env.example.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
add_serve(app, program, _served)
app.add_typer(users.app, name="users")
app.add_typer(ApiKeyCommands(program, lambda container: container.api_keys()).app, name="keys")
app.add_typer(TokenCommands(program, lambda container: container.revocations()).app, name="tokens")
add_audit_trail(app, program, lambda container: container.audit_trail())
app.add_typer(_db.app, name="db")


def run() -> None:
    """Run the command line."""
    program.start(app)
