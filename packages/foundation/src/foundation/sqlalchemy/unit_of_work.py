"""The transaction of a relational database, as use cases see it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from sqlalchemy import MetaData, Table

from foundation.kernel.audit_trail import AUDIT_TRAIL
from foundation.sqlalchemy.adapter import SqlAlchemyAdapter, map_entities
from foundation.sqlalchemy.audit_trail import SqlAlchemyAuditRetention, SqlAlchemyAuditTrail, audit_trail_adapter
from foundation.sqlalchemy.constraints import primary_keys
from foundation.sqlalchemy.errors import DatabaseErrors
from foundation.sqlalchemy.idempotency_keys import SqlAlchemyIdempotencyKeys
from foundation.sqlalchemy.repository import SqlAlchemyRepository
from foundation.sqlalchemy.tenancy import is_per_tenant
from foundation.sqlalchemy.transaction import Transaction


@dataclass(frozen=True, slots=True, eq=False)
class Registered:
    """The entities of a service, by name, the errors of its constraints, and the tables of idempotency keys and trail.

    `audited` says whether changes are in the trail.
    """

    adapters: Mapping[str, SqlAlchemyAdapter[Any, Any, Any]]
    errors: DatabaseErrors
    idempotency_keys: Table
    audit_trail: Table | None
    audited: bool

    @classmethod
    def of(
        cls, metadata: MetaData, adapters: Mapping[str, SqlAlchemyAdapter[Any, Any, Any]], *, audited: bool = False
    ) -> Self:
        """Those of these tables and adapters; the entities are mapped."""
        map_entities(metadata, adapters.values())
        constraints = dict(primary_keys(metadata))
        for adapter in adapters.values():
            constraints.update(adapter.constraints)
        return cls(
            adapters,
            DatabaseErrors.of(constraints),
            metadata.tables["idempotency_keys"],
            metadata.tables.get(AUDIT_TRAIL),
            audited,
        )

    @property
    def per_tenant(self) -> bool:
        """Whether the rows of any entity belong to tenants."""
        return any(is_per_tenant(adapter.table) for adapter in self.adapters.values())

    def view_adapter(self, name: str) -> SqlAlchemyAdapter[Any, Any, Any]:
        """What the read side of an entity, or of the audit trail, needs to know."""
        if name == AUDIT_TRAIL and self.audit_trail is not None:
            return audit_trail_adapter(self.audit_trail)
        return self.adapters[name]


class SqlAlchemyUnitOfWork:
    """One transaction. Serves one use-case call.

    It has a repository for each entity, as an attribute of the name that the entity is registered under.
    """

    idempotency_keys: SqlAlchemyIdempotencyKeys
    audit_retention: SqlAlchemyAuditRetention
    _trail: SqlAlchemyAuditTrail | None

    def __init__(self, registered: Registered, begin: Callable[[], Transaction], bulk_timeout: timedelta) -> None:
        self._registered = registered
        self._begin = begin
        self._bulk_timeout = bulk_timeout

    def __getattr__(self, name: str) -> Any:
        # Made when it is asked for, so that the entities a use case does not touch cost it nothing.
        if name not in self._registered.adapters:
            raise AttributeError(name)
        repository: SqlAlchemyRepository[Any, Any] = SqlAlchemyRepository(
            self._registered.adapters[name],
            self._transaction,
            self._registered.errors,
            self._bulk_timeout,
            self._trail,
        )
        setattr(self, name, repository)
        return repository

    async def __aenter__(self) -> Self:
        """See `UnitOfWork`; the connection is taken when the first statement needs it."""
        self._transaction = self._begin()
        self.idempotency_keys = SqlAlchemyIdempotencyKeys(
            self._registered.idempotency_keys, self._transaction.connection, self._registered.errors
        )
        self._trail = None
        table = self._registered.audit_trail
        if table is not None:
            self.audit_retention = SqlAlchemyAuditRetention(
                table, self._transaction.connection, self._registered.errors
            )
            if self._registered.audited:
                self._trail = SqlAlchemyAuditTrail(table)
                self._transaction.write_last(self._trail.entries)
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
