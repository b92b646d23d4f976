"""Columns for boxes: each box to the right of those that it refers to, and no column much higher than wanted."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from schema_tools.report.layout.model import Box, Link

SPACE: Final = 28.0
"""Between two boxes of a column."""


def directed(boxes: Sequence[Box], links: Sequence[Link]) -> set[tuple[str, str]]:
    """The pairs of boxes that are linked, as (left, right), without a circle: where there is one, it is cut.

    A parent is on the left. Boxes are taken from both ends of what is left, as in Eades, Lin and Smyth, "A fast and
    effective heuristic for the feedback arc set problem" (1993).
    """
    pairs = {(one.parent, one.child) for one in links if one.parent != one.child}
    left = {box.name for box in boxes}
    first: list[str] = []
    last: list[str] = []
    while left:
        within = [pair for pair in pairs if left.issuperset(pair)]
        out, into = Counter(one for one, _ in within), Counter(other for _, other in within)
        ends = sorted(name for name in left if not out[name])
        starts = sorted(name for name in left if out[name] and not into[name])
        if ends:
            last += ends
            left.difference_update(ends)
        elif starts:
            first += starts
            left.difference_update(starts)
        else:
            chosen = min(left, key=lambda name: (into[name] - out[name], name))
            first.append(chosen)
            left.remove(chosen)
    rank = {name: number for number, name in enumerate([*first, *reversed(last)])}
    return {(one, other) if rank[one] < rank[other] else (other, one) for one, other in pairs}


def columns(boxes: Sequence[Box], pairs: set[tuple[str, str]], height: float) -> dict[str, int]:
    """The number of each box's column, counted from the left.

    The boxes with the longest way to the right come first, each into the first column after those of its parents that
    has room; so a column is not higher than `height`, unless one box is.
    """
    layering = _Layering(
        before={box.name: sorted(one for one, other in pairs if other == box.name) for box in boxes},
        after={box.name: sorted(other for one, other in pairs if one == box.name) for box in boxes},
        size={box.name: box.height + SPACE for box in boxes},
        height=height,
    )
    layering.fill()
    layering.shorten()
    used = sorted(set(layering.column.values()))
    return {name: used.index(number) for name, number in layering.column.items()}


@dataclass(slots=True)
class _Layering:
    """The columns as they are filled: for each box what is to its left and right, and how much room it takes."""

    before: Mapping[str, Sequence[str]]
    after: Mapping[str, Sequence[str]]
    size: Mapping[str, float]
    height: float
    column: dict[str, int] = field(default_factory=dict)
    filled: dict[int, float] = field(default_factory=dict)

    def fill(self) -> None:
        """Put every box into a column."""
        ways = _longest_ways(self.after)
        for name in sorted(self.size, key=lambda name: (-ways[name], -len(self.after[name]), name)):
            number = max((self.column[one] + 1 for one in self.before[name]), default=0)
            while self.filled.get(number) and not self._has_room(number, name):
                number += 1
            self._put(name, number)

    def shorten(self) -> None:
        """Move boxes towards what refers to them, where that makes links shorter and there is room."""
        for name in sorted(self.column, key=lambda name: (-self.column[name], name)):
            if len(self.after[name]) <= len(self.before[name]):
                continue
            last = min(self.column[one] for one in self.after[name]) - 1
            rooms = (number for number in range(last, self.column[name], -1) if self._has_room(number, name))
            number = next(rooms, None)
            if number is not None:
                self.filled[self.column[name]] -= self.size[name]
                self._put(name, number)

    def _has_room(self, number: int, name: str) -> bool:
        return self.filled.get(number, 0.0) + self.size[name] <= self.height

    def _put(self, name: str, number: int) -> None:
        self.column[name] = number
        self.filled[number] = self.filled.get(number, 0.0) + self.size[name]


def _longest_ways(after: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """How many links the longest way to the right has, from each box."""
    ways: dict[str, int] = {}
    waiting = sorted(after)
    while waiting:
        name = waiting[-1]
        unknown = [one for one in after[name] if one not in ways]
        if unknown:
            waiting += unknown
            continue
        ways[name] = max((ways[one] + 1 for one in after[name]), default=0)
        waiting.pop()
    return ways
