"""Restrictions to some rows, as conditions of statements."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import BindParameter, ColumnElement, FromClause, bindparam, type_coerce

from foundation.kernel.access.policy import Restriction
from foundation.kernel.views import plain
from foundation.sqlalchemy.types import stored_type

_PREFIX: Final = "within_"


def restricted(table: FromClause, names: Iterable[str]) -> Iterator[ColumnElement[bool]]:
    """The conditions of a restriction to rows with certain values in the columns `names`, which are parameters."""
    for name, parameter in fixed(table, names).items():
        yield type_coerce(table.c[name], parameter.type) == parameter


def fixed(table: FromClause, names: Iterable[str]) -> Mapping[str, BindParameter[Any]]:
    """Those parameters, by the names of the columns: the values of a row that is added within the restriction."""
    return {name: bindparam(f"{_PREFIX}{name}", type_=stored_type(table.c[name])) for name in names}


def restricting(within: Restriction) -> dict[str, Any]:
    """The values of those parameters. None equals nothing, as it does in the kernel."""
    return {f"{_PREFIX}{name}": plain(value) for name, value in within.items()}
