"""Deletes old entries of the audit trail."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final, Protocol

from foundation.kernel.audit_trail import AuditRetention
from foundation.kernel.clock import Clock
from foundation.kernel.unit_of_work import UnitOfWork

# So few that no transaction is long, however many have gathered.
_AT_A_TIME: Final = 500


class WithAuditTrail(UnitOfWork, Protocol):
    """A unit of work that keeps an audit trail."""

    @property
    def audit_retention(self) -> AuditRetention:
        """The end of old entries."""
        ...


class ForgetAuditEntriesHandler:
    """Forgets entries that have been kept for their time."""

    def __init__(self, unit_of_work: Callable[[], WithAuditTrail], clock: Clock, kept_for: timedelta) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._kept_for = kept_for

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
            some = await uow.audit_retention.forget(self._clock.now() - self._kept_for, _AT_A_TIME)
            await uow.commit()
            return some
