"""The relationships that mapped classes have: what SQLAlchemy's `relationship()` says beside the foreign keys."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import MetaData, Table
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapper, RelationshipDirection, RelationshipProperty, registry

from schema_tools.document.table_facts import primary_key, unique_keys
from schema_tools.errors import SchemaToolsError
from schema_tools.project import SchemaProject


@dataclass(frozen=True, slots=True)
class MappedRelationship:
    """A `relationship()` of a mapped class: `name` is `Author.books`, `kind` is `One to many`.

    `several` says that the attribute holds several rows; `secondary` is the table of pairs between the two, or None.
    """

    source: Table
    name: str
    kind: str
    several: bool
    target: Table
    secondary: Table | None


def mapped_relationships(project: SchemaProject) -> list[MappedRelationship]:
    """Every relationship between classes whose tables are in the project's metadata, by table and name.

    Raises:
        SchemaToolsError: The classes cannot be mapped.
    """
    try:
        mappers = [mapper for one in project.registries() for mapper in _configured(one)]
    except SQLAlchemyError as error:
        reason = " ".join(str(error).split())
        raise SchemaToolsError(f"the classes cannot be mapped onto the tables: {reason}") from error
    found = [
        described
        for mapper in mappers
        for relationship in mapper.relationships
        # A class that inherits a relationship does not have another one.
        if relationship.parent is mapper and (described := _described(mapper, relationship, project.metadata))
    ]
    return sorted(found, key=lambda relationship: (relationship.source.fullname, relationship.name))


def _configured(one: registry) -> Iterable[Mapper[Any]]:
    one.configure()
    return one.mappers


def _described(
    mapper: Mapper[Any], relationship: RelationshipProperty[Any], metadata: MetaData
) -> MappedRelationship | None:
    source = _table_of(mapper, metadata)
    target = _table_of(relationship.mapper, metadata)
    if source is None or target is None:
        return None
    secondary = relationship.secondary
    return MappedRelationship(
        source=source,
        name=f"{mapper.class_.__name__}.{relationship.key}",
        kind=_kind(relationship),
        several=bool(relationship.uselist),
        target=target,
        secondary=secondary if isinstance(secondary, Table) else None,
    )


def _table_of(mapper: Mapper[Any], metadata: MetaData) -> Table | None:
    """The table of a mapped class; None for a class mapped onto a join, a query, or a table of another metadata."""
    table = mapper.local_table
    return table if isinstance(table, Table) and metadata.tables.get(table.key) is table else None


def _kind(relationship: RelationshipProperty[Any]) -> str:
    match relationship.direction:
        case RelationshipDirection.MANYTOMANY:
            return "Many to many"
        case RelationshipDirection.ONETOMANY:
            return "One to many" if relationship.uselist else "One to one"
        case _:
            return "One to one" if _refers_once(relationship) else "Many to one"


def _refers_once(relationship: RelationshipProperty[Any]) -> bool:
    """Whether the columns that refer to the other table are unique in theirs."""
    names = {column.name for column in relationship.local_columns}
    table = relationship.parent.local_table
    return isinstance(table, Table) and any(
        set(key) <= names for key in (primary_key(table), *unique_keys(table)) if key
    )
