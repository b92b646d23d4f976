"""The rows that are open to the principal of the present task."""

from typing import Protocol, TypeVar

from foundation.kernel.access.policy import Forbidden, Restriction, RowPolicy
from foundation.kernel.access.principal import current_principal
from foundation.kernel.errors import NotFound

EntityT = TypeVar("EntityT", covariant=True)
IdT = TypeVar("IdT", contravariant=True)


class _Gets(Protocol[EntityT, IdT]):
    async def get(self, entity_id: IdT, within: Restriction) -> EntityT: ...


class RowAccess:
    """A policy, applied to the principal that the present task works for."""

    def __init__(self, policy: RowPolicy) -> None:
        self._policy = policy

    def readable(self) -> Restriction:
        """The rows that it may see."""
        return self._policy.readable(current_principal())

    def check_adding(self) -> None:
        """Raise `Forbidden` if it may add no rows."""
        self._policy.check_adding(current_principal())

    async def get_to_change(self, repository: _Gets[EntityT, IdT], entity_id: IdT) -> EntityT:
        """The entity, which the principal may change.

        Raises:
            NotFound: there is none, or the principal may not see it.
            Forbidden: it may see it, and not change it.
        """
        principal = current_principal()
        changeable = self._policy.changeable(principal)
        try:
            return await repository.get(entity_id, changeable)
        except NotFound:
            readable = self._policy.readable(principal)
            if readable == changeable:
                raise
            await repository.get(entity_id, readable)
            raise Forbidden from None
