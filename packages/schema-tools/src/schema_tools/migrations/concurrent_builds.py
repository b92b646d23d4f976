"""Concurrent index builds in a migration: their timeouts, and the remains of a build that failed.

A failed build leaves an INVALID index: writes maintain it, no query uses it, and `IF NOT EXISTS` accepts it.
https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
"""

import re
import string
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, event
from sqlalchemy.engine import ExceptionContext

from schema_tools.errors import SchemaToolsError

_KEY: Final = "schema_tools.building"
_FOLDED: Final = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_CONCURRENT: Final = re.compile(r"\bCONCURRENTLY\b", re.IGNORECASE)
_NAME: Final = r'(?:"(?:[^"]|"")+"|\w+)'
_BUILD: Final = re.compile(
    rf"\s*CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?(?P<index>{_NAME})"
    rf"\s+ON\s+(?P<table>{_NAME}(?:\s*\.\s*{_NAME})?)",
    re.IGNORECASE,
)

# The index of another role's build may not be visible.
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
    """Prepare `connection` for statements with CONCURRENTLY outside transactions.

    They have timeouts of their own, whatever the revision set. Before an index is built, an INVALID one of its name on
    its table is dropped.

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
                connection.info[_KEY] = folded(build["index"])
                _drop_invalid(cursor, build["table"], folded(build["index"]))

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
    # Only an engine reports errors; this one has no other connection that runs anything concurrently.
    event.listen(connection.engine, "handle_error", failed)


def index_left(info: Mapping[Any, Any]) -> str | None:
    """The index that a failed concurrent build on the connection of this `info` may have left, INVALID."""
    found: str | None = info.get(_KEY)
    return found


def folded(name: str) -> str:
    """An identifier of SQL as the catalog has it: without quotation marks, only the letters of ASCII are folded."""
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.translate(_FOLDED)


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
