"""The database as the judge of rows: what it has, what it would accept, and inserting rows."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, TypeAlias

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

# The place of a row among those that are sent, from one; no table has such a column.
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
class _Rows(ABC):
    connection: Connection
    text_cast: ClassVar[str] = ""

    def keys(self, table: TableShape, columns: Sequence[str], limit: int) -> list[tuple[Value, ...]]:
        """The values that rows of the table have in the columns, each once, without those that have a NULL."""
        texts = ", ".join(f"{quoted(name)}{self.text_cast}" for name in columns)
        present = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in columns)
        statement = f"SELECT DISTINCT {texts} FROM {table.sql} WHERE {present} ORDER BY 1 LIMIT {limit}"  # noqa: S608
        return [tuple(row) for row in self._execute(statement)]

    def judged(
        self, columns: Sequence[ColumnShape], rows: Sequence[ChosenRow], conditions: Iterable[str]
    ) -> set[int] | None:
        """The positions of the rows whose values convert to the columns' types and for which no condition is false.

        None when the database raises an error, as it does for a value that does not convert.
        """
        none_false = " AND ".join(f"(({condition}) IS NOT FALSE)" for condition in conditions) or "TRUE"
        try:
            with self.connection.begin_nested():
                return self._judged(columns, rows, none_false)
        except DBAPIError:
            return None

    @abstractmethod
    def _judged(self, columns: Sequence[ColumnShape], rows: Sequence[ChosenRow], condition: str) -> set[int]: ...

    def _execute(self, statement: str, values: Sequence[Any] = ()) -> Any:
        return execute(self.connection, statement, values)


class PostgresStore(_Rows):
    """The rows of a PostgreSQL database, on a connection in a transaction. Every method may raise `DBAPIError`.

    Values are sent as arrays of text, in one statement for any number of rows.
    """

    text_cast = "::text"

    def _judged(self, columns: Sequence[ColumnShape], rows: Sequence[ChosenRow], condition: str) -> set[int]:
        typed = ", ".join(
            f"CAST(v{at} AS {column.type.bare or column.type.name}) AS {quoted(column.name)}"
            for at, column in enumerate(columns)
        )
        # OFFSET keeps the casts where they are: a value of the wrong type is to be noticed, conditions or not.
        source = f"SELECT {_PLACE}, {typed} FROM {_unnested(columns)} OFFSET 0"  # noqa: S608 -- names of the catalog
        statement = f"SELECT {_PLACE} - 1 FROM ({source}) AS rows WHERE {condition}"  # noqa: S608
        return set(self._execute(statement, _by_column(columns, rows)).scalars())

    def insert(self, table: TableShape, rows: Sequence[ChosenRow]) -> int:
        """Insert rows that have the same columns, except those that a unique key or an exclusion refuses.

        Returns how many were inserted.
        """
        columns = [table.column(name) for name in rows[0]]
        if not columns:
            self._execute(f"INSERT INTO {table.sql} SELECT FROM generate_series(1, \x00)", [len(rows)])
            return len(rows)
        typed = ", ".join(f"CAST(v{at} AS {column.type.name})" for at, column in enumerate(columns))
        source = f"SELECT {typed} FROM {_unnested(columns)}"  # noqa: S608 -- names of the catalog
        statement = f"{_insert_into(table, columns)}{_counted(columns)} {source} ON CONFLICT DO NOTHING"
        return int(self._execute(statement, _by_column(columns, rows)).rowcount)

    def insert_together(self, rows: Sequence[tuple[TableShape, ChosenRow]]) -> None:
        """Insert rows that refer to each other, each into its table.

        References are checked at the end of a statement, so it is one.
        """
        parts: list[str] = []
        values: list[Value] = []
        for at, (table, row) in enumerate(rows):
            columns = [table.column(name) for name in row]
            typed = ", ".join(f"CAST(\x00 AS {column.type.name})" for column in columns)
            parts.append(f"i{at} AS ({_insert_into(table, columns)}{_counted(columns)} VALUES ({typed}))")
            values += row.values()
        self._execute("SET CONSTRAINTS ALL DEFERRED")
        self._execute(f"WITH {', '.join(parts)} SELECT 1", values)
        self._execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table, row in rows:
            for name in row:
                if table.column(name).source == "counter":
                    # The counter goes on behind what was written.
                    counter = "pg_get_serial_sequence(\x00, \x00)"
                    statement = f"SELECT setval({counter}, max({quoted(name)})) FROM {table.sql}"  # noqa: S608
                    self._execute(statement, [table.sql, name])


class SqliteStore(_Rows):
    """As `PostgresStore`. A value without a cast stays text, to which the column gives its affinity."""

    def _judged(self, columns: Sequence[ColumnShape], rows: Sequence[ChosenRow], condition: str) -> set[int]:
        typed = ", ".join(f"{_cast(column)} AS {quoted(column.name)}" for column in columns)
        statement = f"SELECT count(*) FROM (SELECT {typed}) WHERE {condition}"  # noqa: S608
        sent = enumerate(zip(*_by_column(columns, rows), strict=True))
        return {at for at, row in sent if self._execute(statement, row).scalar_one()}

    def insert(self, table: TableShape, rows: Sequence[ChosenRow]) -> int:
        """See `PostgresStore`."""
        columns = [table.column(name) for name in rows[0]]
        before = count_rows(self.connection, [table])[table.name]
        values = f"VALUES ({', '.join(map(_cast, columns))})" if columns else "DEFAULT VALUES"
        # https://www.sqlite.org/lang_upsert.html: what is left out is what a unique key refuses, nothing else.
        quietly = " ON CONFLICT DO NOTHING" if columns else ""
        for row in rows:
            self._execute(f"{_insert_into(table, columns)} {values}{quietly}", list(row.values()))
        return count_rows(self.connection, [table])[table.name] - before

    def insert_together(self, rows: Sequence[tuple[TableShape, ChosenRow]]) -> None:
        """See `PostgresStore`. References are not enforced on the connections of migrations."""
        for table, row in rows:
            self.insert(table, [row])


Store: TypeAlias = PostgresStore | SqliteStore


def store_of(connection: Connection) -> Store:
    """The store behind a connection, which is in a transaction."""
    return SqliteStore(connection) if connection.dialect.name == "sqlite" else PostgresStore(connection)


def _insert_into(table: TableShape, columns: Sequence[ColumnShape]) -> str:
    names = ", ".join(quoted(column.name) for column in columns)
    return f"INSERT INTO {table.sql} ({names})" if columns else f"INSERT INTO {table.sql}"


def _counted(columns: Sequence[ColumnShape]) -> str:
    """What lets a writer give the value of an identity, where one does."""
    return " OVERRIDING SYSTEM VALUE" if any(column.source == "counter" for column in columns) else ""


def _unnested(columns: Sequence[ColumnShape]) -> str:
    """The rows that are sent, with the columns v0, v1 and so on, and their places."""
    arrays = ", ".join(["\x00::text[]"] * len(columns))
    names = ", ".join(f"v{at}" for at in range(len(columns)))
    return f"unnest({arrays}) WITH ORDINALITY AS sent({names}, {_PLACE})"


def _by_column(columns: Sequence[ColumnShape], rows: Sequence[ChosenRow]) -> list[list[Value]]:
    return [[row[column.name] for row in rows] for column in columns]


def _cast(column: ColumnShape) -> str:
    return f"CAST(\x00 AS {column.type.name})" if column.type.name else "\x00"
