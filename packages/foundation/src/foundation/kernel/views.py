"""Read models: named tuples of plain values, as readers see an entity."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Any, Final, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from foundation.kernel.value_object import ValueObject

ViewT = TypeVar("ViewT", bound=NamedTuple)

# How values that JSON has no type for are read back from their texts.
_READERS: Final[Mapping[type, Callable[[str], Any]]] = {
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    Decimal: Decimal,
    UUID: UUID,
}


def plain(value: Any) -> Any:
    """The value of a value object; any other value as it is."""
    return value.value if isinstance(value, ValueObject) else value


def view_of(view: type[ViewT], entity: object) -> ViewT:
    """The view of an entity: for each field the attribute of the same name, as a plain value."""
    return view._make([plain(getattr(entity, name)) for name in view._fields])


def write_views(views: Sequence[NamedTuple]) -> str:
    """The views as a text for `read_views`, with their fields by name."""
    return json.dumps([view._asdict() for view in views], default=text_of)


def text_of(value: object) -> str:
    """A value that JSON has no type for, as the text that it is read back from."""
    return value.isoformat() if isinstance(value, date) else str(value)


def read_views(view: type[ViewT], content: str) -> list[ViewT]:
    """The views that `write_views` wrote, also where an earlier or a later release wrote them.

    A field that was not there yet has its default, or None; one that is not there any more is left out. Version 0.1.0
    wrote the values alone, in the order of the fields.
    """
    rows = [row if isinstance(row, dict) else dict(zip(view._fields, row, strict=False)) for row in json.loads(content)]
    return [_restored(view, fields) for fields in rows]


def _restored(view: type[ViewT], fields: Mapping[str, Any]) -> ViewT:
    values = {**dict.fromkeys(view._fields), **view._field_defaults}
    for name, reader in _readers(view).items():
        value = fields.get(name, values[name])
        values[name] = value if reader is None or not isinstance(value, str) else reader(value)
    return view._make(values.values())


@cache
def _readers(view: type[NamedTuple]) -> dict[str, Callable[[str], Any] | None]:
    hints = get_type_hints(view)
    return {name: _reader(hints[name]) for name in view._fields}


def _reader(hint: Any) -> Callable[[str], Any] | None:
    kinds = get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
    return next((reader for kind, reader in _READERS.items() if kind in kinds), None)
