"""The example rows of the schema document, as rows of real tables."""

import warnings
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Connection, DateTime, MetaData, insert, inspect, select
from sqlalchemy.exc import SAWarning


def insert_example_rows(connection: Connection, metadata: MetaData) -> MetaData:
    """Insert one row into every empty table that the database has, with the examples that `metadata` gives.

    The database may be at any revision: a column that the mapping does not know stays empty, and so does a table
    where that cannot be, or that refers to such a table. Generated columns and identities that are always generated
    are left to the database.

    Returns:
        The tables that have such a row now, as the database describes them, each referred table first.
    """
    found = MetaData()
    schemas = {
        None,
        *({table.schema for table in metadata.tables.values()} & {*inspect(connection).get_schema_names()}),
    }
    with warnings.catch_warnings():
        # SQLAlchemy reflects NOT VALID as an option of a CHECK constraint, and then warns that there is none.
        warnings.filterwarnings("ignore", "Can't validate argument 'dialect_options'", SAWarning)
        for schema in sorted(schemas, key=lambda name: name or ""):
            names = [one.name for one in metadata.tables.values() if one.schema == schema]
            found.reflect(connection, schema, only=lambda name, _, names=names: name in names)
    for table in found.sorted_tables:
        for column in table.columns:
            mapped = metadata.tables.get(table.key)
            known = mapped.columns.get(column.name) if mapped is not None else None
            column.info.update(known.info if known is not None else {})
        referred = {key.column.table.key for key in table.foreign_keys} - {table.key}
        if not (referred <= found.tables.keys() and all(map(_can_be_filled, table.columns))):
            found.remove(table)
        elif connection.execute(select(table).limit(1)).first() is None:
            row = {one.name: _stored(one) for one in table.columns if not _is_left_to_the_database(one)}
            connection.execute(insert(table).values(row))
    return found


def _is_left_to_the_database(column: Column[Any]) -> bool:
    return column.computed is not None or (column.identity is not None and bool(column.identity.always))


def _can_be_filled(column: Column[Any]) -> bool:
    return column.nullable or "example" in column.info or _is_left_to_the_database(column)


def _stored(column: Column[Any]) -> Any:
    value = column.info.get("example")
    if not isinstance(column.type, DateTime) or value is None:
        return value
    moment = datetime.fromisoformat(value)
    # SQLite drops the offset without converting.
    return moment.astimezone(UTC) if moment.tzinfo else moment
