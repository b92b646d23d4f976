"""What an Alembic `env.py` does in a project that uses the schema tools."""

from collections.abc import Callable
from typing import Final

from alembic import context
from alembic.util import CommandError
from sqlalchemy import URL, Connection, MetaData

from schema_tools.database_urls import migration_url
from schema_tools.errors import SchemaToolsError
from schema_tools.failures import explained
from schema_tools.migrations.connection import migration_connection, refuse_dangling_references
from schema_tools.migrations.environments import PROBING
from schema_tools.migrations.history import refuse_changed_history
from schema_tools.migrations.lock_file import refuse_changed_files
from schema_tools.migrations.log import is_of_schema
from schema_tools.migrations.scripts import versions_directory
from schema_tools.migrations.steps import Steps

# The bare commands that run revisions; others, such as `stamp`, are how a changed history is repaired.
_RUNNING: Final = frozenset({"upgrade", "downgrade"})


def run(metadata: MetaData, configured_url: Callable[[], str]) -> None:
    """Run what Alembic was asked for: called by `env.py`, once.

    The schema tools hand in a connection; the bare `alembic` command connects by itself, to `-x url=...` or else to
    the project's own database, under the same locks and timeouts.

    Args:
        metadata: The mapping.
        configured_url: Gives the URL of the project's database.

    Raises:
        alembic.util.CommandError: The bare command was asked for a revision by autogeneration, which would
            compare with the developer's database, or the database cannot be reached.
    """
    if "connection" in context.config.attributes:
        _migrate(context.config.attributes["connection"], metadata)
        return
    if getattr(context.config.cmd_opts, "autogenerate", False):
        raise CommandError(
            "a revision is generated against a throwaway database at head, which the db migrate command makes"
        )
    try:
        _run_bare(metadata, migration_url(context.get_x_argument(as_dictionary=True).get("url") or configured_url()))
    except SchemaToolsError as error:
        # The one kind of error that the `alembic` command prints as a sentence.
        raise CommandError(str(error)) from error


def _run_bare(metadata: MetaData, url: URL) -> None:
    if context.is_offline_mode():
        context.configure(url=url, target_metadata=metadata, literal_binds=True, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
        return
    versions = versions_directory(context.script)
    runs = {command.__name__ for command in getattr(context.config.cmd_opts, "cmd", ()) if callable(command)} & _RUNNING
    if runs:
        refuse_changed_files(versions, unrecorded=True)
    with explained(url, versions), migration_connection(url) as connection:
        if runs:
            refuse_changed_history(context.script, connection)
            connection.rollback()
        _migrate(connection, metadata)


def _migrate(connection: Connection, metadata: MetaData) -> None:
    on_sqlite = connection.dialect.name == "sqlite"
    steps: Steps = context.config.attributes.get("steps") or Steps(versions_directory(context.script))
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transactional_ddl=True,
        # On PostgreSQL a revision is committed before the next begins, so that it holds its locks briefly and
        # one that works outside a transaction can do so. On SQLite the whole run is one transaction, because its
        # write lock is what keeps another migrator from starting at the same revision.
        transaction_per_migration=not on_sqlite,
        on_version_apply=steps.record,
        # For the bare command's own comparisons, which have no other way to know it.
        include_name=is_of_schema,
    )
    steps.follow(context.get_context())
    with context.begin_transaction():
        context.run_migrations()
        # A revision that is going to run may be what repairs them.
        if on_sqlite and PROBING not in context.config.attributes:
            refuse_dangling_references(connection)
