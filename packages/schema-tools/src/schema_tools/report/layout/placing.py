"""How high each item of a column is: as straight wires as its order allows."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from schema_tools.report.layout.layering import SPACE
from schema_tools.report.layout.nets import Columns, Item

_ROUNDS: Final = 30
_SPACE_OF_TRUNKS: Final = 6.0
# A weak pull to the middle, which keeps what few wires hold from drifting away.
_PULL: Final = 0.05


def place(columns: Columns) -> None:
    """Set the top of every item, in whole pixels, none above 0."""
    for items in columns.items:
        _stack(items)
    highest = max(items[-1].y + items[-1].height for items in columns.items)
    held = _held(columns)
    for turn in range(_ROUNDS):
        for number in range(len(columns.items)) if turn % 2 == 0 else reversed(range(len(columns.items))):
            _settle(columns.items[number], held, highest / 2)
    top = min(items[0].y for items in columns.items)
    for item in (item for items in columns.items for item in items):
        item.y = round(item.y - top)


def _stack(items: Sequence[Item]) -> None:
    y = 0.0
    for item, space in zip(items, _spaces(items), strict=True):
        item.y = y + space
        y = item.y + item.height


def _spaces(items: Sequence[Item]) -> list[float]:
    """The space above each item."""
    spaces = [0.0]
    for upper, lower in pairwise(items):
        boxes = upper.is_box + lower.is_box
        spaces.append(boxes * SPACE / 2 or _SPACE_OF_TRUNKS)
    return spaces


def _held(columns: Columns) -> dict[Item, list[tuple[Item, float, float]]]:
    """By item, what it is connected with, how much lower that would be if the wire were straight, and the weight."""
    held: dict[Item, list[tuple[Item, float, float]]] = {}
    for number in range(len(columns.items) - 1):
        for wire in columns.wires(number):
            lower = wire.left_y - wire.right_y
            held.setdefault(wire.right, []).append((wire.left, lower, wire.weight))
            held.setdefault(wire.left, []).append((wire.right, -lower, wire.weight))
    return held


def _settle(items: Sequence[Item], held: dict[Item, list[tuple[Item, float, float]]], middle: float) -> None:
    """Move the items of a column to where their wires want them, in the sense of least squares.

    Their order and the spaces make this an isotonic regression, which pooling adjacent violators solves:
    https://en.wikipedia.org/wiki/Isotonic_regression
    """
    wanted = []
    for item in items:
        wires = held.get(item, [])
        weight = _PULL + sum(one for *_, one in wires)
        pulled = _PULL * (middle - item.height / 2)
        wanted.append(((pulled + sum((other.y + lower) * one for other, lower, one in wires)) / weight, weight))
    offsets, offset = [], 0.0
    for position, space in enumerate(_spaces(items)):
        offset += space + (items[position - 1].height if position else 0.0)
        offsets.append(offset)
    pools: list[tuple[float, float, int]] = []
    for (target, weight), offset in zip(wanted, offsets, strict=True):
        mean, total, count = target - offset, weight, 1
        while pools and pools[-1][0] >= mean:
            other, others, more = pools.pop()
            mean = (mean * total + other * others) / (total + others)
            total, count = total + others, count + more
        pools.append((mean, total, count))
    means = [mean for mean, _, count in pools for _ in range(count)]
    for item, mean, offset in zip(items, means, offsets, strict=True):
        item.y = mean + offset
