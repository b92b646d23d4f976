"""How each storage reaches the entities: one module per storage and entity, which states what is special of it."""

from importlib import import_module
from typing import Any

from application.unit_of_work import ENTITIES


def load_adapters(storage: str) -> dict[str, Any]:
    """The `ADAPTER` of each entity for a storage, by name; the entities are those that the unit of work names."""
    return {name: import_module(f"adapters.{storage}.{name}").ADAPTER for name in ENTITIES}
