"""Which table holds which entity. Only here are both known."""

from adapters.sqlalchemy.mappings.registry import configure_mappings

__all__ = ["configure_mappings"]
