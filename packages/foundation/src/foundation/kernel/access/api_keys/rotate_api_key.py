"""Give an API key a new secret."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from foundation.kernel.access.api_keys.authentication import TRUSTED_FOR
from foundation.kernel.access.api_keys.issue_api_key import IssuedApiKey
from foundation.kernel.access.api_keys.policy import check_issuing
from foundation.kernel.access.api_keys.ports import ApiKeyView, UnitsOfWork
from foundation.kernel.access.api_keys.secret import hash_of, new_secret
from foundation.kernel.access.api_keys.values import ApiKeyId, SecretHash
from foundation.kernel.access.principal import current_principal
from foundation.kernel.access.row_access import RowAccess
from foundation.kernel.clock import Clock
from foundation.kernel.errors import InvalidValue
from foundation.kernel.retry import retry_on_conflict
from foundation.kernel.views import plain

DEFAULT_OVERLAP: Final = timedelta(hours=24)
MAX_OVERLAP: Final = timedelta(days=30)


class OverlapOutOfRange(InvalidValue):
    """Two secrets may not be good for that long."""

    code = "overlap-out-of-range"

    def __init__(self) -> None:
        super().__init__(f"The previous secret stays good for 0 seconds to {MAX_OVERLAP.days} days.")


@dataclass(frozen=True, slots=True)
class RotateApiKey:
    """The command to give a key a new secret; the present one stays good for `overlap`.

    Raises:
        OverlapOutOfRange: that is negative, or more than 30 days.
    """

    key_id: ApiKeyId
    overlap: timedelta = DEFAULT_OVERLAP

    def __post_init__(self) -> None:
        if not timedelta() <= self.overlap <= MAX_OVERLAP:
            raise OverlapOutOfRange


class RotateApiKeyHandler:
    """Rotates API keys."""

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

    async def __call__(self, command: RotateApiKey) -> IssuedApiKey:
        """Rotate the key. When this returns, no worker accepts the secret before the present one.

        Raises:
            ApiKeyNotFound: there is none, or the principal may not see it.
            ApiKeyEnded: it was revoked, or has expired.
            Forbidden: the key may do more than the principal.
        """
        rotated = await retry_on_conflict(lambda: self._rotate(command))
        await self._sleep(TRUSTED_FOR)
        return rotated

    async def _rotate(self, command: RotateApiKey) -> IssuedApiKey:
        secret = new_secret()
        async with self._unit_of_work() as uow:
            key = await self._access.get_to_change(uow.api_keys, command.key_id)
            # Its secret would give the principal what the key may.
            check_issuing(current_principal(), key.scopes.members, plain(key.owner), plain(key.tenant))
            now = self._clock.now()
            key.rotate(SecretHash(hash_of(secret)), previous_until=now + command.overlap, at=now)
            await uow.commit()
            return IssuedApiKey(ApiKeyView.of(key), secret)
