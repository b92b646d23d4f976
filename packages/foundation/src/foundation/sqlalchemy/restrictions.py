"""Restrictions to some rows, as conditions of statements."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, bindparam, type_coerce

from foundation.kernel.access.policy import Restriction
from foundation.kernel.views import plain
from foundation.sqlalchemy.types import stored_type

_PREFIX: Final = "within_"


def restricted(table: Table, names: Iterable[str]) -> Iterator[ColumnElement[bool]]:
    """The conditions of a restriction to rows with certain values in the columns `names`, which are parameters."""
    for name in names:
        kind = stored_type(table.c[name])
        yield type_coerce(table.c[name], kind) == bindparam(f"{_PREFIX}{name}", type_=kind)


def restricting(within: Restriction) -> dict[str, Any]:
    """The values of those parameters. None equals nothing, as it does in the kernel."""
    return {f"{_PREFIX}{name}": plain(value) for name, value in within.items()}
