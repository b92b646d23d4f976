"""How read models are read."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncEngine

from foundation.sqlalchemy.postgresql.connection import Call
from foundation.sqlalchemy.postgresql.pool import ConnectionPool
from foundation.sqlalchemy.postgresql.statements import pipelined
from foundation.sqlalchemy.postgresql.transaction import read

Row = TypeVar("Row")


class Reader(Protocol):
    """Sees what is committed, a statement at a time."""

    async def rows(
        self, statement: Select[Any], parameters: Mapping[str, Any], make: Callable[[Sequence[Any]], Row]
    ) -> list[Row]:
        """The rows of a statement that is made once per process, each made by `make` of its values."""
        ...


class EngineReader:
    """Reads on connections of an engine that opens no transactions."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def rows(
        self, statement: Select[Any], parameters: Mapping[str, Any], make: Callable[[Sequence[Any]], Row]
    ) -> list[Row]:
        """See `Reader.rows`."""
        async with self._engine.connect() as connection:
            return [make(row) for row in await connection.execute(statement, parameters)]


class PipelineReader:
    """Reads through the pipeline: see `foundation.sqlalchemy.postgresql`."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool

    async def rows(
        self, statement: Select[Any], parameters: Mapping[str, Any], make: Callable[[Sequence[Any]], Row]
    ) -> list[Row]:
        """See `Reader.rows`."""
        return await read(self._pool, Call(pipelined(statement), parameters), make)
