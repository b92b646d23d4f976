"""The examples of a richer schema are rows that its tables take: enums, UUIDs, arrays, JSON, ranges."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, Text, text
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


def numbered() -> Column[int]:
    return Column("id", Integer, primary_key=True, info={"example": 7})


def test_tables_of_every_schema_have_their_example_row(empty_postgres_url: str) -> None:
    several = MetaData()
    Table("people", several, numbered(), Column("name", Text, info={"example": "Ada"}))
    people: Column[int] = Column("person_id", ForeignKey("people.id"), info={"example": 7})
    Table("people", several, numbered(), people, schema="Ware House")
    boxes: Column[int] = Column("owner_id", ForeignKey("Ware House.people.id"), nullable=False, info={"example": 7})
    Table("boxes", several, numbered(), boxes, schema="sales")
    Table("absent", several, numbered(), schema="nowhere")
    with connected(empty_postgres_url) as connection:
        for name in ("sales", '"Ware House"'):
            connection.execute(text(f"CREATE SCHEMA {name}"))
        several.create_all(connection, tables=[one for one in several.sorted_tables if one.schema != "nowhere"])
        filled = insert_example_rows(connection, several)
        again = insert_example_rows(connection, several)
        found = {table.fullname: read_rows(connection, table) for table in filled.sorted_tables}

    assert found == {
        "people": [{"id": 7, "name": "Ada"}],
        "Ware House.people": [{"id": 7, "person_id": 7}],
        "sales.boxes": [{"id": 7, "owner_id": 7}],
    }
    assert set(again.tables) == set(found)
