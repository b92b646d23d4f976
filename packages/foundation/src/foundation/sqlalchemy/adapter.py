"""What the relational storage needs to know of an entity."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, Generic, TypeVar

from sqlalchemy import Column, ColumnElement, MetaData, Table, inspect
from sqlalchemy.orm import configure_mappers, registry

from foundation.kernel.constraints import Reference, Unique
from foundation.kernel.errors import NotFound
from foundation.sqlalchemy.constraints import Constraint, constraint_columns
from foundation.sqlalchemy.tenancy import TENANT_ID, check_tenancy, is_per_tenant

Entity = TypeVar("Entity")
Id = TypeVar("Id")
View = TypeVar("View")


@dataclass(frozen=True, eq=False, kw_only=True)
class SqlAlchemyAdapter(Generic[Entity, Id, View]):
    """An entity, for the relational storage.

    The columns of `table` are mapped onto the attributes of the same names. `version` is the column by which lost
    updates are found: an UPDATE or DELETE names the version that was read, and meets no row when another writer came
    first. The entity sets the new one.

    `view` is the named tuple that readers see; its fields have the names of columns. `new` makes an entity from what a
    loader reads, created `at` a time; what it sets beside the fields it is given must not depend on them.

    `unique` and `references` have the errors of unique constraints and of foreign keys, by the names of these.
    `conditions` has those of the filter that `foundation.kernel.conditions.comparison` cannot derive: each is an
    expression with a `bindparam` of the condition's name.

    A change of attributes that are all `unaudited` is not in the audit trail.
    """

    entity: type[Entity]
    table: Table
    version: Column[Any]
    view: type[View]
    new: Callable[..., Entity]
    not_found: Callable[[Id], NotFound]
    unique: Mapping[str, Unique] = field(default_factory=dict)
    references: Mapping[str, Reference] = field(default_factory=dict)
    conditions: Mapping[str, ColumnElement[bool]] = field(default_factory=dict)
    unaudited: frozenset[str] = frozenset()

    @cached_property
    def constraints(self) -> Mapping[str, Constraint]:
        """The constraints whose violations have errors, by name."""
        errors: dict[str, Unique | Reference] = {**self.unique, **self.references}
        return {name: Constraint(constraint_columns(self.table, name), one) for name, one in errors.items()}

    @cached_property
    def unique_constraints(self) -> tuple[tuple[Unique, tuple[Column[Any], ...]], ...]:
        """The errors of the unique constraints, with the columns of these, the tenant left out."""
        named = {name: self.constraints[name].attributes for name in self.unique}
        return tuple((errors, tuple(self.table.c[one] for one in named[name])) for name, errors in self.unique.items())


@cache
def _registry(metadata: MetaData) -> registry:
    return registry(metadata=metadata)


def map_entities(metadata: MetaData, adapters: Iterable[SqlAlchemyAdapter[Any, Any, Any]]) -> registry:
    """Map the entities onto their tables, each once per process, and return the registry that knows them.

    Raises:
        StorageMisconfigured: see `foundation.sqlalchemy.tenancy.check_tenancy`.
    """
    mappings = _registry(metadata)
    for adapter in adapters:
        check_tenancy(adapter.table)
        if inspect(adapter.entity, raiseerr=False) is None:
            mappings.map_imperatively(
                adapter.entity,
                adapter.table,
                version_id_col=adapter.version,
                version_id_generator=False,
                exclude_properties={TENANT_ID} if is_per_tenant(adapter.table) else None,
            )
    configure_mappers()
    return mappings
