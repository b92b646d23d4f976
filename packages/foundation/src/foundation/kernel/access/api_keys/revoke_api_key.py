"""Revoke an API key."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from foundation.kernel.access.api_keys.authentication import TRUSTED_FOR
from foundation.kernel.access.api_keys.ports import UnitsOfWork
from foundation.kernel.access.api_keys.values import ApiKeyId
from foundation.kernel.access.row_access import RowAccess
from foundation.kernel.clock import Clock
from foundation.kernel.retry import retry_on_conflict


@dataclass(frozen=True, slots=True)
class RevokeApiKey:
    """The command to revoke a key."""

    key_id: ApiKeyId


class RevokeApiKeyHandler:
    """Revokes API keys."""

    def __init__(
        self,
        unit_of_work: UnitsOfWork,
        access: RowAccess,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._access = access
        self._clock = clock
        self._sleep = sleep

    async def __call__(self, command: RevokeApiKey) -> None:
        """Revoke the key, for good. When this returns, no worker accepts it any more.

        A worker trusts what it has read of a key for a second, so this waits for one after the commit. Nothing has to
        reach the other workers, whatever the storage is and whatever stands before it.

        Raises:
            ApiKeyNotFound: there is none, or the principal may not see it.
        """
        await retry_on_conflict(lambda: self._revoke(command))
        await self._sleep(TRUSTED_FOR)

    async def _revoke(self, command: RevokeApiKey) -> None:
        async with self._unit_of_work() as uow:
            key = await self._access.get_to_change(uow.api_keys, command.key_id)
            key.revoke(at=self._clock.now())
            await uow.commit()
