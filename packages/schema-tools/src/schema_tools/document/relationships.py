"""What refers to what: the foreign keys of a mapping, and the `relationship()`s of its classes."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ForeignKeyConstraint, MetaData, Table
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapper, RelationshipDirection, RelationshipProperty

from schema_tools.document.table_facts import is_unique
from schema_tools.errors import SchemaToolsError
from schema_tools.project import SchemaProject


@dataclass(frozen=True, slots=True)
class Relationship:
    """A foreign key of the table `source`.

    `optional` says that a row may refer to none, `single` that at most one row refers to a row.
    """

    source: Table
    columns: tuple[str, ...]
    target: Table
    referred: tuple[str, ...]
    on_delete: str
    optional: bool
    single: bool


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


def relationships(metadata: MetaData) -> list[Relationship]:
    """Every foreign key, in a stable order."""
    found = []
    for table in metadata.tables.values():
        for constraint in (one for one in table.constraints if isinstance(one, ForeignKeyConstraint)):
            columns = tuple(constraint.column_keys)
            found.append(
                Relationship(
                    source=table,
                    columns=columns,
                    target=constraint.referred_table,
                    referred=tuple(element.column.name for element in constraint.elements),
                    on_delete=(constraint.ondelete or "NO ACTION").upper(),
                    optional=any(table.columns[name].nullable for name in columns),
                    single=is_unique(table, columns),
                )
            )
    return sorted(found, key=lambda one: (one.source.fullname, one.columns, one.target.fullname, one.referred))


def mapped_relationships(project: SchemaProject) -> list[MappedRelationship]:
    """Every relationship between classes whose tables are in the project's metadata, by table and name.

    Raises:
        SchemaToolsError: The classes cannot be mapped.
    """
    registries = list(project.registries())
    try:
        for one in registries:
            one.configure()
    except SQLAlchemyError as error:
        reason = " ".join(str(error).split())
        raise SchemaToolsError(f"the classes cannot be mapped onto the tables: {reason}") from error
    found = []
    for mapper in (mapper for one in registries for mapper in one.mappers):
        for relationship in mapper.relationships:
            source = _table_of(mapper, project.metadata)
            target = _table_of(relationship.mapper, project.metadata)
            # A class that inherits a relationship does not have another one.
            if relationship.parent is mapper and source is not None and target is not None:
                name = f"{mapper.class_.__name__}.{relationship.key}"
                secondary = relationship.secondary if isinstance(relationship.secondary, Table) else None
                kind, several = _kind(source, relationship), bool(relationship.uselist)
                found.append(MappedRelationship(source, name, kind, several, target, secondary))
    return sorted(found, key=lambda one: (one.source.fullname, one.name))


def _table_of(mapper: Mapper[Any], metadata: MetaData) -> Table | None:
    """The table of a mapped class; None for a class mapped onto a join, a query, or a table of another metadata."""
    table = mapper.local_table
    return table if isinstance(table, Table) and metadata.tables.get(table.key) is table else None


def _kind(source: Table, relationship: RelationshipProperty[Any]) -> str:
    match relationship.direction:
        case RelationshipDirection.MANYTOMANY:
            return "Many to many"
        case RelationshipDirection.ONETOMANY:
            return "One to many" if relationship.uselist else "One to one"
        case _:
            referring = {str(column.name) for column in relationship.local_columns}
            return "One to one" if is_unique(source, referring) else "Many to one"
