"""Concurrent index builds in a migration: as patient as they need to be, and never on top of a failed one.

A concurrent build that fails leaves an index that is INVALID, which writes keep up and no query uses, and which
`IF NOT EXISTS` then takes for the index:
https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, event
from sqlalchemy.engine import ExceptionContext

from schema_tools.errors import SchemaToolsError

_KEY: Final = "schema_tools.building"
_CONCURRENT: Final = re.compile(r"\bCONCURRENTLY\b", re.IGNORECASE)
_NAME: Final = r'(?:"(?:[^"]|"")+"|\w+)'
_BUILD: Final = re.compile(
    rf"\s*CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?(?P<index>{_NAME})"
    rf"\s+ON\s+(?P<table>{_NAME}(?:\s*\.\s*{_NAME})?)",
    re.IGNORECASE,
)

# Of another role's build only that there is one may be seen.
_INVALID: Final = """
    SELECT format('%%I.%%I', pg_namespace.nspname, pg_class.relname), progress.pid
    FROM pg_index
    JOIN pg_class ON pg_class.oid = pg_index.indexrelid
    JOIN pg_namespace ON pg_namespace.oid = pg_class.relnamespace
    LEFT JOIN pg_stat_progress_create_index AS progress
      ON progress.datname = current_database() AND coalesce(progress.index_relid, pg_class.oid) = pg_class.oid
    WHERE pg_index.indrelid = to_regclass(%s) AND pg_class.relname = %s
      AND pg_class.relkind = 'i' AND NOT pg_index.indisvalid
"""


def mind_concurrent_builds(connection: Connection, *, ordinary: tuple[int, int], concurrent: tuple[int, int]) -> None:
    """From now on, see to what is run concurrently on `connection`, which is outside transactions.

    It has timeouts of its own, whatever the revision set, and before an index is built, one of its name on its table
    that is INVALID is dropped.

    Args:
        connection: To PostgreSQL.
        ordinary: The lock and statement timeouts of other statements, in milliseconds.
        concurrent: Those of concurrent ones; 0 for none.

    Raises:
        SchemaToolsError: While a statement is executed: another session is building that index.
    """

    def before(_connection: Connection, cursor: Any, statement: str, *_others: object) -> None:
        if _is_concurrent(cursor, statement):
            _set_timeouts(cursor, concurrent)
            build = _BUILD.match(statement)
            if build is not None:
                connection.info[_KEY] = _folded(build["index"])
                _drop_invalid(cursor, build["table"], _folded(build["index"]))

    def after(_connection: Connection, cursor: Any, statement: str, *_others: object) -> None:
        if _is_concurrent(cursor, statement):
            connection.info.pop(_KEY, None)
            _set_timeouts(cursor, ordinary)

    def failed(context: ExceptionContext) -> None:
        cursor: Any = context.execution_context.cursor if context.execution_context else None
        if cursor and context.statement and not context.is_disconnect and _is_concurrent(cursor, context.statement):
            _set_timeouts(cursor, ordinary)

    event.listen(connection, "before_cursor_execute", before)
    event.listen(connection, "after_cursor_execute", after)
    # Of errors only an engine hears; this one has no other connection that runs anything concurrently.
    event.listen(connection.engine, "handle_error", failed)


def index_left(info: Mapping[Any, Any]) -> str | None:
    """The index whose concurrent build failed on the connection of this `info`, and which may be there, INVALID."""
    found: str | None = info.get(_KEY)
    return found


def _is_concurrent(cursor: Any, statement: str) -> bool:
    return bool(cursor.connection.autocommit) and _CONCURRENT.search(statement) is not None


def _set_timeouts(cursor: Any, timeouts: tuple[int, int]) -> None:
    lock, statement = timeouts
    # On a cursor of its own: this one is the statement's.
    cursor.connection.execute(f"SET lock_timeout = {lock}")
    cursor.connection.execute(f"SET statement_timeout = {statement}")


def _drop_invalid(cursor: Any, table: str, index: str) -> None:
    for name, builder in cursor.connection.execute(_INVALID, (table, index)).fetchall():
        if builder is not None:
            raise SchemaToolsError(
                f"{name} is not valid, and process {builder} is building an index, which may be it; run this again when"
                " that has ended"
            )
        cursor.connection.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def _folded(name: str) -> str:
    """The name as the catalog has it."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
