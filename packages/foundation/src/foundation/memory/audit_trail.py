"""The audit trail in memory."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from foundation.kernel.access.principal import current_caller
from foundation.kernel.audit_trail import AuditEntry

if TYPE_CHECKING:
    from foundation.memory.repository import InMemoryRepository
    from foundation.memory.store import InMemoryStore, InMemoryTable


def append_entries(
    trail: "InMemoryTable[AuditEntry]",
    repositories: Mapping[str, "InMemoryRepository[Any, Any, Any]"],
    changes: Mapping[str, tuple[Mapping[int, Any], set[int]]],
) -> None:
    """Append an entry for each of the changes, which are not made yet."""
    caller, now = current_caller(), datetime.now(UTC)
    for name, (changed, removed) in changes.items():
        for action, number, entities, at in repositories[name].acts(changed, removed):
            entry_id = trail.next_id()
            trail.rows[entry_id] = AuditEntry(
                entry_id, at or now, caller.principal.name, caller.request_id, action.value, name, number, entities
            )


class InMemoryAuditRetention:
    """The end of old entries. See `AuditRetention`."""

    def __init__(self, store: "InMemoryStore") -> None:
        self._store = store

    async def forget(self, before: datetime, most: int) -> int:
        """See `AuditRetention.forget`."""
        rows = self._store.audit_trail.rows
        old = sorted((entry.created_at, entry.id) for entry in rows.values() if entry.created_at < before)[:most]
        for _, entry_id in old:
            del rows[entry_id]
        return len(old)
