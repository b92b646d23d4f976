"""Import users from a long list."""

from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from application.unit_of_work import UnitOfWorkFactory
from domain.users.user import NewUser
from foundation.kernel.bulk_loading import Loaded, Numbered
from foundation.kernel.clock import Clock
from foundation.kernel.errors import ApplicationError

MOST_REPORTED: Final = 100
"""How many lines of each kind a report names; it counts all of them."""


class OnConflict(StrEnum):
    """What to do about a line whose address is taken: refuse the whole list, or leave the line out."""

    FAIL = "fail"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class LineError:
    """What is wrong with one value of a line: `pointer` says which, `code` is for programs, `message` for people."""

    pointer: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A line that describes no user, by its number, with everything that is wrong with it."""

    line: int
    errors: tuple[LineError, ...]


@dataclass(frozen=True, slots=True)
class ImportUsers:
    """The wish for the users that `lines` describe; they come some at a time, and are never held all at once."""

    lines: AsyncIterable[Sequence[Numbered[NewUser] | RejectedLine]]
    on_conflict: OnConflict = OnConflict.FAIL


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of the lines: how many were imported, taken by others, and rejected.

    `taken_lines` and `rejected_lines` name the first hundred of each, in order.
    """

    imported: int
    taken: int
    rejected: int
    taken_lines: tuple[int, ...]
    rejected_lines: tuple[RejectedLine, ...]


class ImportRefused(ApplicationError):
    """Some lines could not be imported, so none was; `report` says which."""

    code = "import-refused"
    sentence = "Some lines cannot be imported. Nothing was written."

    def __init__(self, report: ImportReport) -> None:
        super().__init__()
        self.report = report


class ImportUsersHandler:
    """Imports users in one transaction."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock

    async def __call__(self, command: ImportUsers) -> ImportReport:
        """Import the lines and report. A conflict with another writer is not retried, because lines come only once.

        Raises:
            ImportRefused: with `OnConflict.FAIL`, a line was rejected or its address is taken; nothing was written.
        """
        strict = command.on_conflict is OnConflict.FAIL
        sieve = _Sieve(command.lines, all_or_nothing=strict)
        try:
            async with aclosing(sieve.users()) as users, self._unit_of_work() as uow:
                loaded = await uow.users.load(users, self._clock.now(), MOST_REPORTED)
                if strict and loaded.taken:
                    raise ImportRefused(sieve.report(replace(loaded, added=0)))
                await uow.commit()
                return sieve.report(loaded)
        except _Futile:
            # The storage has been let go of; the other lines are read for the sake of the report.
            await sieve.drain()
            raise ImportRefused(sieve.report(Loaded(0, 0, ()))) from None


class _Futile(Exception):
    """Whatever is loaded from here on will be undone."""


class _Sieve:
    """Parts the users from the rejected lines."""

    def __init__(
        self, lines: AsyncIterable[Sequence[Numbered[NewUser] | RejectedLine]], *, all_or_nothing: bool
    ) -> None:
        self._batches = aiter(lines)
        self._all_or_nothing = all_or_nothing
        self._rejected = 0
        self._rejected_lines: list[RejectedLine] = []

    async def users(self) -> AsyncGenerator[Sequence[Numbered[NewUser]], None]:
        """The users; `_Futile` at the first rejected line, when it is all or nothing."""
        async for batch in self._batches:
            users = self._sift(batch)
            if self._rejected and self._all_or_nothing:
                raise _Futile
            if users:
                yield users

    async def drain(self) -> None:
        """Look at the lines that are left."""
        async for batch in self._batches:
            self._sift(batch)

    def report(self, loaded: Loaded) -> ImportReport:
        return ImportReport(loaded.added, loaded.taken, self._rejected, loaded.taken_lines, tuple(self._rejected_lines))

    def _sift(self, batch: Sequence[Numbered[NewUser] | RejectedLine]) -> list[Numbered[NewUser]]:
        users: list[Numbered[NewUser]] = []
        for line in batch:
            if isinstance(line, Numbered):
                users.append(line)
                continue
            self._rejected += 1
            if len(self._rejected_lines) < MOST_REPORTED:
                self._rejected_lines.append(line)
        return users
