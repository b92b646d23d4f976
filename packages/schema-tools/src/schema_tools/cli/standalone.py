"""The commands for a project that options name: `python -m schema_tools`."""

import sys
from dataclasses import dataclass
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlalchemy.schema import SchemaItem

from schema_tools.cli.application import application
from schema_tools.cli.context import CommandContext
from schema_tools.errors import SchemaToolsError
from schema_tools.failures import defect
from schema_tools.project import SchemaDocument, SchemaProject

# The first that is set. An application may reach its database through a pooler, which these commands refuse.
_DATABASE: Final = ("MIGRATION_DATABASE_URL", "DATABASE_URL")


@dataclass
class _Options:
    """The options that every command has beside its own, and what they name."""

    metadata: Annotated[
        str, typer.Option(metavar="MODULE:NAME", help="Its MetaData, base or registry, or what has one.")
    ] = ""
    config: Annotated[Path, typer.Option(help="Alembic's configuration.")] = Path("alembic.ini")
    database: Annotated[
        str, typer.Option(metavar="URL", envvar=list(_DATABASE), help="The live database, where one is asked for.")
    ] = ""
    application_database: Annotated[
        str, typer.Option(metavar="URL", envvar=_DATABASE[-1], help="The same, as the application connects to it.")
    ] = ""
    document: Annotated[Path, typer.Option(help="The schema document.")] = Path("docs/database-schema.md")
    pg_bindir: Annotated[Path | None, typer.Option(help="PostgreSQL's programs, for throwaway servers.")] = None
    sqlite: Annotated[bool, typer.Option("--sqlite", help="The migrations are for SQLite, too.")] = False

    def project(self) -> SchemaProject:
        """The project that the options name."""
        found = _mapping(self.metadata)
        tables = self.metadata.partition(":")[0]
        return SchemaProject(
            metadata=found if isinstance(found, MetaData) else found.metadata,
            registries=lambda: () if isinstance(found, MetaData) else (found,),
            alembic_ini=self.config,
            document=SchemaDocument.of_any_project(self.document, tables=tables, migrations=self.config),
            postgres_bindir=self.pg_bindir,
            databases=("postgresql", "sqlite") if self.sqlite else ("postgresql",),
        )

    def database_url(self) -> str:
        """The database that the options name."""
        if not self.database:
            raise SchemaToolsError(
                "name the database in DATABASE_URL, or as in --database postgresql+psycopg://login@host/name"
            )
        return self.database


def run() -> None:
    """Run the command line; every error becomes one sentence on standard error and an exit status."""
    options = _Options()
    context = CommandContext(
        project=options.project,
        database_url=options.database_url,
        application_url=lambda: options.application_database or None,
        say_error=lambda sentence: typer.echo(f"schema_tools: {sentence}", err=True),
    )
    command = typer.main.get_command(application(context))
    for subcommand in getattr(command, "commands", {}).values():
        subcommand.params += _parameters(options)
    sys.path.insert(0, "")
    try:
        command(prog_name="python -m schema_tools")
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        context.say_error(defect(error))
        sys.exit(2)


def _parameters(options: _Options) -> list[Any]:
    """The parameters of a command that set `options`."""

    def keep(_context: Any, parameter: Any, value: Any) -> None:
        setattr(options, parameter.name, value)

    carrier = typer.Typer(add_completion=False)
    carrier.command()(_Options)
    found: list[Any] = typer.main.get_command(carrier).params
    for parameter in found:
        parameter.expose_value, parameter.callback = False, keep
    return found


def _mapping(place: str) -> MetaData | registry:
    """The mapping at `place`: a registry, also of a declarative base, tells the relationships as well."""
    if not place:
        raise SchemaToolsError("name the tables, as in --metadata package.module:metadata")
    module, _, name = place.partition(":")
    try:
        found = attrgetter(name or "metadata")(import_module(module))
    except Exception as error:
        raise SchemaToolsError(f"--metadata {place} cannot be had: {type(error).__name__}: {error}") from error
    # A declarative base has both. SQLModel and the `db` of Flask-SQLAlchemy have the tables only.
    tables = None if isinstance(found, SchemaItem) else getattr(found, "metadata", None)
    for one in (found, getattr(found, "registry", None), tables):
        if isinstance(one, MetaData | registry):
            return one
    raise SchemaToolsError(
        f"--metadata {place} is a {type(found).__name__},"
        " not a sqlalchemy.MetaData, nor a declarative base, a registry or anything else that has the tables"
    )
