"""What the in-memory storage needs to know of the entries of the audit trail."""

from typing import Any, Final

from foundation.kernel.audit_trail import AuditEntry, AuditEntryNotFound
from foundation.memory.adapter import InMemoryAdapter

AUDIT_ENTRIES: Final = InMemoryAdapter[Any, int, AuditEntry](
    entity=AuditEntry,
    view=lambda entry: entry,
    new=AuditEntry,
    not_found=AuditEntryNotFound,
    conditions={
        "principal": lambda entry, name: entry.principal == name,
        "entity": lambda entry, name: entry.entity == name,
        "entity_id": lambda entry, number: entry.entity_id == number,
        "request_id": lambda entry, text: entry.request_id == text,
        "created_after": lambda entry, moment: entry.created_at > moment,
        "created_before": lambda entry, moment: entry.created_at < moment,
    },
)
