"""The commands for a project that options name: `python -m schema_tools`."""

import sys
from dataclasses import dataclass, replace
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlalchemy.schema import SchemaItem

from schema_tools.cli.adopt import adopt
from schema_tools.cli.application import application
from schema_tools.cli.context import CommandContext
from schema_tools.errors import SchemaToolsError
from schema_tools.failures import defect
from schema_tools.foreign_connections import only
from schema_tools.mapping import merged
from schema_tools.migrations.quiet import quiet
from schema_tools.migrations.scripts import alembic_config, alembic_in_toml, script_directory
from schema_tools.migrations.survey import survey
from schema_tools.project import Baseline, Environment, SchemaDocument, SchemaProject

_PROGRAM: Final = "schema-tools"

# The first that is set. An application may reach its database through a pooler, which these commands refuse.
_DATABASE: Final = ("MIGRATION_DATABASE_URL", "DATABASE_URL")


_DOCUMENT: Final = Path("docs/database-schema.md")


@dataclass
class _Options:
    """The options that every command has beside its own, and what they name."""

    metadata: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODULE:NAME",
            help="Its MetaData, base or registry, or what has one; may be given again. By default those of env.py.",
        ),
    ] = None
    config: Annotated[
        Path | None, typer.Option(help="Alembic's configuration, by default alembic.ini or pyproject.toml.")
    ] = None
    name: Annotated[str, typer.Option("--name", "-n", help="The section of alembic.ini.")] = "alembic"
    x_arguments: Annotated[
        list[str] | None,
        typer.Option("-x", metavar="NAME=VALUE", help="For context.get_x_argument of env.py; may be given again."),
    ] = None
    database: Annotated[
        str, typer.Option(metavar="URL", envvar=list(_DATABASE), help="The live database, where one is asked for.")
    ] = ""
    application_database: Annotated[
        str, typer.Option(metavar="URL", envvar=_DATABASE[-1], help="The same, as the application connects to it.")
    ] = ""
    document: Annotated[Path | None, typer.Option(help="The schema document, by default docs/database-schema.md.")] = (
        None
    )
    pg_bindir: Annotated[
        Path | None, typer.Option(envvar="PG_BINDIR", help="PostgreSQL's programs, for throwaway servers.")
    ] = None
    from_revision: Annotated[
        str, typer.Option("--from", metavar="REV", help="Rehearse from here, where the history does not begin empty.")
    ] = ""
    from_schema: Annotated[
        str,
        typer.Option(metavar="FILE|URL", help="The schema at that revision: a dump, or a database to read it from."),
    ] = ""
    sqlite: Annotated[bool, typer.Option("--sqlite", help="The migrations are for SQLite, too.")] = False

    def project(self) -> SchemaProject:
        """The project that the options name, or that `env.py` does."""
        config = self.config or _configuration()
        bare = SchemaProject(
            metadata=MetaData(), alembic_ini=config, section=self.name, x_arguments=self.x_arguments or ()
        )
        named = [_mapping(place) for place in self.metadata or ()]
        environment = self._environment(bare)
        metadata = merged([_tables(one) for one in named]) if named else environment.metadata
        if metadata is None:
            raise SchemaToolsError(
                "env.py has no target_metadata: name the tables, as in --metadata package.module:metadata"
            )
        source = ", ".join(place.partition(":")[0] for place in self.metadata or ()) or "target_metadata"
        return replace(
            bare,
            metadata=metadata,
            environment=environment,
            baseline=self._baseline(),
            registries=lambda: [one for one in named if isinstance(one, registry)],
            document=SchemaDocument.of_any_project(
                self.document or _DOCUMENT, tables=source, migrations=config, unasked=self.document is None
            ),
            postgres_bindir=self.pg_bindir,
            databases=("postgresql", "sqlite") if self.sqlite else (environment.dialect,),
        )

    def _baseline(self) -> Baseline | None:
        if not self.from_revision and not self.from_schema:
            return None
        if not self.from_revision or not self.from_schema:
            raise SchemaToolsError("--from and --from-schema belong together: a revision, and the schema at it")
        return Baseline(revision=self.from_revision, schema=self.from_schema)

    def _environment(self, project: SchemaProject) -> Environment:
        """What `env.py` says, or what is usual where it cannot be run and the tables are named."""
        config, script = alembic_config(project), script_directory(project)
        try:
            return survey(config, script)
        except SchemaToolsError as error:
            if not self.metadata:
                raise
            say_error(f"{error}; compared is what --metadata names, without the options of env.py")
            return Environment()

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
        say_error=say_error,
    )
    commands = application(context)
    commands.command()(adopt)
    command = typer.main.get_command(commands)
    for subcommand in getattr(command, "commands", {}).values():
        subcommand.params += _parameters(options)
    sys.path.insert(0, "")
    try:
        command(prog_name=_program())
    except Exception as error:
        if sys.flags.dev_mode:
            raise
        context.say_error(defect(error))
        sys.exit(2)


def _program() -> str:
    """The command as it was called, for messages that name another one to run."""
    installed = Path(sys.argv[0]).stem
    return installed if installed == _PROGRAM else "python -m schema_tools"


def say_error(sentence: str) -> None:
    """Write one sentence on standard error."""
    typer.echo(f"schema_tools: {sentence}", err=True)


def _configuration() -> Path:
    """The configuration that Alembic would read in this directory."""
    toml = Path("pyproject.toml")
    usual, of_flask = Path("alembic.ini"), Path("migrations/alembic.ini")
    if usual.is_file():
        return usual
    if alembic_in_toml(toml):
        return toml
    return of_flask if of_flask.is_file() else usual


def _tables(mapping: MetaData | registry) -> MetaData:
    return mapping if isinstance(mapping, MetaData) else mapping.metadata


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
    module, _, name = place.partition(":")
    advice = "connect in a function, and not when the module is imported"
    try:
        with quiet(), only(None, advice=advice):
            found = attrgetter(name or "metadata")(import_module(module))
    except SchemaToolsError:
        raise
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
