"""The machine's clock."""

from datetime import UTC, datetime


class SystemClock:
    """The wall clock of the machine, which may step back when it is set."""

    def now(self) -> datetime:
        """See `Clock.now`."""
        return datetime.now(UTC)
