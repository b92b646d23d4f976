"""The tables, one module each. Importing this package fills `metadata` with all of them."""

from typing import Final

from adapters.sqlalchemy.tables.metadata import metadata
from adapters.sqlalchemy.tables.users import users
from foundation.sqlalchemy.api_keys import api_keys_table
from foundation.sqlalchemy.audit_trail import audit_trail_table
from foundation.sqlalchemy.revocations import revocations_table
from foundation.sqlalchemy.tables import idempotency_keys_table, rate_limits_table

idempotency_keys: Final = idempotency_keys_table(
    metadata,
    operation="POST /api/v1/users",
    answer='[{"id": 1, "email": "user@example.com", "name": "John Doe"}]',
)
api_keys: Final = api_keys_table(metadata, scopes="users:export users:read")
audit_trail: Final = audit_trail_table(metadata, entity="users")
rate_limits: Final = rate_limits_table(metadata)
revocations: Final = revocations_table(metadata)

__all__ = ["api_keys", "audit_trail", "idempotency_keys", "metadata", "rate_limits", "revocations", "users"]
