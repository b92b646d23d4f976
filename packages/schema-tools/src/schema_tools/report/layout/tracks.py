"""The vertical parts of links: in the gap between two columns, nets that would meet have tracks of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from schema_tools.report.layout.nets import Net

# Two lines that are closer than this look like one.
_APART: Final = 5.0
_ON_ONE_LINE: Final = 1000


@dataclass(eq=False)
class _Span:
    """The vertical part of a net in a gap: where it comes from on the left, and goes to on the right."""

    net: Net
    left: float
    right: Sequence[float]

    @cached_property
    def top(self) -> float:
        return min(self.left, *self.right)

    @cached_property
    def bottom(self) -> float:
        return max(self.left, *self.right)

    def meets(self, other: "_Span") -> bool:
        return self.top < other.bottom + _APART and other.top < self.bottom + _APART


def tracks(nets: Sequence[Net], column: int) -> tuple[Mapping[Net, int], int]:
    """The track of each net in the gap to the right of `column`, counted from the left, and how many there are.

    A net that passes the gap in a straight line has none.
    """
    spans = []
    for net in nets:
        wires = net.wires.get(column, ())
        if wires:
            span = _Span(net, wires[0].left.y + wires[0].left_y, [one.right.y + one.right_y for one in wires])
            if span.bottom > span.top:
                spans.append(span)
    track: dict[Net, int] = {}
    placed: list[_Span] = []
    for span in _in_order(spans):
        track[span.net] = 1 + max((track[one.net] for one in placed if one.meets(span)), default=-1)
        placed.append(span)
    return track, 1 + max(track.values(), default=-1)


def _in_order(spans: Sequence[_Span]) -> list[_Span]:
    """The spans from the left to the right, so that few lines cross: again and again the one that is best first."""
    costs = {(one, other): _cost(one, other) for one in spans for other in spans if one is not other}
    # By how much it costs more to have the one to the right of the other.
    gain = {(one, other): costs[other, one] - costs[one, other] for one, other in costs}
    total = {one: sum(gain[one, other] for other in spans if other is not one) for one in spans}
    ordered = []
    left = list(spans)
    while left:
        best = max(left, key=lambda one: total[one])
        left.remove(best)
        ordered.append(best)
        for one in left:
            total[one] -= gain[one, best]
    return ordered


def _cost(left: _Span, right: _Span) -> int:
    """How often the lines of two nets cross, or lie upon each other, when the track of `left` is the left one."""
    if not left.meets(right):
        return 0
    upon = sum(abs(y - right.left) < _APART for y in left.right)
    return (
        sum(right.top < y < right.bottom for y in left.right)
        + (left.top < right.left < left.bottom)
        + upon * _ON_ONE_LINE
    )
