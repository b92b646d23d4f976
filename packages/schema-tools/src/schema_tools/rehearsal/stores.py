"""The database as the judge of rows: what it has, what it would accept, and inserting rows."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from schema_tools.migrations.log import TABLE
from schema_tools.rehearsal.postgres_shapes import read_postgres_shapes
from schema_tools.rehearsal.shapes import ColumnShape, TableShape, quoted
from schema_tools.rehearsal.sqlite_shapes import read_sqlite_shapes

Value: TypeAlias = str | None
"""A value as text, which the database converts to the column's type."""

ChosenRow: TypeAlias = dict[str, Value]
"""The values of a row, by column."""

# The tables that migrations keep; not part of the schema.
BOOKKEEPING: Final = ["alembic_version", TABLE]

# The place of a row among those that are sent, from one; hardly a table has such a column.
_PLACE: Final = '"#"'


def read_shapes(connection: Connection) -> dict[str, TableShape]:
    """Every table that can be filled, by name."""
    read = read_sqlite_shapes if connection.dialect.name == "sqlite" else read_postgres_shapes
    return {table.name: table for table in read(connection, BOOKKEEPING)}


def count_rows(connection: Connection, tables: Sequence[TableShape]) -> dict[str, int]:
    """How many rows each table has."""
    if not tables:
        return {}
    counts = ", ".join(f"(SELECT count(*) FROM {table.sql})" for table in tables)  # noqa: S608 -- the catalog's names
    found = execute(connection, f"SELECT {counts}").one()
    return {table.name: count for table, count in zip(tables, found, strict=True)}


def execute(connection: Connection, statement: str, values: Sequence[Any] = ()) -> Any:
    """Execute a statement in which each NUL stands for a value; a percent sign in a condition or a name is no value."""
    if connection.dialect.paramstyle == "qmark":
        return connection.exec_driver_sql(statement.replace("\x00", "?"), tuple(values))
    return connection.exec_driver_sql(statement.replace("%", "%%").replace("\x00", "%s"), tuple(values))


def said(error: DBAPIError) -> str:
    """Why a row was refused: the name of the constraint where there is one, and the database's own sentence."""
    diagnostics = getattr(error.orig, "diag", None)
    constraint = getattr(diagnostics, "constraint_name", None)
    sentence = getattr(diagnostics, "message_primary", None) or str(error.orig)
    return f"{sentence}" if constraint is None or constraint in sentence else f"{constraint}: {sentence}"


@dataclass(frozen=True)
class Store:
    """The rows of a database, on a connection in a transaction. Every method but `judged` may raise `DBAPIError`.

    Values are sent as text, in one document of JSON for any number of rows. On SQLite, a value without a cast stays
    text, to which the column gives its affinity.
    """

    connection: Connection

    @property
    def _on_sqlite(self) -> bool:
        return self.connection.dialect.name == "sqlite"

    def keys(self, table: TableShape, columns: Sequence[str], limit: int) -> list[tuple[Value, ...]]:
        """The values that rows of the table have in the columns, each once, without those that have a NULL."""
        texts = ", ".join(f"CAST({quoted(name)} AS text)" for name in columns)
        present = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in columns)
        statement = f"SELECT DISTINCT {texts} FROM {table.sql} WHERE {present} ORDER BY 1 LIMIT {limit}"  # noqa: S608
        return [tuple(row) for row in execute(self.connection, statement)]

    def judged(
        self, columns: Sequence[ColumnShape], rows: Sequence[ChosenRow], conditions: Iterable[str]
    ) -> set[int] | None:
        """The positions of the rows whose values convert to the columns' types and for which no condition is false.

        None when the database raises an error, as PostgreSQL does for a value that does not convert.
        """
        names = [f"{self._value(at, column, bare=True)} AS {quoted(column.name)}" for at, column in enumerate(columns)]
        none_false = " AND ".join(f"(({condition}) IS NOT FALSE)" for condition in conditions) or "TRUE"
        statement = (
            # A value of the wrong type is to be noticed, conditions or not.
            f"WITH typed AS MATERIALIZED (SELECT {_PLACE}, {', '.join(names)} FROM {self._sent()}) "  # noqa: S608
            f"SELECT {_PLACE} FROM typed WHERE {none_false}"
        )
        try:
            with self.connection.begin_nested():
                found = execute(self.connection, statement, _document(columns, rows)).scalars().all()
        except DBAPIError:
            return None
        return {place - 1 for place in found}

    def insert(self, table: TableShape, rows: Sequence[ChosenRow]) -> int:
        """Insert rows that have the same columns, except those that a unique key or an exclusion refuses.

        Returns how many were inserted.
        """
        columns = [table.column(name) for name in rows[0]]
        if not columns:
            return sum(execute(self.connection, f"INSERT INTO {table.sql} DEFAULT VALUES").rowcount for _ in rows)
        # https://www.sqlite.org/lang_upsert.html: what is left out is what a unique key refuses, nothing else.
        statement = f"{self._insertion(table, columns)} WHERE TRUE ON CONFLICT DO NOTHING"
        return int(execute(self.connection, statement, _document(columns, rows)).rowcount)

    def insert_together(self, rows: Sequence[tuple[TableShape, ChosenRow]]) -> None:
        """Insert rows that refer to each other, each into its table.

        PostgreSQL checks references at the end of a statement, so it is one; SQLite does not enforce them on the
        connections of migrations.
        """
        if self._on_sqlite:
            for table, row in rows:
                self.insert(table, [row])
            return
        parts: list[str] = []
        documents: list[str] = []
        for at, (table, row) in enumerate(rows):
            columns = [table.column(name) for name in row]
            parts.append(f"i{at} AS ({self._insertion(table, columns)})")
            documents += _document(columns, [row])
        execute(self.connection, "SET CONSTRAINTS ALL DEFERRED")
        execute(self.connection, f"WITH {', '.join(parts)} SELECT 1", documents)
        execute(self.connection, "SET CONSTRAINTS ALL IMMEDIATE")
        for table, row in rows:
            for name in row:
                if table.column(name).source == "counter":
                    # The counter goes on behind what was written.
                    counter = "pg_get_serial_sequence(\x00, \x00)"
                    statement = f"SELECT setval({counter}, max({quoted(name)})) FROM {table.sql}"  # noqa: S608
                    execute(self.connection, statement, [table.sql, name])

    def _sent(self) -> str:
        """The rows that are sent: each an array of values, with its place."""
        if self._on_sqlite:
            return f"(SELECT value, key + 1 AS {_PLACE} FROM json_each(\x00))"  # noqa: S608 -- a name of its own
        return f"json_array_elements(\x00::json) WITH ORDINALITY AS sent(value, {_PLACE})"

    def _value(self, at: int, column: ColumnShape, *, bare: bool = False) -> str:
        """A value of a row that is sent, in the type of its column; a domain counts as its type when `bare`."""
        text = f"json_extract(value, '$[{at}]')" if self._on_sqlite else f"value ->> {at}"
        name = column.type.bare if bare and column.type.bare else column.type.name
        return f"CAST({text} AS {name})" if name else text

    def _insertion(self, table: TableShape, columns: Sequence[ColumnShape]) -> str:
        names = ", ".join(quoted(column.name) for column in columns)
        values = ", ".join(self._value(at, column) for at, column in enumerate(columns))
        # What lets a writer give the value of an identity.
        counted = any(column.source == "counter" for column in columns) and not self._on_sqlite
        overriding = " OVERRIDING SYSTEM VALUE" if counted else ""
        return f"INSERT INTO {table.sql} ({names}){overriding} SELECT {values} FROM {self._sent()}"  # noqa: S608


def _document(columns: Sequence[ColumnShape], rows: Sequence[ChosenRow]) -> list[str]:
    return [json.dumps([[row[column.name] for column in columns] for row in rows])]
