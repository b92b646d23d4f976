"""The command that writes the SQL of the database roles: it connects to nothing."""

from typing import TYPE_CHECKING, Annotated

import typer

from schema_tools.cli.output import write
from schema_tools.errors import SchemaToolsError

if TYPE_CHECKING:
    from schema_tools.cli.context import CommandContext


def roles(
    ctx: typer.Context,
    *,
    migrator: Annotated[str, typer.Option(help="Owns the tables. Unset, DATABASE_migrator.")] = "",
    application: Annotated[str, typer.Option(help="Reads and writes rows. Unset, DATABASE_application.")] = "",
    reader: Annotated[str, typer.Option(help="Reads rows. Unset, DATABASE_reader.")] = "",
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Make the migrator the owner of what is there already.")
    ] = False,
) -> None:
    """Print the SQL that makes three roles, for migrations, the application and readers. It executes nothing.

    It has no passwords, and may be run again. DATABASE is the name of the database.
    """
    from schema_tools.database_urls import migration_url
    from schema_tools.roles.names import RoleNames
    from schema_tools.roles.script import roles_script

    context: CommandContext = ctx.obj
    url = migration_url(context.database_url())
    if url.get_backend_name() != "postgresql":
        raise SchemaToolsError("SQLite has no roles; name a PostgreSQL database")
    # libpq connects to the database that is called as the role where the URL names none.
    database = url.database or url.username
    if not database:
        raise SchemaToolsError("the URL names no database, so it cannot be said whose roles these are")
    names = RoleNames.of(database, migrator=migrator, application=application, reader=reader)
    write(roles_script(context.project().metadata, database, names, take_over=take_over))
