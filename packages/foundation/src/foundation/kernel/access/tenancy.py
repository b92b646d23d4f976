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


def check_tenant(tenant: str | None) -> None:
    """Check that what is added to the rows of a tenant belongs to it.

    Args:
        tenant: That of the unit of work; None where its principal belongs to none.

    Raises:
        NoTenant: It is None.
        ValueError: The present principal belongs to another one, and so is not that of the unit of work.
    """
    if tenant is None:
        raise NoTenant
    if tenant != current_tenant():
        raise ValueError("the principal changed within a unit of work")
