"""The parameters of statements that are compiled once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler

Convert: TypeAlias = Callable[[Any], Any]

_REQUIRED: Final = object()


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter: its name, its value where none is given, and what converts a value for the driver."""

    name: str
    default: Any
    convert: Convert | None


def parameters_of(compiled: SQLCompiler, dialect: Dialect) -> tuple[Parameter, ...]:
    """The parameters, in the order in which the driver takes their values."""
    return tuple(_parameter(compiled, dialect, name) for name in compiled.positiontup or ())


def values_of(parameters: Sequence[Parameter], given: Mapping[str, Any]) -> list[Any]:
    """The values to send.

    Raises:
        KeyError: a parameter without a value of its own is not among those `given`.
    """
    values = []
    for parameter in parameters:
        default = parameter.default
        value = given[parameter.name] if default is _REQUIRED else given.get(parameter.name, default)
        values.append(value if parameter.convert is None else parameter.convert(value))
    return values


def _parameter(compiled: SQLCompiler, dialect: Dialect, name: str) -> Parameter:
    bind = compiled.binds[name]
    default = _REQUIRED if bind.required else bind.effective_value
    return Parameter(bind.key, default, bind.type.dialect_impl(dialect).bind_processor(dialect))
