"""The tables, one module each. Importing this package fills `metadata` with all of them."""

from adapters.sqlalchemy.tables.idempotency_keys import idempotency_keys
from adapters.sqlalchemy.tables.schema import metadata
from adapters.sqlalchemy.tables.users import users

__all__ = ["idempotency_keys", "metadata", "users"]
