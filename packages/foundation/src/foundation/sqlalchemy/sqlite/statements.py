"""Statements of SQLAlchemy for SQLite, compiled once."""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from sqlalchemy import ClauseElement
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.sql.compiler import SQLCompiler

from foundation.sqlalchemy.parameters import Convert, Parameter, parameters_of, values_of
from foundation.sqlalchemy.transaction import Make, Row

_DIALECT: Final = SQLiteDialect_pysqlite(paramstyle="qmark")


@dataclass(frozen=True, slots=True, eq=False)
class SqliteStatement:
    """A statement as the driver takes it. `converted` has the places of a row whose values are converted, and how."""

    sql: str
    parameters: tuple[Parameter, ...]
    converted: tuple[tuple[int, Convert], ...]

    def values(self, given: Mapping[str, Any]) -> list[Any]:
        """The values to send, in their order.

        Raises:
            KeyError: a parameter without a value of its own is not among those `given`.
        """
        return values_of(self.parameters, given)

    def rows(self, connection: sqlite3.Connection, values: Sequence[Any], make: Make[Row]) -> list[Row]:
        """The rows that it returns, each made by `make` of its values."""
        rows: list[Any] = connection.execute(self.sql, values).fetchall()
        if rows and self.converted:
            columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
            for place, convert in self.converted:
                columns[place] = list(map(convert, columns[place]))
            rows = list(zip(*columns, strict=True))
        return list(map(make, rows))


@cache
def sqlite_statement(statement: ClauseElement) -> SqliteStatement | None:
    """The statement, compiled; None for one whose text depends on its values, such as a list of them.

    It is kept for the life of the process: it must be one that is made once, with a parameter in every place where
    calls differ.
    """
    compiled = statement.compile(dialect=_DIALECT)
    if not isinstance(compiled, SQLCompiler):
        raise TypeError("only statements that read or change rows are kept")
    if compiled.post_compile_params:
        return None
    processors = (
        column.type.dialect_impl(_DIALECT).result_processor(_DIALECT, None)
        for column in getattr(statement, "exported_columns", ())
    )
    return SqliteStatement(
        compiled.string,
        parameters_of(compiled, _DIALECT),
        tuple((place, each) for place, each in enumerate(processors) if each is not None),
    )


def fixed_statement(statement: ClauseElement) -> SqliteStatement:
    """As `sqlite_statement`, of a statement whose text is always the same.

    Raises:
        TypeError: it is not.
    """
    compiled = sqlite_statement(statement)
    if compiled is None:
        raise TypeError("the text of the statement depends on its values")
    return compiled
