"""Plain SQL on a database, beside the program that is tested: what any other writer would do."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import URL, Connection, Table, select

from schema_tools.database_urls import migration_url
from schema_tools.rehearsal.scratch import engine_of


@contextmanager
def connected(url: str | URL) -> Iterator[Connection]:
    """A connection in a transaction, which is committed at the end."""
    with engine_of(migration_url(url)).begin() as connection:
        yield connection


def read_rows(connection: Connection, table: Table) -> list[dict[str, Any]]:
    """Every row of a reflected table, as the schema document writes it: a moment in ISO 8601, a decimal as a number."""
    rows = connection.execute(select(table)).mappings()
    return [{name: _worded(value) for name, value in row.items()} for row in rows]


def _worded(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if not isinstance(value, datetime):
        return value
    return (value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
