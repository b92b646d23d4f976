"""The time."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The present moment: aware, in UTC, in microseconds."""
        ...


class SystemClock:
    """The wall clock of the machine, which may step back when it is set."""

    def now(self) -> datetime:
        """See `Clock.now`."""
        return datetime.now(UTC)
