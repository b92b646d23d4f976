"""Plain SQL on a database, beside the service: what any other writer would do."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Connection

from schema_tools.database_urls import migration_url
from schema_tools.rehearsal.scratch import engine_of


@contextmanager
def connected(url: str | URL) -> Iterator[Connection]:
    """A connection in a transaction, which is committed at the end."""
    with engine_of(migration_url(url)).begin() as connection:
        yield connection
