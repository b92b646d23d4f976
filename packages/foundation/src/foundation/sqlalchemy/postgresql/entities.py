"""Entities, stored by statements that are derived from their mapping."""

from functools import cache
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import Table, bindparam, delete, insert, select, update
from sqlalchemy.orm import Mapper, class_mapper
from sqlalchemy.orm.attributes import instance_dict

from foundation.kernel.errors import WriteConflict
from foundation.sqlalchemy.postgresql.connection import Call
from foundation.sqlalchemy.postgresql.statements import pipelined
from foundation.sqlalchemy.postgresql.transaction import PipelineTransaction

Entity = TypeVar("Entity")

# Parameters beside those that are named as the attributes.
_KEY: Final = "_key"
_VERSION: Final = "_version"


class MappedStatements(Generic[Entity]):
    """The statements that store the entities of a class, from its imperative mapping.

    The mapping must be a plain one: each attribute is a column of one table, the database assigns a key of one column,
    and there is a version column. What else SQLAlchemy can map is for repositories with a session.

    Raises:
        TypeError: the mapping is not so plain.
    """

    def __init__(self, mapper: Mapper[Entity]) -> None:
        table, version = mapper.local_table, mapper.version_id_col
        plain = len(mapper.attrs) == len(mapper.column_attrs) and not mapper.inherits and len(mapper.primary_key) == 1
        if not isinstance(table, Table) or not plain or version is None or mapper.class_manager.dispatch.load:
            raise TypeError(f"the mapping of {mapper.class_.__name__} needs a session: it is more than a row")
        [key] = mapper.primary_key
        columns = {attribute.key: attribute.columns[0] for attribute in mapper.column_attrs}
        written = {name: bindparam(name, type_=column.type) for name, column in columns.items() if column is not key}
        this = key == bindparam(_KEY, type_=key.type)
        as_it_was = version == bindparam(_VERSION, type_=version.type)
        self.key = mapper.get_property_by_column(key).key
        self.version = mapper.get_property_by_column(version).key
        self.names = tuple(columns)
        self.written = tuple(written)
        self.new = mapper.class_manager.new_instance
        self.insert = pipelined(insert(table).values(written).returning(key))
        self.select = pipelined(select(*columns.values()).where(this).with_for_update())
        self.update = pipelined(update(table).values(written).where(this, as_it_was))
        self.delete = pipelined(delete(table).where(this, as_it_was))


@cache
def mapped_statements(entity: type[Entity]) -> MappedStatements[Entity]:
    """The statements for entities of this class, which must be mapped by then."""
    return MappedStatements(class_mapper(entity))


class PipelineEntities(Generic[Entity]):
    """The entities of one class in one transaction: what a session of SQLAlchemy does for them, without one."""

    def __init__(self, transaction: PipelineTransaction, entity: type[Entity]) -> None:
        self._transaction = transaction
        self._statements: MappedStatements[Entity] = mapped_statements(entity)  # type: ignore[arg-type]  # a class is hashable
        self._loaded: dict[Any, tuple[Entity, tuple[Any, ...]]] = {}
        transaction.write_from(self._changes)

    async def add(self, entity: Entity) -> None:
        """Insert the entity, and give it its key."""
        statements, values = self._statements, self._written(entity)
        [key] = await self._transaction.rows(
            Call(statements.insert, dict(zip(statements.written, values, strict=True))), lambda row: row[0]
        )
        setattr(entity, statements.key, key)
        self._loaded[key] = entity, values

    async def get(self, key: object) -> Entity | None:
        """The entity with the key, locked until the transaction ends; None when there is none."""
        if key in self._loaded:
            return self._loaded[key][0]
        statements = self._statements
        rows = await self._transaction.rows(Call(statements.select, {_KEY: key}), tuple)
        if not rows:
            return None
        entity: Entity = statements.new()
        instance_dict(entity).update(zip(statements.names, rows[0], strict=True))
        self._loaded[key] = entity, self._written(entity)
        return entity

    async def remove(self, entity: Entity) -> None:
        """Delete the entity, which may have come from elsewhere.

        Raises:
            WriteConflict: another writer came first.
        """
        key = getattr(entity, self._statements.key)
        _, known = self._loaded.pop(key, (entity, self._written(entity)))
        if not await self._transaction.changed(Call(self._statements.delete, self._identity(key, known))):
            raise WriteConflict

    def _changes(self) -> list[Call]:
        """The statements that write what was changed since it was loaded, or since this was asked last."""
        calls: list[Call] = []
        for key, (entity, known) in self._loaded.items():
            values = self._written(entity)
            if values != known:
                parameters = dict(zip(self._statements.written, values, strict=True))
                calls.append(Call(self._statements.update, parameters | self._identity(key, known)))
                self._loaded[key] = entity, values
        return calls

    def _written(self, entity: Entity) -> tuple[Any, ...]:
        return tuple([getattr(entity, name) for name in self._statements.written])

    def _identity(self, key: object, known: tuple[Any, ...]) -> dict[str, Any]:
        return {_KEY: key, _VERSION: known[self._statements.written.index(self._statements.version)]}
