"""Storages of entities that the service does not have."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import MetaData

from foundation.memory.adapter import InMemoryAdapter
from foundation.memory.storage import InMemoryStorage
from foundation.sqlalchemy.adapter import SqlAlchemyAdapter
from foundation.sqlalchemy.database import open_database
from foundation.sqlalchemy.limits import Limits
from schema_tools.testing.plain_sql import connected


@asynccontextmanager
async def opened_storage(
    url: str,
    metadata: MetaData,
    in_memory: Mapping[str, InMemoryAdapter[Any, Any, Any]],
    in_sql: Mapping[str, SqlAlchemyAdapter[Any, Any, Any]],
) -> AsyncIterator[Any]:
    """The storage at `url`; it is a new one, in which the tables are made."""
    if url == "memory://":
        yield InMemoryStorage(in_memory)
        return
    patient = timedelta(seconds=60)  # a slow machine is no failing test
    limits = Limits(4, 40, patient, patient, patient, patient, patient, patient)
    with connected(url) as connection:
        metadata.create_all(connection)
    storage = open_database(url, limits, metadata, in_sql)
    try:
        yield storage
    finally:
        await storage.dispose()
