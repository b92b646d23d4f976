"""Maps every entity, once per process."""

from functools import cache

from sqlalchemy.orm import configure_mappers, registry

from adapters.sqlalchemy.mappings.users import map_users
from adapters.sqlalchemy.tables import metadata


@cache
def configure_mappings() -> registry:
    """Map the entities onto the tables, and return the registry that knows them.

    Calling it again does nothing: SQLAlchemy refuses to map a class twice.
    """
    mapper_registry = registry(metadata=metadata)
    map_users(mapper_registry)
    configure_mappers()
    return mapper_registry
