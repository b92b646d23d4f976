"""The conditions of a filter, by the names of its fields."""

import operator
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from functools import cache
from typing import Any, Final

_SUFFIXES: Final[Mapping[str, Callable[[Any, Any], Any]]] = {"_after": operator.gt, "_before": operator.lt}


def given_conditions(where: Any) -> dict[str, Any]:
    """The fields of the filter, a dataclass, that are not None."""
    return {name: value for name in _names(where.__class__) if (value := getattr(where, name)) is not None}


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def comparison(condition: str, attributes: Collection[str]) -> tuple[str, Callable[[Any, Any], Any]]:
    """The attribute that a condition compares, and the operator.

    A condition that has the name of an attribute asks for the equal value. `created_after` and `created_before` compare
    with `created_at`, exclusively, and likewise for every attribute that ends in `_at`.

    Raises:
        TypeError: the name follows neither rule, so that the adapter must state the condition.
    """
    if condition in attributes:
        return condition, operator.eq
    for suffix, compare in _SUFFIXES.items():
        attribute = f"{condition.removesuffix(suffix)}_at"
        if condition.endswith(suffix) and attribute in attributes:
            return attribute, compare
    raise TypeError(f"the adapter must state the condition {condition!r}, which is named after no attribute")
