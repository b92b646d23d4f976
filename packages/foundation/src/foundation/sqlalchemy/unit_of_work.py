"""The transaction of a relational database, as use cases see it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from sqlalchemy import MetaData, Table

from foundation.sqlalchemy.adapter import SqlAlchemyAdapter, map_entities
from foundation.sqlalchemy.constraints import primary_keys
from foundation.sqlalchemy.errors import DatabaseErrors
from foundation.sqlalchemy.idempotency_keys import SqlAlchemyIdempotencyKeys
from foundation.sqlalchemy.repository import SqlAlchemyRepository
from foundation.sqlalchemy.transaction import Transaction


@dataclass(frozen=True, slots=True, eq=False)
class Registered:
    """The entities of a service, by name, the errors of its constraints, and its table of idempotency keys."""

    adapters: Mapping[str, SqlAlchemyAdapter[Any, Any, Any]]
    errors: DatabaseErrors
    idempotency_keys: Table

    @classmethod
    def of(cls, metadata: MetaData, adapters: Mapping[str, SqlAlchemyAdapter[Any, Any, Any]]) -> Self:
        """Those of these tables and adapters; the entities are mapped."""
        map_entities(metadata, adapters.values())
        constraints = dict(primary_keys(metadata))
        for adapter in adapters.values():
            constraints.update(adapter.constraints)
        return cls(adapters, DatabaseErrors.of(constraints), metadata.tables["idempotency_keys"])


class SqlAlchemyUnitOfWork:
    """One transaction. Serves one use-case call.

    It has a repository for each entity, as an attribute of the name that the entity is registered under.
    """

    idempotency_keys: SqlAlchemyIdempotencyKeys

    def __init__(self, registered: Registered, begin: Callable[[], Transaction], bulk_timeout: timedelta) -> None:
        self._registered = registered
        self._begin = begin
        self._bulk_timeout = bulk_timeout

    def __getattr__(self, name: str) -> Any:
        # Made when it is asked for, so that the entities a use case does not touch cost it nothing.
        if name not in self._registered.adapters:
            raise AttributeError(name)
        repository: SqlAlchemyRepository[Any, Any] = SqlAlchemyRepository(
            self._registered.adapters[name], self._transaction, self._registered.errors, self._bulk_timeout
        )
        setattr(self, name, repository)
        return repository

    async def __aenter__(self) -> Self:
        """See `UnitOfWork`; the connection is taken when the first statement needs it."""
        self._transaction = self._begin()
        self.idempotency_keys = SqlAlchemyIdempotencyKeys(
            self._registered.idempotency_keys, self._transaction.connection, self._registered.errors
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """See `UnitOfWork`."""
        with self._registered.errors.translated:
            await self._transaction.close()

    async def commit(self) -> None:
        """See `UnitOfWork.commit`."""
        with self._registered.errors.committing:
            await self._transaction.commit()
