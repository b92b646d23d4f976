"""What a database has of the example rows, in the words of the schema document."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Table, select


def read_rows(connection: Connection, table: Table) -> list[dict[str, Any]]:
    """Every row of a reflected table, in the document's words: a moment in ISO 8601, in UTC."""
    return [{name: _worded(value) for name, value in row._mapping.items()} for row in connection.execute(select(table))]


def _worded(value: Any) -> Any:
    if not isinstance(value, datetime):
        return value
    return (value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
