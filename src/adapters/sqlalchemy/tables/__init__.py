"""The tables, one module each. Importing this package fills `metadata` with all of them."""

from adapters.sqlalchemy.tables.schema import metadata
from adapters.sqlalchemy.tables.users import users

__all__ = ["metadata", "users"]
