"""The layout of any boxes and links: what is connected is laid out together, and the parts are packed on shelves."""

from collections.abc import Sequence
from math import sqrt
from typing import Final

from schema_tools.report.layout.layered import layered
from schema_tools.report.layout.model import Box, Layout, Link, Place, Point

_SPACE: Final = 48.0


def lay_out(boxes: Sequence[Box], links: Sequence[Link], ratio: float = 1.6) -> Layout:
    """Place every box, and route every link.

    No two boxes overlap, and no link passes a box that it does not belong to. The same input gives the same layout,
    also when its order is another one.

    Args:
        boxes: Each with another name.
        links: Between them, or from a box to itself.
        ratio: How many times as wide as it is high the layout should be, about.
    """
    boxes = sorted(boxes, key=lambda box: box.name)
    groups = _connected(boxes, links)
    parts = []
    for group in groups:
        names = {box.name for box in group}
        numbers = sorted(
            (number for number, one in enumerate(links) if one.child in names),
            key=lambda number: (
                links[number].parent,
                links[number].parent_y,
                links[number].child,
                links[number].child_y,
            ),
        )
        parts.append((numbers, layered(group, [links[number] for number in numbers], ratio)))
    # The large ones first; then by height, so that the shelves are well filled.
    parts.sort(key=lambda part: (not part[0], -part[1].height if not part[0] else -part[1].width * part[1].height))
    return _on_shelves(parts, len(links), ratio)


def _on_shelves(parts: Sequence[tuple[Sequence[int], Layout]], count: int, ratio: float) -> Layout:
    area = sum((one.width + _SPACE) * (one.height + _SPACE) for _, one in parts)
    width = max([sqrt(area * ratio), *(one.width for _, one in parts)], default=0.0)
    places: dict[str, Place] = {}
    routes: list[Sequence[Point]] = [()] * count
    x = y = shelf = used = 0.0
    for numbers, one in parts:
        if x and x + one.width > width:
            x, y, shelf = 0.0, y + shelf + _SPACE, 0.0
        for name, place in one.places.items():
            places[name] = Place(place.x + x, place.y + y, place.width, place.height)
        for number, route in zip(numbers, one.routes, strict=True):
            routes[number] = [Point(point.x + x, point.y + y) for point in route]
        used, shelf = max(used, x + one.width), max(shelf, one.height)
        x += one.width + _SPACE
    return Layout(places, routes, used, y + shelf)


def _connected(boxes: Sequence[Box], links: Sequence[Link]) -> list[list[Box]]:
    """The boxes in groups that no link leaves."""
    beside: dict[str, set[str]] = {box.name: set() for box in boxes}
    for one in links:
        beside[one.child].add(one.parent)
        beside[one.parent].add(one.child)
    group: dict[str, int] = {}
    for number, box in enumerate(boxes):
        waiting = [box.name]
        while waiting:
            name = waiting.pop()
            if name not in group:
                group[name] = number
                waiting += beside[name]
    return [[box for box in boxes if group[box.name] == number] for number in sorted(set(group.values()))]
