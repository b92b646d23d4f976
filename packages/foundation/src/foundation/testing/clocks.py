"""Clocks that tests set."""

from datetime import UTC, datetime, timedelta
from typing import Final

NOON: Final = datetime(2025, 12, 16, 12, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)


class FixedClock:
    """A clock that stands still, until a test moves it, in whichever direction."""

    def __init__(self, moment: datetime = NOON) -> None:
        self.moment = moment

    def now(self) -> datetime:
        """See `Clock.now`."""
        return self.moment


class SteppingClock:
    """A clock that moves on by one step every time it is read."""

    def __init__(self, first: datetime = NOON, step: timedelta = MICROSECOND) -> None:
        self._next = first
        self._step = step

    def now(self) -> datetime:
        """See `Clock.now`."""
        moment, self._next = self._next, self._next + self._step
        return moment
