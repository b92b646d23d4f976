"""Import users from a long list."""

from collections.abc import AsyncIterable, Sequence
from dataclasses import dataclass
from typing import Generic

from application.unit_of_work import UnitOfWorkFactory
from domain.users.user import NewUser
from foundation.kernel.access.row_access import RowAccess
from foundation.kernel.bulk_import import MAX_REPORTED, ImportReport, LineFilter, OnConflict, RejectedT
from foundation.kernel.bulk_loading import Numbered
from foundation.kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class ImportUsers(Generic[RejectedT]):
    """The command to create the users that `lines` describe; they arrive in batches, and are never held all at once."""

    lines: AsyncIterable[Sequence[Numbered[NewUser] | RejectedT]]
    on_conflict: OnConflict = OnConflict.FAIL


class ImportUsersHandler:
    """Imports users in one transaction."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, access: RowAccess, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._access = access
        self._clock = clock

    async def __call__(self, command: ImportUsers[RejectedT]) -> ImportReport[RejectedT]:
        """Import the lines and report. A conflict with another writer is not retried, because lines come only once.

        Raises:
            Forbidden: the principal may add no users.
            ImportRefused: with `OnConflict.FAIL`, a line was rejected or its address is taken; nothing was written.
        """
        self._access.check_adding()
        lines = LineFilter[NewUser, RejectedT](command.lines, command.on_conflict)
        async with lines, self._unit_of_work() as uow:
            loaded = await uow.users.load(lines.accepted, self._clock.now(), MAX_REPORTED)
            report = lines.report(loaded)
            await uow.commit()
            return report
