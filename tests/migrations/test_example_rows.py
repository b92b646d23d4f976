"""The examples of the schema document are rows that the tables take."""

from plain_sql import connected
from schema_tools.document.table_facts import example_row
from schema_tools.project import SchemaProject
from schema_tools.rehearsal.example_rows import insert_example_rows
from schema_tools.testing.plain_sql import read_rows


def test_every_example_row_is_stored_as_documented(service: SchemaProject, migrated_url: str) -> None:
    with connected(migrated_url) as connection:
        filled = insert_example_rows(connection, service.metadata)

        assert {table.name: read_rows(connection, table) for table in filled.sorted_tables} == {
            name: [example_row(table)] for name, table in service.metadata.tables.items()
        }
