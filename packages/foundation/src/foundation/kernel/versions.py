"""Optimistic concurrency: a caller may name the versions it is willing to change."""

from collections.abc import Set as AbstractSet
from datetime import datetime

from foundation.kernel.errors import PreconditionFailed


def check_version(current: datetime, expected: AbstractSet[datetime] | None) -> None:
    """Raise `PreconditionFailed` unless `current` is among the expected versions. None expects nothing."""
    if expected is not None and current not in expected:
        raise PreconditionFailed
