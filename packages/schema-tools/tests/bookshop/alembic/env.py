"""Alembic's way into the bookshop."""

from bookshop.tables import metadata
from schema_tools.environment import run

run(metadata, lambda: "")
