"""What an Alembic `env.py` does in a project that uses the schema tools."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

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
from schema_tools.migrations.log import TABLE, is_of_schema, take_over
from schema_tools.migrations.scripts import versions_of
from schema_tools.migrations.steps import Steps
from schema_tools.project import Environment

# The bare commands that run revisions; others, such as `stamp`, are how a changed history is repaired.
_VERSION_TABLE: Final = ("version_table", "version_table_schema")
_RUNNING: Final = frozenset({"upgrade", "downgrade"})


def run(
    metadata: MetaData | Sequence[MetaData],
    configured_url: Callable[[], str],
    *,
    log_table: str = TABLE,
    **options: Any,
) -> None:
    """Run what Alembic was asked for: called by `env.py`, once.

    The schema tools hand in a connection; the bare `alembic` command connects by itself, to `-x url=...` or else to
    the project's own database, under the same locks and timeouts.

    Args:
        metadata: The mapping.
        configured_url: Gives the URL of the project's database.
        log_table: The table in which is recorded what was done to a database.
        options: More for Alembic's `context.configure`, such as `include_object` or `version_table`.

    Raises:
        alembic.util.CommandError: The bare command was asked for a revision by autogeneration, which would
            compare with the developer's database, or the database cannot be reached.
    """
    how = _How(metadata, log_table, options)
    context.config.attributes["log_table"] = log_table
    if "connection" in context.config.attributes:
        _migrate(context.config.attributes["connection"], how)
        return
    if getattr(context.config.cmd_opts, "autogenerate", False):
        raise CommandError(
            "a revision is generated against a throwaway database at head, which the db migrate command makes"
        )
    try:
        _run_bare(how, migration_url(context.get_x_argument(as_dictionary=True).get("url") or configured_url()))
    except SchemaToolsError as error:
        # The one kind of error that the `alembic` command prints as a sentence.
        raise CommandError(str(error)) from error


@dataclass(frozen=True, slots=True)
class _How:
    """What `env.py` says beside the database."""

    metadata: MetaData | Sequence[MetaData]
    log_table: str
    options: Mapping[str, Any]

    def include_name(self, name: str | None, kind: str, parents: Any) -> bool:
        """For the bare command's own comparisons, which have no other way to know our table."""
        asked = self.options.get("include_name")
        return is_of_schema(name, kind, table=self.log_table) and (asked is None or asked(name, kind, parents))

    def environment(self) -> Environment:
        """The names of the tables that migrations keep."""
        names = {name: self.options[name] for name in _VERSION_TABLE if name in self.options}
        return Environment(log_table=self.log_table, **names)


def _run_bare(how: _How, url: URL) -> None:
    if context.is_offline_mode():
        offline = {"literal_binds": True, "transaction_per_migration": True}
        context.configure(url=url, target_metadata=how.metadata, **{**how.options, **offline})
        with context.begin_transaction():
            context.run_migrations()
        return
    versions = versions_of(context.script)
    runs = {command.__name__ for command in getattr(context.config.cmd_opts, "cmd", ()) if callable(command)} & _RUNNING
    if runs:
        refuse_changed_files(versions, unrecorded=True)
    with explained(url, versions), migration_connection(url) as connection:
        if runs:
            take_over(connection, how.log_table)
            refuse_changed_history(context.script, connection, how.environment())
            connection.rollback()
        _migrate(connection, how)


def _migrate(connection: Connection, how: _How) -> None:
    on_sqlite = connection.dialect.name == "sqlite"
    steps: Steps = context.config.attributes.get("steps") or Steps(versions_of(context.script), table=how.log_table)
    ours = {
        "transactional_ddl": True,
        # On PostgreSQL a revision is committed before the next begins, so that it holds its locks briefly and
        # one that works outside a transaction can do so. On SQLite the whole run is one transaction, because its
        # write lock is what keeps another migrator from starting at the same revision.
        "transaction_per_migration": not on_sqlite,
        "on_version_apply": steps.record,
        "include_name": how.include_name,
    }
    context.configure(connection=connection, target_metadata=how.metadata, **{**how.options, **ours})
    steps.follow(context.get_context())
    with context.begin_transaction():
        context.run_migrations()
        # A revision that is going to run may be what repairs them.
        if on_sqlite and PROBING not in context.config.attributes:
            refuse_dangling_references(connection)
