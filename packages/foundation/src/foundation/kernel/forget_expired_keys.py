"""Deletes recorded answers whose idempotency keys have expired."""

from collections.abc import Callable
from typing import Final

from foundation.kernel.clock import Clock
from foundation.kernel.unit_of_work import UnitOfWork

# So few that no transaction is long, however many have gathered.
_AT_A_TIME: Final = 500


class ForgetExpiredKeysHandler:
    """Forgets idempotency keys that have expired."""

    def __init__(self, unit_of_work: Callable[[], UnitOfWork], clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self) -> int:
        """Forget all of them, some in each transaction; how many they were."""
        forgotten = 0
        while some := await self._forget_some():
            forgotten += some
            if some < _AT_A_TIME:
                break
        return forgotten

    async def _forget_some(self) -> int:
        async with self._unit_of_work() as uow:
            some = await uow.idempotency_keys.forget_expired(self._clock.now(), _AT_A_TIME)
            await uow.commit()
            return some
