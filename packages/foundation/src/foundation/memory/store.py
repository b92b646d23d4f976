"""What the in-memory storage holds between units of work."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any, Generic

from foundation.kernel.access.tenancy import current_tenant
from foundation.memory.adapter import InMemoryAdapter, Values, View, attributes_of, plain_values
from foundation.memory.audit_entries import AUDIT_ENTRIES

if TYPE_CHECKING:
    from foundation.kernel.audit_trail import AuditEntry
    from foundation.kernel.idempotency_keys import IdempotencyKey, RecordedAnswer


class InMemoryTable(Generic[View]):
    """The committed entities of one class, by their plain ids, as immutable views, so that no entity is shared.

    `ids` are those that it gives.
    """

    def __init__(self, adapter: InMemoryAdapter[Any, Any, View], ids: Iterator[int] | None = None) -> None:
        self.rows: dict[int, View] = {}
        self._owners: dict[str, dict[Values, int]] = {key: {} for key in adapter.unique}
        self._ids = ids or count(1)

    def next_id(self) -> int:
        """An id that was never given before, also not to an entity that was never committed."""
        return next(self._ids)

    def owner_of(self, key: str, values: Values) -> int | None:
        """The id of the committed entity that has these unique values."""
        return self._owners[key].get(values)

    def violated(self, changed: Mapping[int, View], removed: Iterable[int]) -> str | None:
        """The first of the unique keys that the changes would violate."""
        leaving = changed.keys() | removed  # and those of them that stay give their old values up
        for key, owners in self._owners.items():
            values = [one for view in changed.values() if None not in (one := plain_values(view, attributes_of(key)))]
            if len(set(values)) < len(values) or not {owners[one] for one in values if one in owners} <= leaving:
                return key
        return None

    def replace(self, changed: Mapping[int, View], removed: Iterable[int]) -> None:
        """Put in what was changed and take out what was removed, which must violate nothing."""
        for entity_id in changed.keys() | removed:
            before = self.rows.pop(entity_id, None)
            if before is not None:
                for key, owners in self._owners.items():
                    owners.pop(plain_values(before, attributes_of(key)), None)
        for entity_id, view in changed.items():
            self.rows[entity_id] = view
            for key, owners in self._owners.items():
                if None not in (values := plain_values(view, attributes_of(key))):
                    owners[values] = entity_id


class InMemoryStore:
    """A table for each entity, the audit trail, and the answers recorded under idempotency keys.

    An entity that is `per_tenant` has a table for each tenant. They give ids of one sequence.

    `claimed` has the keys that open units of work have claimed.
    """

    def __init__(self, adapters: Mapping[str, InMemoryAdapter[Any, Any, Any]]) -> None:
        self.adapters = adapters
        self._ids = {name: count(1) for name in adapters}
        self._tables: dict[tuple[str, str | None], InMemoryTable[Any]] = {}
        self.audit_trail: InMemoryTable[AuditEntry] = InMemoryTable(AUDIT_ENTRIES)
        self.answers: dict[IdempotencyKey, RecordedAnswer] = {}
        self.claimed: set[IdempotencyKey] = set()

    def table(self, name: str) -> InMemoryTable[Any]:
        """The table of an entity, which is that of the present principal's tenant where the entity is `per_tenant`."""
        adapter = self.adapters[name]
        place = name, current_tenant() if adapter.per_tenant else None
        if place not in self._tables:
            self._tables[place] = InMemoryTable(adapter, self._ids[name])
        return self._tables[place]

    def rows_of_other_tenants(self, name: str) -> Iterator[Any]:
        """The rows of an entity that `table` does not have."""
        own = self.table(name)
        for (of, _), table in self._tables.items():
            if of == name and table is not own:
                yield from table.rows.values()
