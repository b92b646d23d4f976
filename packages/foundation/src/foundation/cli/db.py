"""The commands of the schema tools, with the settings of the service filled in."""

from typing import TYPE_CHECKING, Any, Generic

import typer

from foundation.cli.program import Program, SettingsT
from foundation.setting_values import SettingsError, Storage
from foundation.settings import ServiceSettings
from schema_tools.cli.application import application
from schema_tools.cli.context import CommandContext
from schema_tools.cli.migrations import say_waiting

if TYPE_CHECKING:
    from collections.abc import Callable

    from schema_tools.project import SchemaProject


class DatabaseCommands(Generic[SettingsT]):
    """The commands, as `app`, for the `project` of a service."""

    def __init__(self, program: Program[SettingsT, Any], project: "Callable[[SettingsT], SchemaProject]") -> None:
        self._project = project
        self._context = CommandContext(
            project=lambda: project(program.load_settings()),
            database_url=lambda: _database_url(program.load_settings()),
            say_error=program.write_error,
            application_url=lambda: _application_url(program.load_settings()),
        )
        self.app = application(self._context)

    def upgrade_to_head(self, settings: SettingsT) -> None:
        """Apply every pending migration to the database that `settings` name, before serving from it.

        Raises:
            typer.Exit: a migration could not be applied; the reason has been written.
        """
        from schema_tools.migrations import runner

        with self._context.could_not_run():
            for one in runner.upgrade(self._project(settings), _database_url(settings), waiting=say_waiting):
                typer.echo(f"applied {one.revision}: {one.message}", err=True)


def _database_url(settings: SettingsT) -> str:
    if settings.storage is Storage.MEMORY:
        raise SettingsError("memory:// has no schema to migrate; give another DATABASE_URL.")
    return settings.migrated_url


def _application_url(settings: ServiceSettings) -> str | None:
    return settings.database_url if settings.migration_database_url else None
