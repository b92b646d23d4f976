"""The entity-relationship diagram as SVG, with every position written into it."""

from collections.abc import Iterator, Sequence
from typing import Final
from xml.etree.ElementTree import Element

from sqlalchemy import MetaData

from schema_tools.document.relationships import Relationship, relationships
from schema_tools.report.boxes import CELL, FOOT, HEAD, ROW, TableBox, links, table_boxes
from schema_tools.report.cells import cells, shortened
from schema_tools.report.layout.model import Place, Point
from schema_tools.report.layout.packing import lay_out
from schema_tools.report.markup import anchor, element, number

_MARGIN: Final = 32.0
_CORNER: Final = 6.0
_FOOT_LENGTH: Final = 11.0
_FOOT_WIDTH: Final = 6.0
_BAR: Final = 8.0
_LARGEST_NAME: Final = 44.0
_SMALLEST_NAME: Final = 15.0


def diagram(metadata: MetaData) -> Element:
    """Every table and every foreign key; a table is a link to what the page says of it."""
    refers = relationships(metadata)
    boxes = table_boxes(metadata, refers)
    laid = lay_out([one.box for one in boxes], links(boxes, refers))
    numbers = {one.table.fullname: position for position, one in enumerate(boxes)}
    width, height = laid.width + 2 * _MARGIN, laid.height + 2 * _MARGIN
    svg = element(
        "svg",
        element(
            "g",
            element(
                "g",
                [_link(one, route, numbers) for one, route in zip(refers, laid.routes, strict=True)],
                class_="links",
            ),
            element("g", [_table(one, laid.places[one.table.fullname], numbers) for one in boxes], class_="tables"),
            transform=f"translate({number(_MARGIN)} {number(_MARGIN)})",
        ),
        id="erd",
        xmlns="http://www.w3.org/2000/svg",
        role="group",
        aria_label=f"Entity-relationship diagram of {len(boxes)} tables and {len(refers)} foreign keys",
    )
    svg.set("viewBox", f"0 0 {number(width)} {number(height)}")
    svg.set("preserveAspectRatio", "xMidYMid meet")
    return svg


def _table(one: TableBox, place: Place, numbers: dict[str, int]) -> Element:
    table = one.table
    words = f"{table.fullname}: {table.comment}" if table.comment else table.fullname
    lines = [_row(one, position, place.width) for position in range(len(one.rows))]
    if one.hidden:
        more = f"{one.hidden} more column{'' if one.hidden == 1 else 's'}"
        y = HEAD + len(one.rows) * ROW + ROW / 2
        lines.append(element("text", more, class_="more", x=12, y=y, dy=4))
    head = f"M0 {number(HEAD)}V8a8 8 0 0 1 8-8H{number(place.width - 8)}a8 8 0 0 1 8 8V{number(HEAD)}z"
    return element(
        "a",
        element("title", words),
        element("rect", class_="box", width=place.width, height=place.height, rx=8),
        element("path", class_="head", d=head),
        element("rect", class_="edge", width=place.width, height=place.height, rx=8),
        element("text", one.title, class_="name", x=12, y=HEAD / 2, dy=5),
        element("g", lines, class_="rows"),
        _large_name(one, place),
        class_="table",
        href=f"#{anchor('table', table.fullname)}",
        id=anchor("box", table.fullname),
        aria_label=f"Table {table.fullname}",
        transform=f"translate({number(place.x)} {number(place.y)})",
        data_n=numbers[table.fullname],
    )


def _row(one: TableBox, position: int, width: float) -> Element:
    row = one.rows[position]
    y = HEAD + FOOT / 2 + position * ROW + ROW / 2
    return element(
        "g",
        element("text", row.key, class_="key", x=12, y=y, dy=3.5) if row.key else None,
        element("text", row.name, class_="column", x=38, y=y, dy=4),
        element("text", row.type, class_="type", x=width - 12, y=y, dy=4),
        class_=f"row {row.key.lower()}".strip(),
    )


def _large_name(one: TableBox, place: Place) -> Element:
    """The name of the table for a diagram that is so small that its columns cannot be read: in up to four lines."""
    room = place.width - 16
    best: tuple[float, list[str]] = (0.0, [])
    for most in range(1, 5):
        parts = _in_lines(one.table.name, most)
        size = min(
            _LARGEST_NAME,
            room / (max(cells(part) for part in parts) * CELL / 12),
            (place.height - 12) / (len(parts) * 1.15),
        )
        if size > best[0] + 1:
            best = (size, parts)
    size, parts = best
    if size < _SMALLEST_NAME:
        size, parts = _SMALLEST_NAME, [shortened(one.table.name, int(room / (_SMALLEST_NAME * CELL / 12)))]
    middle = place.height / 2 - (len(parts) - 1) * size * 0.575
    return element(
        "g",
        [
            element("text", part, x=place.width / 2, y=middle + position * size * 1.15, dy=size * 0.35)
            for position, part in enumerate(parts)
        ],
        class_="large",
        font_size=round(size, 1),
        aria_hidden="true",
    )


def _in_lines(name: str, most: int) -> list[str]:
    """The name in at most so many lines, broken after underscores and about equally long."""
    words = [word + "_" for word in name.split("_")]
    words[-1] = words[-1][:-1]
    lines, wanted = [""], cells(name) / most
    for word in (one for one in words if one):
        if lines[-1] and len(lines) < most and cells(lines[-1]) + cells(word) / 2 > wanted:
            lines.append("")
        lines[-1] += word
    return lines


def _link(one: Relationship, route: Sequence[Point], numbers: dict[str, int]) -> Element:
    columns, referred = ", ".join(one.columns), ", ".join(one.referred)
    words = f"{one.source.fullname} ({columns}) refers to {one.target.fullname} ({referred}), ON DELETE {one.on_delete}"
    return element(
        "g",
        element("title", words),
        element("path", class_="wide", d=_rounded(route)),
        element("path", class_="line", d=_rounded(route)),
        element("path", class_="end", d=" ".join(_ends(one, route))),
        class_="link optional" if one.optional else "link",
        data_from=numbers[one.source.fullname],
        data_to=numbers[one.target.fullname],
    )


def _rounded(route: Sequence[Point]) -> str:
    """The path along the corners, which are rounded where there is room."""
    first, *others = route
    parts = [f"M{number(first.x)} {number(first.y)}"]
    for position, point in enumerate(others, start=1):
        if point is route[-1]:
            parts.append(f"L{number(point.x)} {number(point.y)}")
            continue
        before, after = route[position - 1], route[position + 1]
        radius = min(_CORNER, _distance(before, point) / 2, _distance(point, after) / 2)
        come, go = _towards(point, before, radius), _towards(point, after, radius)
        parts.append(
            f"L{number(come.x)} {number(come.y)}Q{number(point.x)} {number(point.y)} {number(go.x)} {number(go.y)}"
        )
    return "".join(parts)


def _ends(one: Relationship, route: Sequence[Point]) -> Iterator[str]:
    """A bar where the link meets the parent; at the child a bar for one row, or a crow's foot for many."""
    yield _bar(route[0], route[1])
    child = route[-1]
    if one.single:
        yield _bar(child, route[-2])
        return
    tip = _towards(child, route[-2], _FOOT_LENGTH)
    for y in (child.y - _FOOT_WIDTH, child.y + _FOOT_WIDTH):
        yield f"M{number(tip.x)} {number(tip.y)}L{number(child.x)} {number(y)}"


def _bar(end: Point, inwards: Point) -> str:
    at = _towards(end, inwards, _BAR)
    return f"M{number(at.x)} {number(at.y - 5)}V{number(at.y + 5)}"


def _towards(point: Point, other: Point, distance: float) -> Point:
    """The point at a distance from one, on the way to another on the same horizontal or vertical line."""
    x, y = other.x - point.x, other.y - point.y
    return Point(
        point.x + (distance if x > 0 else -distance if x < 0 else 0),
        point.y + (distance if y > 0 else -distance if y < 0 else 0),
    )


def _distance(one: Point, other: Point) -> float:
    return abs(one.x - other.x) + abs(one.y - other.y)
