"""The tables, one module each. Importing this package fills `metadata` with all of them."""

from typing import Final

from adapters.sqlalchemy.tables.metadata import metadata
from adapters.sqlalchemy.tables.users import users
from foundation.sqlalchemy.tables import idempotency_keys_table

idempotency_keys: Final = idempotency_keys_table(
    metadata,
    operation="POST /api/v1/users",
    answer='[[1,"user@example.com","John Doe","2025-12-16T10:00:00+00:00","2025-12-16T10:00:00+00:00"]]',
)

__all__ = ["idempotency_keys", "metadata", "users"]
