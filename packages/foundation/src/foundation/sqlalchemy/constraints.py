"""The constraints of the tables, by name, and the errors that their violations mean."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint, MetaData, PrimaryKeyConstraint, Table, UniqueConstraint

from foundation.kernel.constraints import Reference, Unique
from foundation.kernel.errors import IdTaken
from foundation.sqlalchemy.tenancy import TENANT_ID


class ForeignKeyViolated(Exception):
    """A statement violated a foreign key. SQLite does not report which; see `foundation.sqlalchemy.sqlite`."""

    def __init__(self, constraint: str) -> None:
        super().__init__(f"the foreign key {constraint} was violated")
        self.constraint = constraint


@dataclass(frozen=True, slots=True, eq=False)
class Constraint:
    """A constraint: its columns and the errors of its violation."""

    columns: tuple[Column[Any], ...]
    errors: Unique | Reference | type[IdTaken]

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes of the entity that it is about; the tenant is none."""
        return tuple(column.key for column in self.columns if column.key != TENANT_ID)

    @property
    def unique(self) -> bool:
        """Whether it is about a value that only one row may have."""
        return not isinstance(self.errors, Reference)

    def violated(self, entity: object = None, *, removing: bool = False) -> Exception:
        """The error of a statement that violates it: one that adds `entity`, one that removes a row, or another."""
        if isinstance(self.errors, type):
            return self.errors()
        if isinstance(self.errors, Reference) and removing:
            return self.errors.in_use()
        make = self.errors.taken if isinstance(self.errors, Unique) else self.errors.missing
        return make(*(getattr(entity, name) for name in self.attributes)) if entity is not None else make()


def constraint_columns(table: Table, name: str) -> tuple[Column[Any], ...]:
    """The columns of a constraint or of a unique index of the table.

    Raises:
        LookupError: the table has none of that name.
    """
    constraints = [one for one in table.constraints if isinstance(one, UniqueConstraint | ForeignKeyConstraint)]
    for one in (*constraints, *(index for index in table.indexes if index.unique)):
        if str(one.name) == name:
            return tuple(one.columns)
    raise LookupError(f"the table {table.name} has no constraint {name}")


def primary_keys(metadata: MetaData) -> Mapping[str, Constraint]:
    """The primary keys. A violation may pass: plain SQL chose an id that the sequence had still before it."""
    keys: Iterable[PrimaryKeyConstraint] = (table.primary_key for table in metadata.tables.values())
    return {str(key.name): Constraint(tuple(key.columns), IdTaken) for key in keys}
