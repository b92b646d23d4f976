"""Making what the mapping says, for comparison only: in a schema or database that is thrown away."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import ARRAY, Connection, Dialect, MetaData, Sequence, TypeDecorator, event
from sqlalchemy.dialects.postgresql import DOMAIN, ENUM
from sqlalchemy.exc import DBAPIError, ProgrammingError, SQLAlchemyError
from sqlalchemy.types import TypeEngine

from schema_tools.catalog.naming import named_items, names_given
from schema_tools.dialects import DIALECTS
from schema_tools.errors import SchemaToolsError
from schema_tools.foreign_connections import ForeignConnection, only


class MappingNotMade(SchemaToolsError):
    """The database refuses what the mapping says, or SQLAlchemy cannot say it to that database, or is told not to."""

    def __init__(self, error: SQLAlchemyError | ForeignConnection) -> None:
        said = " ".join(str(error.orig if isinstance(error, DBAPIError) else error).split())
        super().__init__(f"the mapping cannot be made in an empty database: {said}")


def make_mapped(connection: Connection, metadata: MetaData) -> None:
    """Make every table of `metadata` and what is made with them, where there is nothing yet.

    Names that SQLAlchemy cannot compile are those of `schema_tools.catalog.naming` meanwhile.

    A type with `create_type=False`, which the migrations make, is made as well, unless DDL of the mapping makes it.

    Raises:
        sqlalchemy.exc.DBAPIError: The database refuses the mapping.
        MappingNotMade: SQLAlchemy cannot word the mapping for this database, or an event of the mapping was stopped on
            its way to another connection.
    """
    advice = "in a DDL event, use the connection that the event is given"
    try:
        with names_given(named_items(metadata)), only(connection, advice=advice):
            _make(connection, metadata)
    except DBAPIError:
        raise
    except (SQLAlchemyError, ForeignConnection) as error:
        raise MappingNotMade(error) from error


def _make(connection: Connection, metadata: MetaData) -> None:
    if connection.dialect.name != "postgresql":
        metadata.create_all(connection, checkfirst=False)
        return
    types = _types_made_elsewhere(metadata, connection.dialect)
    with _in_batches(connection) as execute_batch:
        if types:
            with suppress(ProgrammingError), connection.begin_nested():
                for one in types:
                    one.create(connection, checkfirst=False)
                metadata.create_all(connection, checkfirst=False)
                execute_batch()
                return
        metadata.create_all(connection, checkfirst=False)
        execute_batch()


def mapped_schemas(metadata: MetaData) -> tuple[str | None, ...]:
    """The schemas that the mapping names, of tables, types and sequences: first None, where something is in none."""
    columns = [column for table in metadata.tables.values() for column in table.columns]
    named = {table.schema for table in metadata.tables.values()} or {metadata.schema}
    types = (_named(column.type, DIALECTS["postgresql"]) for column in columns)
    named |= {one.schema for one in types if isinstance(one, ENUM | DOMAIN)}
    named |= {column.default.schema for column in columns if isinstance(column.default, Sequence)}
    return tuple(sorted(named, key=lambda name: name or ""))


@contextmanager
def _in_batches(connection: Connection) -> Iterator[Callable[[], None]]:
    """Execute DDL many statements at a time while the context lasts, so that a distant server is not asked for each.

    Gives the function that executes what has been collected. Other statements are executed when their time comes,
    after what was collected before them.
    """
    collected: list[str] = []

    def execute_batch() -> None:
        if collected:
            statements = ";\n".join(collected)
            collected.clear()
            connection.exec_driver_sql(statements, execution_options={"no_parameters": True})

    def collect(_cursor: Any, statement: str, parameters: Any, context: Any) -> bool | None:
        if context.isddl and not parameters:
            # What follows is executed without parameters, so a percent sign is written once.
            collected.append(statement.replace("%%", "%"))
            return True
        execute_batch()
        return None

    event.listen(connection.engine, "do_execute", collect)
    try:
        yield execute_batch
    finally:
        event.remove(connection.engine, "do_execute", collect)


def _types_made_elsewhere(metadata: MetaData, dialect: Dialect) -> list[ENUM | DOMAIN]:
    columns = (column for table in metadata.tables.values() for column in table.columns)
    named = (_named(column.type, dialect) for column in columns)
    found = {(one.schema, one.name): one for one in named if isinstance(one, ENUM | DOMAIN) and not one.create_type}
    return list(found.values())


def _named(declared: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    """The database's own type of a column, or of the elements of its array."""
    if isinstance(declared, TypeDecorator):
        return _named(declared.load_dialect_impl(dialect), dialect)
    return _named(declared.item_type, dialect) if isinstance(declared, ARRAY) else declared.dialect_impl(dialect)
