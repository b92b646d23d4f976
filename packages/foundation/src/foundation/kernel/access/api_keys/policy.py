"""The rules about which API keys a principal may see and change."""

from typing import Final

from foundation.kernel.access.policy import Forbidden, Restriction
from foundation.kernel.access.principal import Principal, PrincipalKind

READING: Final = "api-keys:read"
WRITING: Final = "api-keys:write"
ADMINISTRATION: Final = "api-keys:admin"

SCOPES: Final = (READING, WRITING, ADMINISTRATION)


class OwnApiKeys:
    """A principal sees and changes its owner's keys; with the scope `api-keys:admin`, those of its whole tenant.

    Operators see and change all keys of the tenant they work for, or all keys. See `RowPolicy`.
    """

    def readable(self, principal: Principal) -> Restriction:
        """See `RowPolicy.readable`."""
        of_tenant = {} if principal.tenant is None else {"tenant": principal.tenant}
        if principal.may(ADMINISTRATION):
            return of_tenant
        return {"owner": principal.acts_for, **of_tenant}

    def changeable(self, principal: Principal) -> Restriction:
        """See `RowPolicy.changeable`."""
        return self.readable(principal)

    def check_adding(self, _principal: Principal) -> None:
        """See `RowPolicy.check_adding`; what a key may be is for `check_issuing`."""


def check_issuing(principal: Principal, scopes: frozenset[str], owner: str | None, tenant: str | None) -> None:
    """Raise `Forbidden` if the key would do more than the principal may.

    No key has a scope that its issuer lacks, and only administrators and operators issue keys for others.
    """
    for scope in sorted(scopes):
        if not principal.may(scope):
            raise Forbidden("An API key may do no more than the principal that issues it.", scope=scope)
    if principal.kind is PrincipalKind.OPERATOR:
        return
    if tenant != principal.tenant:
        raise Forbidden("An API key belongs to the tenant of the principal that issues it.")
    if owner != principal.acts_for and not principal.may(ADMINISTRATION):
        raise Forbidden("Only administrators issue API keys for others.", scope=ADMINISTRATION)
