"""The examples of a richer schema are rows that its tables take: enums, UUIDs, arrays, JSON, ranges."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import Range

from bookshop.tables import metadata
from schema_tools.document.table_facts import example_row
from schema_tools.rehearsal.example_rows import insert_example_rows
from schema_tools.testing.plain_sql import connected, read_rows


def documented(value: Any) -> Any:
    """A value of a row as the document words it."""
    match value:
        case UUID() | date() | Range():
            return str(value)
        case _:
            return value


def test_every_example_row_of_the_bookshop_is_stored_as_documented(empty_postgres_url: str) -> None:
    with connected(empty_postgres_url) as connection:
        metadata.create_all(connection)
        filled = insert_example_rows(connection, metadata)
        found = {table.name: read_rows(connection, table) for table in filled.sorted_tables}

    assert {
        name: [{column: documented(value) for column, value in row.items()} for row in rows]
        for name, rows in found.items()
    } == {name: [example_row(table)] for name, table in metadata.tables.items()}
