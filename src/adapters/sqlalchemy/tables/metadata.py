"""The metadata that all tables belong to."""

from typing import Final

from foundation.sqlalchemy.tables import named_metadata

metadata: Final = named_metadata()
