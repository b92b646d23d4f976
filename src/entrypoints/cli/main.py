"""`fastapi-service`: serves the API, manages users and migrations.

Exit status: 0 for done; 1 for refused (no such user, an address that is taken, an invalid value, findings of a check);
2 for could not run (wrong usage, wrong settings, a storage that cannot be reached).
"""

import sys

import typer

from entrypoints.cli import db, serve, users
from entrypoints.settings import SettingsError
from foundation.cli.output import say_error
from foundation.kernel.errors import ApplicationError, DomainError

app = typer.Typer(
    name="fastapi-service",
    help="A service foundation. Settings are read from the environment and from .env; see .env.example.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("serve")(serve.serve)
app.add_typer(users.app, name="users")
app.add_typer(db.app, name="db")


def run() -> None:
    """Run the command line; every expected error becomes one sentence on standard error and an exit status."""
    try:
        app()
    except DomainError as error:
        say_error(str(error))
        sys.exit(1)
    except (SettingsError, ApplicationError) as error:
        say_error(str(error))
        sys.exit(2)
