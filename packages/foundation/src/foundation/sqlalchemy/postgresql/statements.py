"""Statements of SQLAlchemy, compiled once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from typing import Any, Final

from sqlalchemy import ClauseElement, Float
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from foundation.sqlalchemy.parameters import Convert, Parameter, parameters_of, values_of
from foundation.sqlalchemy.types import UtcDateTime, ValueObjectType

# libpq wants $1 where psycopg's cursors take %s.
_DIALECT: Final = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]  # of SQLAlchemy
# The types that PostgreSQL reports of numbers with a point (https://www.postgresql.org/docs/current/catalog-pg-type.html,
# pg_type.dat), which SQLAlchemy asks for; of all others it does not.
_FLOAT8: Final = 701
_NUMERIC: Final = 1700


@dataclass(frozen=True, slots=True, eq=False)
class PipelineStatement:
    """A statement as a pipeline sends it.

    `name` is the name it is prepared under on every connection. `results` convert the values of a row, where any needs
    it. Through a pooler it is prepared only if it is `preparable`. A `setting` is one of the connection's own, whose
    result nothing reads.
    """

    name: bytes
    sql: bytes
    parameters: tuple[Parameter, ...]
    results: tuple[Convert | None, ...] | None
    preparable: bool = True
    setting: bool = False

    def values(self, given: Mapping[str, Any]) -> list[Any]:
        """The values to send, in their order.

        Raises:
            KeyError: a parameter without a value of its own is not among those `given`.
        """
        return values_of(self.parameters, given)

    def row(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """The values of a row as the types of its columns have them."""
        if self.results is None:
            return values
        return tuple(
            value if convert is None else convert(value) for value, convert in zip(values, self.results, strict=True)
        )


@cache
def pipelined(statement: ClauseElement) -> PipelineStatement:
    """The statement, compiled.

    It is kept for the life of the process, and prepared under one name for that of each connection: it must be one
    that is made once, with a parameter in every place where calls differ.
    """
    compiled = statement.compile(dialect=_DIALECT)
    if not isinstance(compiled, SQLCompiler):
        raise TypeError("only statements that read or change rows can be prepared")
    converted = [_from_database(column.type) for column in getattr(statement, "exported_columns", ())]
    return PipelineStatement(
        name=_name_of(compiled.string),
        sql=compiled.string.encode(),
        parameters=parameters_of(compiled, _DIALECT),
        results=tuple(converted) if any(converted) else None,
    )


def _name_of(sql: str) -> bytes:
    """The same in every process: a pooler may lend a connection on which another one has prepared its statements."""
    return blake2b(sql.encode(), digest_size=16).hexdigest().encode()


def to_database(kind: TypeEngine[Any]) -> Convert | None:
    """What converts a value of this type for the driver; None when the driver takes it as it is."""
    return kind.dialect_impl(_DIALECT).bind_processor(_DIALECT)


def _from_database(kind: TypeEngine[Any]) -> Convert | None:
    if isinstance(kind, UtcDateTime):  # the time zone of a pipelined connection is UTC
        return None
    stored = kind.stored if isinstance(kind, ValueObjectType) else kind
    oid = _FLOAT8 if isinstance(stored, Float) else _NUMERIC
    return kind.dialect_impl(_DIALECT).result_processor(_DIALECT, oid)
