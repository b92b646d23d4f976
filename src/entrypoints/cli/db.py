"""`fastapi-service db`: the schema tools' commands, with the service's own answers filled in."""

from typing import TYPE_CHECKING, Final

import typer

from entrypoints.settings import Settings, SettingsError, Storage, load_settings
from foundation.cli.output import say_error
from schema_tools.cli.answers import Answers
from schema_tools.cli.application import application
from schema_tools.cli.migrations import say_waiting

if TYPE_CHECKING:
    from schema_tools.project import SchemaProject


def _project() -> "SchemaProject":
    # The tables are imported by the commands that need them, so that the others start fast.
    from entrypoints.cli.schema_project import schema_project

    return schema_project(postgres_bindir=load_settings().pg_bindir)


def _database_url(settings: Settings | None = None) -> str:
    settings = settings or load_settings()
    if settings.storage is Storage.MEMORY:
        raise SettingsError("memory:// has no schema to migrate; give another DATABASE_URL.")
    return settings.database_url


_ANSWERS: Final = Answers(project=_project, database_url=_database_url, say_error=say_error)

app: Final = application(_ANSWERS)


def upgrade_to_head(settings: Settings) -> None:
    """Apply every pending migration to the database that `settings` name, before serving from it.

    Raises:
        typer.Exit: It could not be done; the reason has been said.
    """
    from entrypoints.cli.schema_project import schema_project
    from schema_tools.migrations import runner

    with _ANSWERS.could_not_run():
        for one in runner.upgrade(schema_project(), _database_url(settings), waiting=say_waiting):
            typer.echo(f"applied {one.revision}: {one.message}", err=True)
