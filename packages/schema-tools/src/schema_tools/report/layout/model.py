"""What is laid out, and the result. Lengths are in pixels; y grows downwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Point(NamedTuple):
    """A place in the diagram."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle to place: its name, which is unique, and its least size."""

    name: str
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Link:
    """A line from the box `child` to the box `parent`, each at a height below the top of its box."""

    child: str
    child_y: float
    parent: str
    parent_y: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where a box is. It may have become wider than it asked for, so that boxes in a column are equally wide."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Where every box is, by its name, and the corners of each link, from the parent to the child.

    The diagram is `width` by `height`, and begins at 0, 0.
    """

    places: Mapping[str, Place]
    routes: Sequence[Sequence[Point]]
    width: float
    height: float
