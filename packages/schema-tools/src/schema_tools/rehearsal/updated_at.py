"""Whether the database itself maintains `updated_at`, checked by changing a row with plain SQL."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, MetaData
from sqlalchemy.exc import DBAPIError

from schema_tools.findings import Finding, Group
from schema_tools.rehearsal.shapes import TableShape, quoted
from schema_tools.rehearsal.stores import execute, read_shapes

_COLUMN: Final = "updated_at"
# Pairs of rows that differ in a column; several, because a change may be refused.
_PAIRS: Final = """
SELECT a.{id}, b.{id}, CAST(a.{moment} AS text) FROM {table} AS a, {table} AS b
WHERE a.{id} <> b.{id} AND a.{moment} IS NOT NULL AND CAST(a.{name} AS text) {differs} CAST(b.{name} AS text) LIMIT 12
"""
_CHANGE: Final = "UPDATE {table} SET {name} = (SELECT {name} FROM {table} WHERE {id} = {given}) WHERE {id} = {given}"
_AT_MOMENT: Final = "SELECT count(*) FROM {table} WHERE CAST({moment} AS text) = \x00"


def stale_updated_at(connection: Connection, metadata: MetaData) -> Iterator[Finding]:
    """A finding for each table whose `updated_at` keeps its value when plain SQL changes a row.

    A table that declares `info={"append_only": "why"}` is left out. The rows must have been committed before, since
    the clock stands still within a transaction.

    Args:
        connection: A database at head with rows, in a transaction; its rows are restored.
        metadata: The mapping.
    """
    for table in read_shapes(connection).values():
        mapped = metadata.tables.get(table.name)
        append_only = mapped is not None and bool(mapped.info.get("append_only"))
        if append_only or _COLUMN not in {column.name for column in table.columns}:
            continue
        column, moved = _change_a_row(connection, table)
        if moved is False:
            yield Finding(
                rule="updated-at-not-kept",
                place=f"{table.name}.{_COLUMN}",
                message=f"{table.name}.{_COLUMN} stays as it is when {table.name}.{column} is changed by plain SQL",
                why="a query for recent changes, or a check for a concurrent change, misses the change",
                group=Group.OPINION,
                fix="a trigger that sets it BEFORE UPDATE, or"
                f' Table("{table.name}", ..., info={{"append_only": "why no row of it is ever changed"}})',
            )


def _change_a_row(connection: Connection, table: TableShape) -> tuple[str, bool | None]:
    """The column in which a row could be changed, and whether its time moved; None when no row could be changed."""
    # Columns without a constraint first.
    dependent = [*(one.columns for one in table.references), *(one.columns for one in table.checks), *table.keys]
    free = [column.name for column in table.columns if column.source != "database" and column.name != _COLUMN]
    for name in sorted(free, key=lambda name: any(name in columns for columns in dependent)):
        moved = _change(connection, table, name)
        if moved is not None:
            return name, moved
    return "", None


def _change(connection: Connection, table: TableShape, column: str) -> bool | None:
    """Set a column of one row to its value in another row, and roll that back.

    Returns whether the row's time moved; None when no change was accepted.
    """
    on_sqlite = connection.dialect.name == "sqlite"
    words = {
        "table": table.sql,
        "name": quoted(column),
        "moment": quoted(_COLUMN),
        "id": "rowid" if on_sqlite else "ctid",
        "differs": "IS NOT" if on_sqlite else "IS DISTINCT FROM",
        "given": "\x00" if on_sqlite else "\x00::tid",
    }
    for row, other, moment in execute(connection, _PAIRS.format(**words)).all():
        savepoint = connection.begin_nested()
        try:
            before = execute(connection, _AT_MOMENT.format(**words), [moment]).scalar_one()
            changed = execute(connection, _CHANGE.format(**words), [other, row]).rowcount
            # A trigger may work after the change as well, and a changed row has another ctid: so they are counted.
            after = execute(connection, _AT_MOMENT.format(**words), [moment]).scalar_one()
            if changed == 1:
                return bool(after < before)
        except DBAPIError:
            continue
        finally:
            savepoint.rollback()
    return None
