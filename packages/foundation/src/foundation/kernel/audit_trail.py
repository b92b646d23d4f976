"""The audit trail: who did what to which entity, when, and by which request."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

from foundation.kernel.errors import NotFound
from foundation.kernel.queries import Queries, SortOrder

AUDIT_TRAIL: Final = "audit_trail"
"""The name of the read side of the trail in a storage."""


class AuditAction(StrEnum):
    """What was done."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    IMPORT = "import"


class AuditEntry(NamedTuple):
    """One change, of which no value is kept: an entry outlives the entity and has nothing personal of it.

    Attributes:
        id: Ascends with the entries of one writer. Entries of transactions that overlap may swap places.
        created_at: When it was done; of an import, the `created_at` of each entity that it added.
        principal: The name of the principal: see `Principal.name`.
        request_id: The id of the request over HTTP, under which it is logged.
        action: An `AuditAction`.
        entity: The name of the class of entities, which is that of their table.
        entity_id: The id of the entity; None for an import.
        entities: How many were concerned: 1, but for an import.
    """

    id: int
    created_at: datetime
    principal: str
    request_id: str | None
    action: str
    entity: str
    entity_id: int | None
    entities: int


class AuditEntryNotFound(NotFound):
    """There is no such entry."""

    code = "audit-entry-not-found"

    def __init__(self, _entry_id: object = None) -> None:
        super().__init__("There is no entry with this id.")


class AuditSort(SortOrder):
    """The orders of the trail."""

    ID = "id"
    ID_DESCENDING = "-id"


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are asked for. Both times are exclusive."""

    principal: str | None = None
    entity: str | None = None
    entity_id: int | None = None
    request_id: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


class AuditQueries(Queries[int, AuditEntry, AuditFilter, AuditSort], Protocol):
    """The read side of the trail."""


class AuditRetention(Protocol):
    """The end of old entries, within a unit of work."""

    async def forget(self, before: datetime, most: int) -> int:
        """Remove at most `most` entries that are older than `before`; how many they were."""
        ...
