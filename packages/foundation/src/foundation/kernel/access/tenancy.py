"""Tenants: each sees its own rows of the entities that are kept for each tenant, and no others.

Entities and use cases do not know the tenant: the adapters say `per_tenant`, and the storage adds the tenant of the
present principal to everything it reads and writes.
"""

from foundation.kernel.access.policy import Forbidden
from foundation.kernel.access.principal import current_principal


class NoTenant(Forbidden):
    """The principal belongs to no tenant, so that what it adds would belong to none."""

    sentence = "The credential has no tenant, so it cannot create this. Use one that has a tenant."


def current_tenant() -> str | None:
    """The tenant of the present principal; None where it belongs to none, and sees the rows of none."""
    return current_principal().tenant


def check_tenant() -> None:
    """Raise `NoTenant` if the present principal belongs to no tenant."""
    if current_tenant() is None:
        raise NoTenant
