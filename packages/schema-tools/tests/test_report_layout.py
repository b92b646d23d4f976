"""The layout of the diagram: boxes apart, links that begin and end at their tables and pass no other one."""

from itertools import combinations, pairwise
from random import Random
from time import monotonic

import pytest

from many_tables import many_tables
from schema_tools.document.relationships import relationships
from schema_tools.report.boxes import links, table_boxes
from schema_tools.report.layout.model import Box, Layout, Link, Place
from schema_tools.report.layout.packing import lay_out

Graph = tuple[list[Box], list[Link]]


def of_tables(count: int, seed: int = 1) -> Graph:
    metadata = many_tables(count, seed)
    refers = relationships(metadata)
    boxes = table_boxes(metadata, refers)
    return [one.box for one in boxes], links(boxes, refers)


def of_chance(seed: int) -> Graph:
    """Boxes of any size with any links: in circles, to themselves, several between the same two."""
    random = Random(seed)  # noqa: S311 -- shapes, not secrets
    boxes = [
        Box(f"box {number}", random.randint(40, 400), random.randint(40, 600))
        for number in range(random.randint(1, 30))
    ]
    height = {box.name: box.height for box in boxes}
    names = sorted(height)
    found = []
    for _ in range(random.randint(0, 60)):
        child, parent = random.choice(names), random.choice(names)
        found.append(Link(child, random.uniform(1, height[child]), parent, random.uniform(1, height[parent])))
    return boxes, found


def overlapping(one: Place, other: Place, apart: float = 0) -> bool:
    return (
        one.x < other.x + other.width + apart
        and other.x < one.x + one.width + apart
        and one.y < other.y + other.height + apart
        and other.y < one.y + one.height + apart
    )


def check(graph: Graph, laid: Layout) -> None:
    boxes, found = graph
    assert set(laid.places) == {box.name for box in boxes}
    for box in boxes:
        place = laid.places[box.name]
        assert (place.width >= box.width, place.height) == (True, box.height)
        assert min(place.x, place.y) >= 0
        assert place.x + place.width <= laid.width
        assert place.y + place.height <= laid.height
    assert [pair for pair in combinations(laid.places.values(), 2) if overlapping(*pair, apart=20)] == []
    for link, route in zip(found, laid.routes, strict=True):
        parent, child = laid.places[link.parent], laid.places[link.child]
        for end, place, y in ((route[0], parent, link.parent_y), (route[-1], child, link.child_y)):
            assert end.x in {place.x, place.x + place.width}
            assert end.y == pytest.approx(place.y + y, abs=1)
        for one, other in pairwise(route):
            assert (one.x == other.x) != (one.y == other.y), "each part is horizontal or vertical"
            x, y = min(one.x, other.x), min(one.y, other.y)
            line = Place(x, y, abs(one.x - other.x), abs(one.y - other.y))
            crossed = [name for name, place in laid.places.items() if overlapping(line, place)]
            assert crossed == [], f"{link} passes through {crossed}"


@pytest.mark.parametrize("count", [1, 2, 5, 40, 150])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_tables_do_not_overlap_and_links_end_at_their_tables(count: int, seed: int) -> None:
    graph = of_tables(count, seed)

    check(graph, lay_out(*graph))


@pytest.mark.parametrize("seed", range(60))
def test_any_boxes_and_links_are_laid_out(seed: int) -> None:
    graph = of_chance(seed)

    check(graph, lay_out(*graph))


def test_no_tables_are_an_empty_diagram() -> None:
    laid = lay_out([], [])

    assert (laid.places, list(laid.routes), laid.width, laid.height) == ({}, [], 0, 0)


def test_150_tables_are_laid_out_in_less_than_3_seconds() -> None:
    boxes, found = of_tables(150)
    began = monotonic()

    laid = lay_out(boxes, found)

    assert monotonic() - began < 3
    assert len(found) > 150
    assert 0.8 < laid.width / laid.height < 3


def test_the_layout_does_not_depend_on_the_order_in_which_boxes_and_links_are_given() -> None:
    boxes, found = of_tables(60)
    order = Random(1).sample(range(len(found)), len(found))  # noqa: S311 -- an order, not a secret

    first, second = lay_out(boxes, found), lay_out(boxes[::-1], [found[number] for number in order])

    assert first.places == second.places
    assert [first.routes[number] for number in order] == second.routes


def test_what_is_referred_to_is_on_the_left() -> None:
    boxes, found = of_tables(40)
    laid = lay_out(boxes, found)

    assert all(laid.places[one.parent].x < laid.places[one.child].x for one in found if one.parent != one.child)


def vertical_parts(laid: Layout, found: list[Link]) -> list[tuple[tuple[str, float], float, float, float]]:
    """The net, the x and both ends of each vertical part; links from the same height of a box are one net."""
    parts = []
    for link, route in zip(found, laid.routes, strict=True):
        for one, other in pairwise(route):
            if one.x == other.x:
                parts.append(((link.parent, link.parent_y), one.x, min(one.y, other.y), max(one.y, other.y)))
    return parts


def test_vertical_parts_of_different_links_do_not_lie_upon_each_other() -> None:
    boxes, found = of_tables(150)
    laid = lay_out(boxes, found)
    parts = vertical_parts(laid, found)

    assert len(parts) > 300
    assert [
        (one, other)
        for one, other in combinations(parts, 2)
        if one[0] != other[0] and one[1] == other[1] and one[2] < other[3] and other[2] < one[3]
    ] == []
