"""Statements of SQLAlchemy, compiled once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from typing import Any, Final, TypeAlias

from sqlalchemy import ClauseElement, Float
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from foundation.sqlalchemy.types import UtcDateTime, ValueObjectType

_Convert: TypeAlias = Callable[[Any], Any]

# libpq wants $1 where psycopg's cursors take %s.
_DIALECT: Final = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]  # of SQLAlchemy
_REQUIRED: Final = object()
# The types that PostgreSQL reports of numbers with a point (https://www.postgresql.org/docs/current/catalog-pg-type.html,
# pg_type.dat), which SQLAlchemy asks for; of all others it does not.
_FLOAT8: Final = 701
_NUMERIC: Final = 1700


@dataclass(frozen=True, slots=True)
class _Parameter:
    name: str
    default: Any
    convert: _Convert | None


@dataclass(frozen=True, slots=True, eq=False)
class PipelineStatement:
    """A statement as a pipeline sends it.

    `name` is the name it is prepared under on every connection. `results` convert the values of a row, where any needs
    it. Through a pooler it is prepared only if it is `preparable`. A `setting` is one of the connection's own, whose
    result nothing reads.
    """

    name: bytes
    sql: bytes
    parameters: tuple[_Parameter, ...]
    results: tuple[_Convert | None, ...] | None
    preparable: bool = True
    setting: bool = False

    def values(self, given: Mapping[str, Any]) -> list[Any]:
        """The values to send, in their order.

        Raises:
            KeyError: a parameter without a value of its own is not among those `given`.
        """
        values = []
        for parameter in self.parameters:
            default = parameter.default
            value = given[parameter.name] if default is _REQUIRED else given.get(parameter.name, default)
            values.append(value if parameter.convert is None else parameter.convert(value))
        return values

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
        parameters=tuple(_parameter(compiled, name) for name in compiled.positiontup or ()),
        results=tuple(converted) if any(converted) else None,
    )


def _name_of(sql: str) -> bytes:
    """The same in every process: a pooler may lend a connection on which another one has prepared its statements."""
    return blake2b(sql.encode(), digest_size=16).hexdigest().encode()


def _parameter(compiled: SQLCompiler, name: str) -> _Parameter:
    bind = compiled.binds[name]
    default = _REQUIRED if bind.required else bind.effective_value
    return _Parameter(bind.key, default, to_database(bind.type))


def to_database(kind: TypeEngine[Any]) -> _Convert | None:
    """What converts a value of this type for the driver; None when the driver takes it as it is."""
    return kind.dialect_impl(_DIALECT).bind_processor(_DIALECT)


def _from_database(kind: TypeEngine[Any]) -> _Convert | None:
    if isinstance(kind, UtcDateTime):  # the time zone of a pipelined connection is UTC
        return None
    stored = kind.stored if isinstance(kind, ValueObjectType) else kind
    oid = _FLOAT8 if isinstance(stored, Float) else _NUMERIC
    return kind.dialect_impl(_DIALECT).result_processor(_DIALECT, oid)
