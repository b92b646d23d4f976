"""Optimistic concurrency: the time of the last change is the version, and a caller may name those it expects."""

from collections.abc import Container
from datetime import datetime, timedelta
from typing import Final

from foundation.kernel.errors import PreconditionFailed

# The resolution of times on every storage.
_TICK: Final = timedelta(microseconds=1)


def next_version(current: datetime, at: datetime) -> datetime:
    """The version after `current` for a change made `at` that time: always later, even if the clock was set back."""
    return max(at, current + _TICK)


def check_version(current: datetime, expected: Container[datetime] | None) -> None:
    """Raise `PreconditionFailed` unless `current` is among the expected versions. None expects nothing."""
    if expected is not None and current not in expected:
        raise PreconditionFailed
