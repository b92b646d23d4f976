"""Ratios, spreads and percentiles."""

import math
import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Self


class Spread(NamedTuple):
    """Figures that were measured several times: the one in the middle, and the lowest and the highest."""

    median: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, figures: Iterable[float]) -> Self:
        """The spread of the figures, of which there must be one at least."""
        found = list(figures)
        return cls(statistics.median(found), min(found), max(found))


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Ours to theirs, pair by pair: what was measured in the same round stands at the same place."""
    return Spread.of(one / other for one, other in zip(ours, theirs, strict=True))


def percentile(figures: Sequence[float], percent: float) -> float:
    """The lowest figure that `percent` of them do not exceed: the nearest-rank percentile, which is one of them."""
    return sorted(figures)[max(math.ceil(len(figures) * percent / 100) - 1, 0)]
