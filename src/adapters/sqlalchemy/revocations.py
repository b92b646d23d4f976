"""Revocations of access tokens in a relational database."""

from typing import Final

from adapters.sqlalchemy.tables import revocations
from foundation.sqlalchemy.revocations import revocations_adapter

ADAPTER: Final = revocations_adapter(revocations)
