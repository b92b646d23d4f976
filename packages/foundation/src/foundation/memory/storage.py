"""The in-memory storage and its transaction."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self

from foundation.kernel.audit_trail import AUDIT_TRAIL
from foundation.kernel.errors import StorageMisconfigured
from foundation.kernel.shared_rate_limit import SharedBuckets
from foundation.memory.adapter import InMemoryAdapter
from foundation.memory.audit_entries import AUDIT_ENTRIES
from foundation.memory.audit_trail import InMemoryAuditRetention, append_entries
from foundation.memory.idempotency_keys import InMemoryIdempotencyKeys
from foundation.memory.queries import InMemoryQueries
from foundation.memory.repository import InMemoryRepository
from foundation.memory.store import InMemoryStore


class InMemoryStorage:
    """A storage in this process, for the entities that `adapters` has, by name. See `foundation.kernel.storage`.

    If it is `audited`, the audit trail has an entry for each change.
    """

    def __init__(self, adapters: Mapping[str, InMemoryAdapter[Any, Any, Any]], *, audited: bool = False) -> None:
        self.store = InMemoryStore(adapters)
        self._audited = audited

    def unit_of_work(self) -> "InMemoryUnitOfWork":
        """See `Storage.unit_of_work`."""
        return InMemoryUnitOfWork(self.store, audited=self._audited)

    def queries(self, name: str) -> InMemoryQueries[Any, Any, Any, Any]:
        """See `Storage.queries`."""
        if name == AUDIT_TRAIL:
            return InMemoryQueries(AUDIT_ENTRIES, lambda: self.store.audit_trail)
        return InMemoryQueries(self.store.adapters[name], partial(self.store.table, name))

    def shared_buckets(self) -> SharedBuckets:
        """See `Storage.shared_buckets`.

        Raises:
            StorageMisconfigured: always, since no other worker sees this memory.
        """
        raise StorageMisconfigured("memory:// is not shared by workers; use RATE_LIMIT_STORE=worker.")

    def readiness(self, _revisions: Callable[[], Sequence[str]]) -> "InMemoryReadiness":
        """See `Storage.readiness`."""
        return InMemoryReadiness()

    async def dispose(self) -> None:
        """See `Storage.dispose`; there is nothing to close."""


class InMemoryReadiness:
    """Memory can always serve."""

    async def check(self) -> None:
        """See `StorageReadiness.check`."""


class InMemoryUnitOfWork:
    """Stages changes and puts them into the store at commit, after checking versions and constraints.

    It has a repository for each entity, as an attribute of the name that the entity is registered under.
    """

    idempotency_keys: InMemoryIdempotencyKeys

    def __init__(self, store: InMemoryStore, *, audited: bool = False) -> None:
        self._store = store
        self._audited = audited
        self.audit_retention = InMemoryAuditRetention(store)
        self._repositories: dict[str, InMemoryRepository[Any, Any, Any]] = {}

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_repositories"][name]
        except KeyError:
            raise AttributeError(name) from None

    async def __aenter__(self) -> Self:
        """See `UnitOfWork`."""
        self._begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """See `UnitOfWork`; what is staged is dropped with the repositories."""
        self.idempotency_keys.release()
        self._begin()

    async def commit(self) -> None:
        """See `UnitOfWork.commit`. From the first check to the last write nothing else runs, so it is atomic.

        Nor does anything run before the first check: many writers of one entity, all in step, would otherwise load the
        same version every time, and all but one of them would meet a conflict until they give up.
        """
        changes = {name: repository.changes() for name, repository in self._repositories.items()}
        for name, (changed, removed) in changes.items():
            if key := self._repositories[name].table.violated(changed, removed):
                raise self._repositories[name].violation(key)
        for name, (changed, removed) in changes.items():
            repository = self._repositories[name]
            repository.check_references(changed)
            for other in self._repositories.values():
                for number in removed:
                    other.check_unused(repository, number)
        if self._audited:
            append_entries(self._store.audit_trail, self._repositories, changes)
        for name, (changed, removed) in changes.items():
            self._repositories[name].table.replace(changed, removed)
        self.idempotency_keys.put_into_store()
        self.idempotency_keys.release()
        self._begin()

    def _begin(self) -> None:
        self._repositories = {}
        for name, adapter in self._store.adapters.items():
            self._repositories[name] = InMemoryRepository(
                adapter,
                self._store.table(name),
                self._repositories,
                partial(self._store.rows_of_other_tenants, name),
            )
        self.idempotency_keys = InMemoryIdempotencyKeys(self._store)
