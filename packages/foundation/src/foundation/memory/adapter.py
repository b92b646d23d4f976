"""What the in-memory storage needs to know of an entity."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from functools import cached_property
from types import NoneType, UnionType
from typing import Any, Generic, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from foundation.kernel.conditions import comparison
from foundation.kernel.constraints import Reference, Unique
from foundation.kernel.errors import NotFound
from foundation.kernel.value_object import ValueObject
from foundation.kernel.views import plain

Entity = TypeVar("Entity")
Id = TypeVar("Id")
View = TypeVar("View")

Condition: TypeAlias = Callable[[Any, Any], bool]
Values: TypeAlias = tuple[object, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class InMemoryAdapter(Generic[Entity, Id, View]):
    """An entity, for the in-memory storage.

    The storage keeps views: `view` makes one of an entity. An entity is restored from its view, since the attributes of
    both have the same names. `new` makes an entity from what a loader reads, created `at` a time.

    `unique` has the attributes whose values only one entity may have, separated by commas where several are unique
    together; `references` has, for each attribute that is the id of another entity, the name that one is registered
    under. Referred entities cannot be removed. `conditions` has those of the filter that
    `foundation.kernel.conditions.comparison` cannot derive: each compares a view and a plain value. A change of
    attributes that are all `unaudited` is not in the audit trail. `per_tenant` entities belong to the tenant that
    added them: see `foundation.kernel.access.tenancy`.
    """

    entity: type[Entity]
    view: Callable[[Entity], View]
    new: Callable[..., Entity]
    not_found: Callable[[Id], NotFound]
    unique: Mapping[str, Unique] = field(default_factory=dict)
    references: Mapping[str, tuple[str, Reference]] = field(default_factory=dict)
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    unaudited: frozenset[str] = frozenset()
    per_tenant: bool = False

    @cached_property
    def restorers(self) -> Mapping[str, Callable[[Any], Any]]:
        """For each attribute of the entity, how its value is made from the plain one."""
        hints = get_type_hints(self.entity)
        return {one.name: _restorer(hints[one.name]) for one in fields(self.entity)}  # type: ignore[arg-type]  # a dataclass

    def restored(self, view: View) -> Entity:
        """The entity that the view shows."""
        values = {name: restore(getattr(view, name)) for name, restore in self.restorers.items()}
        entity_id = values.pop("id")
        entity = self.entity(**values)
        entity.id = entity_id  # type: ignore[attr-defined]  # every entity has one
        return entity

    def admits(self, view: View, conditions: Mapping[str, Any]) -> bool:
        """Whether the view meets every condition."""
        return all(self._condition(name)(view, plain(value)) for name, value in conditions.items())

    def _condition(self, name: str) -> Condition:
        if name in self.conditions:
            return self.conditions[name]
        attribute, compare = comparison(name, self.restorers)
        return lambda view, value: (found := getattr(view, attribute)) is not None and bool(compare(found, value))


def attributes_of(key: str) -> tuple[str, ...]:
    """The attributes that a key of `InMemoryAdapter.unique` names."""
    return tuple(name.strip() for name in key.split(","))


def plain_values(entity: object, attributes: tuple[str, ...]) -> Values:
    """The plain values of some attributes of an entity or of a view."""
    return tuple(plain(getattr(entity, name)) for name in attributes)


def _restorer(hint: Any) -> Callable[[Any], Any]:
    union = get_origin(hint) in {Union, UnionType}
    kinds = [kind for kind in (get_args(hint) if union else (hint,)) if kind is not NoneType]
    if len(kinds) == 1 and isinstance(kinds[0], type):
        if issubclass(kinds[0], ValueObject):
            return _unless_none(kinds[0].trusted)
        if issubclass(kinds[0], Enum):
            return _unless_none(kinds[0])
    return lambda value: value


def _unless_none(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else make(value)
