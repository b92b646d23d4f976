"""Importing entities from a long list of lines, some of which may have been rejected before."""

from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Any, Final, Generic, Protocol, Self, TypeVar, cast

from foundation.kernel.bulk_loading import Loaded, Numbered
from foundation.kernel.errors import ApplicationError

MAX_REPORTED: Final = 100
"""How many lines of each kind a report names; it counts all of them."""

MAX_REJECTED: Final = 10_000
"""After how many rejected lines a list is given up: it is not what it is taken for, and each line costs time."""


class OnConflict(StrEnum):
    """What to do about a line whose unique value is taken: refuse the whole list, or leave the line out."""

    FAIL = "fail"
    SKIP = "skip"


class Rejected(Protocol):
    """A line that does not describe a valid entity, by its number. What is wrong with it is the source's concern."""

    @property
    def line(self) -> int:
        """The number of the line."""
        ...


NewT = TypeVar("NewT")
RejectedT = TypeVar("RejectedT", bound=Rejected)


@dataclass(frozen=True, slots=True)
class ImportReport(Generic[RejectedT]):
    """The result of an import: how many lines were imported, had a taken value, and were rejected.

    `taken_lines` and `rejected_lines` name the first hundred of each, in order.
    """

    imported: int
    taken: int
    rejected: int
    taken_lines: tuple[int, ...]
    rejected_lines: tuple[RejectedT, ...]


class ImportRefused(ApplicationError):
    """Some lines could not be imported, so none was; `report` says which."""

    code = "import-refused"
    sentence = "Some lines cannot be imported. Nothing was written."

    def __init__(self, report: ImportReport[Any], sentence: str | None = None) -> None:
        super().__init__(sentence)
        self.report = report


class LoadAborted(Exception):
    """A line was rejected, so whatever is loaded will be undone."""


class LineFilter(Generic[NewT, RejectedT]):
    """Separates the lines that describe a valid entity from the rejected ones, and reports on them.

    It is entered before the unit of work and left after it: with `OnConflict.FAIL` the first rejected line aborts the
    load, and when the storage has been released, the other lines are read for the sake of the report.

    Raises:
        ImportRefused: with `OnConflict.FAIL`, a line was rejected or its unique value is taken; with each, more than
            10,000 lines were rejected, and the others were not looked at.
    """

    def __init__(self, batches: AsyncIterable[Sequence[Numbered[NewT] | RejectedT]], on_conflict: OnConflict) -> None:
        self._batches = aiter(batches)
        self._all_or_nothing = on_conflict is OnConflict.FAIL
        self._accepted = self._filter()
        self._rejected = 0
        self._rejected_lines: list[RejectedT] = []

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the source of lines; after an aborted load, read what is left of it."""
        await self._accepted.aclose()
        if isinstance(error, LoadAborted):
            async for batch in self._batches:
                self._separate(batch)
                self._give_up_if_hopeless()
            raise ImportRefused(self._report(Loaded(0, 0, ()))) from None

    @property
    def accepted(self) -> AsyncGenerator[Sequence[Numbered[NewT]], None]:
        """The lines that describe a valid entity, in batches; reading them may raise `LoadAborted`."""
        return self._accepted

    def report(self, loaded: Loaded) -> ImportReport[RejectedT]:
        """The report, when every accepted line has been loaded and nothing committed yet.

        Raises:
            ImportRefused: with `OnConflict.FAIL`, a unique value is taken.
        """
        if self._all_or_nothing and loaded.taken:
            raise ImportRefused(self._report(Loaded(0, loaded.taken, loaded.taken_lines)))
        return self._report(loaded)

    async def _filter(self) -> AsyncGenerator[Sequence[Numbered[NewT]], None]:
        async for batch in self._batches:
            accepted = self._separate(batch)
            self._give_up_if_hopeless()
            if self._rejected and self._all_or_nothing:
                raise LoadAborted
            if accepted:
                yield accepted

    def _separate(self, batch: Sequence[Numbered[NewT] | RejectedT]) -> Sequence[Numbered[NewT]]:
        if set(map(type, batch)) == {Numbered}:
            return cast("Sequence[Numbered[NewT]]", batch)  # as nearly all batches, which are long
        accepted: list[Numbered[NewT]] = []
        for line in batch:
            if isinstance(line, Numbered):
                accepted.append(line)
                continue
            self._rejected += 1
            if len(self._rejected_lines) < MAX_REPORTED:
                self._rejected_lines.append(line)
        return accepted

    def _give_up_if_hopeless(self) -> None:
        if self._rejected > MAX_REJECTED:
            raise ImportRefused(
                self._report(Loaded(0, 0, ())),
                f"More than {MAX_REJECTED} lines are not valid; the others were not looked at. Nothing was written.",
            )

    def _report(self, loaded: Loaded) -> ImportReport[RejectedT]:
        return ImportReport(loaded.added, loaded.taken, self._rejected, loaded.taken_lines, tuple(self._rejected_lines))
