"""The statements that store entities, derived from their mapping."""

from functools import cache
from typing import Any, Final, Generic

from sqlalchemy import ARRAY, ColumnElement, Select, Table, any_, bindparam, delete, insert, or_, select, update
from sqlalchemy.orm import Mapper, class_mapper
from sqlalchemy.orm.attributes import instance_dict

from foundation.sqlalchemy.adapter import Entity, SqlAlchemyAdapter
from foundation.sqlalchemy.restrictions import fixed, restricted
from foundation.sqlalchemy.tenancy import of_tenant

# Parameters beside those that are named as the attributes.
KEY: Final = "_key"
VERSION: Final = "_version"


class MappedStatements(Generic[Entity]):
    """The statements that store the entities of a class, from its imperative mapping.

    The mapping must be a plain one: each attribute is a column of one table, the database assigns a key of one column,
    and there is a version column.

    Raises:
        TypeError: the mapping is not so plain.
    """

    def __init__(self, mapper: Mapper[Entity]) -> None:
        table, version = mapper.local_table, mapper.version_id_col
        plain = len(mapper.attrs) == len(mapper.column_attrs) and not mapper.inherits and len(mapper.primary_key) == 1
        if not isinstance(table, Table) or not plain or version is None or mapper.class_manager.dispatch.load:
            raise TypeError(f"the mapping of {mapper.class_.__name__} is more than a row: it needs its own repository")
        [key] = mapper.primary_key
        columns = {attribute.key: attribute.columns[0] for attribute in mapper.column_attrs}
        written = {name: bindparam(name, type_=column.type) for name, column in columns.items() if column is not key}
        this = key == bindparam(KEY, type_=key.type)
        as_it_was = version == bindparam(VERSION, type_=version.type)
        self.key = mapper.get_property_by_column(key).key
        self.names = tuple(columns)
        self.written = tuple(written)
        self.version_at = self.written.index(mapper.get_property_by_column(version).key)
        self._new = mapper.class_manager.new_instance
        added, own = {**written, **fixed(table, of_tenant(table))}, tuple(restricted(table, of_tenant(table)))
        self.insert = insert(table).values(added).returning(key)
        one = select(*columns.values()).where(this).with_for_update()
        self.select = cache(lambda within: one.where(*restricted(table, within)))
        self.update = update(table).values(written).where(this, as_it_was, *own)
        self.delete = delete(table).where(this, as_it_was, *own)

    def restored(self, row: tuple[Any, ...]) -> Entity:
        """The entity of a row that `select` found; its `__init__` does not run."""
        entity: Entity = self._new()
        instance_dict(entity).update(zip(self.names, row, strict=True))
        return entity


@cache
def mapped_statements(entity: type[Entity]) -> MappedStatements[Entity]:
    """The statements for entities of this class, which must be mapped by then."""
    return MappedStatements(class_mapper(entity))


@cache
def unique_values(adapter: SqlAlchemyAdapter[Any, Any, Any], dialect: str) -> Select[Any]:
    """The unique values of entities that have one of those given: a list for each column, as a parameter of its name.

    Entities that have only some values of a constraint with several columns are among them.
    """
    columns = {column.key: column for _, found in adapter.unique_constraints for column in found}
    first = [found[0] for _, found in adapter.unique_constraints]
    own = restricted(adapter.table, of_tenant(adapter.table))
    return select(*columns.values()).where(or_(*(_among(column, dialect) for column in first)), *own)


def _among(column: ColumnElement[Any], dialect: str) -> ColumnElement[bool]:
    name = str(column.key)
    if dialect == "postgresql":  # one prepared statement for lists of any length
        return column == any_(bindparam(name, type_=ARRAY(column.type)))
    return column.in_(bindparam(name, expanding=True))
