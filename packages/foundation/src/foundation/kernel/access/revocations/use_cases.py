"""What can be done with revocations."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from foundation.kernel.access.revocations.known_revocations import TRUSTED_FOR, KnownRevocations
from foundation.kernel.access.revocations.ports import (
    RevocationFilter,
    RevocationQueries,
    RevocationSort,
    RevocationView,
    UnitsOfWork,
)
from foundation.kernel.access.revocations.revocation import NewRevocation, Revocation, RevocationId
from foundation.kernel.clock import Clock
from foundation.kernel.pagination import Page, Position
from foundation.kernel.retry import retry_on_conflict


@dataclass(frozen=True, slots=True)
class RevokeTokens:
    """The command to revoke access tokens."""

    new: NewRevocation


class RevocationUseCases:
    """Revokes access tokens, and takes that back."""

    def __init__(
        self,
        unit_of_work: UnitsOfWork,
        queries: RevocationQueries,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._queries = queries
        self._clock = clock
        self._sleep = sleep
        self.known = KnownRevocations(queries)

    async def revoke(self, command: RevokeTokens) -> RevocationView:
        """Revoke the tokens. When this returns, no worker accepts them any more.

        Raises:
            AlreadyRevoked: they are revoked already.
        """
        view = await retry_on_conflict(lambda: self._revoke(command))
        await self._sleep(TRUSTED_FOR)
        return view

    async def take_back(self, revocation_id: RevocationId) -> None:
        """Accept the tokens again that have not expired.

        Raises:
            RevocationNotFound: there is none.
        """
        await retry_on_conflict(lambda: self._remove(revocation_id))

    async def list(self, limit: int, after: Position | None) -> Page[RevocationView]:
        """A page of the revocations, by id."""
        return await self._queries.list(RevocationFilter(), RevocationSort.ID, limit, after)

    async def _revoke(self, command: RevokeTokens) -> RevocationView:
        async with self._unit_of_work() as uow:
            revocation = Revocation.declare(command.new, at=self._clock.now())
            await uow.revocations.add(revocation)
            await uow.commit()
            return RevocationView.of(revocation)

    async def _remove(self, revocation_id: RevocationId) -> None:
        async with self._unit_of_work() as uow:
            await uow.revocations.remove(await uow.revocations.get(revocation_id))
            await uow.commit()
