"""`User` onto `users`."""

from sqlalchemy.orm import registry

from adapters.sqlalchemy.tables import users
from domain.users.user import User


def map_users(mapper_registry: registry) -> None:
    """Map the columns onto the attributes of the same names.

    `updated_at` is the version: an UPDATE or DELETE names the one that was read, and meets no row when another
    writer came first. The entity sets the new one, so SQLAlchemy generates none.
    """
    mapper_registry.map_imperatively(
        User,
        users,
        version_id_col=users.c.updated_at,
        version_id_generator=False,
    )
