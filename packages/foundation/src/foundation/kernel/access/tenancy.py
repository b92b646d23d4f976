"""Tenants: each sees its own rows of the entities that are kept for each tenant, and no others.

An entity knows nothing of it, nor do its use cases: its adapters say `per_tenant`, and the storage adds the tenant of
the present principal to whatever it reads and writes.
"""

from foundation.kernel.access.policy import Forbidden
from foundation.kernel.access.principal import current_principal


class NoTenant(Forbidden):
    """The principal belongs to no tenant, so that what it adds would belong to none."""

    sentence = "You belong to no tenant, and may add nothing."


def current_tenant() -> str | None:
    """The tenant of the present principal; None where it belongs to none, and sees the rows of none."""
    return current_principal().tenant


def check_tenant() -> None:
    """Raise `NoTenant` if the present principal belongs to no tenant."""
    if current_tenant() is None:
        raise NoTenant
