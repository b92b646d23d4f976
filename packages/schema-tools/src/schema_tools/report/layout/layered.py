"""The layout of boxes that are all connected: columns, trunks and tracks, put together."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import sqrt
from typing import Final

from schema_tools.report.layout.layering import SPACE, columns, directed
from schema_tools.report.layout.model import Box, Layout, Link, Place, Point
from schema_tools.report.layout.nets import Columns, Item, Net, in_columns
from schema_tools.report.layout.ordering import order
from schema_tools.report.layout.placing import place
from schema_tools.report.layout.tracks import tracks

_MARGIN: Final = 26.0
"""Between a box and the first track: the room for what is drawn at the end of a link."""
_TRACK: Final = 9.0
_GAP: Final = 2 * _MARGIN
_LOOP: Final = 16.0


def layered(boxes: Sequence[Box], links: Sequence[Link], ratio: float) -> Layout:
    """The layout of boxes that are connected, about `ratio` times as wide as it is high."""
    area = sum((box.width + _GAP) * (box.height + SPACE) for box in boxes)
    highest = sorted(box.height + SPACE for box in boxes)[-2:]
    height = max(sqrt(area / ratio), sum(highest))
    laid = in_columns(boxes, links, columns(boxes, directed(boxes, links), height))
    order(laid)
    place(laid)
    widths = {box.name: box.width for box in boxes}
    wide = [max((widths[item.name] for item in items if item.is_box), default=0.0) for items in laid.items]
    found = [tracks(laid.nets, number) for number in range(len(laid.items))]
    lefts, x = [], 0.0
    for width, (_, count) in zip(wide, found, strict=True):
        lefts.append(x)
        x += width + _GAP + max(count - 1, 0) * _TRACK
    places = {
        item.name: Place(lefts[number], item.y, wide[number], item.height)
        for number, items in enumerate(laid.items)
        for item in items
        if item.is_box
    }
    lines = _Lines(laid, [left + width + _MARGIN for left, width in zip(lefts, wide, strict=True)], found, places)
    routes = [lines.route(number, one) for number, one in enumerate(links)]
    corners = [point for route in routes for point in route]
    return Layout(
        places,
        routes,
        width=max([one.x + one.width for one in places.values()] + [point.x for point in corners]),
        height=max([one.y + one.height for one in places.values()] + [point.y for point in corners]),
    )


class _Lines:
    """The corners of links, once everything has its place."""

    def __init__(
        self,
        laid: Columns,
        first_tracks: Sequence[float],
        found: Sequence[tuple[Mapping[Net, int], int]],
        places: Mapping[str, Place],
    ) -> None:
        self._laid = laid
        self._first_tracks = first_tracks
        self._tracks = [track for track, _ in found]
        self._places = places

    def route(self, number: int, link: Link) -> list[Point]:
        """The corners of a link, from the parent to the child."""
        routed = self._laid.routed[number]
        if routed is None:
            return self._loop(link)
        net, end, end_y = routed
        points = self._to_the_right(net, end, end_y)
        return _corners(points if net.start.name == link.parent and end.name == link.child else points[::-1])

    def _loop(self, link: Link) -> list[Point]:
        place = self._places[link.parent]
        edge, above, below = place.x + place.width, place.y + link.parent_y, place.y + link.child_y
        return [Point(edge, above), Point(edge + _LOOP, above), Point(edge + _LOOP, below), Point(edge, below)]

    def _to_the_right(self, net: Net, end: Item, end_y: float) -> list[Point]:
        start = self._places[net.start.name]
        y = net.start.y + net.start_y
        points = [Point(start.x + start.width, y)]
        for column in sorted(net.wires):
            wires = net.wires[column]
            last = next((one for one in wires if one.right is end and one.right_y == end_y), None)
            wire = last or next(one for one in wires if not one.right.is_box)
            track = self._first_tracks[column] + self._tracks[column].get(net, 0) * _TRACK
            points.append(Point(track, y))
            y = wire.right.y + wire.right_y
            points.append(Point(track, y))
            if last is not None:
                break
        points.append(Point(self._places[end.name].x, y))
        return points


def _corners(points: Sequence[Point]) -> list[Point]:
    """The points without those on a straight line between their neighbours."""
    distinct = [points[0], *(after for before, after in pairwise(points) if before != after)]
    return [
        point
        for number, point in enumerate(distinct)
        if number in {0, len(distinct) - 1}
        or (
            not (distinct[number - 1].x == point.x == distinct[number + 1].x)
            and not (distinct[number - 1].y == point.y == distinct[number + 1].y)
        )
    ]
