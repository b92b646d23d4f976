"""The order of what is in each column, so that few wires cross."""

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from schema_tools.report.layout.nets import Columns, Item, Wire

_SWEEPS: Final = 24


def order(columns: Columns) -> None:
    """Sort each column of `columns` by what its items are connected with; the best of several sweeps is kept."""
    wires = [columns.wires(number) for number in range(len(columns.items) - 1)]
    best = [list(items) for items in columns.items]
    fewest = _all_crossings(best, wires)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        _sweep(columns.items, wires, to_the_right=sweep % 2 == 0)
        crossings = _all_crossings(columns.items, wires)
        if crossings < fewest:
            best, fewest = [list(items) for items in columns.items], crossings
    columns.items[:] = best
    _switch(columns.items, wires)


def _sweep(items: list[list[Item]], wires: Sequence[Sequence[Wire]], *, to_the_right: bool) -> None:
    numbers = range(1, len(items)) if to_the_right else range(len(items) - 2, -1, -1)
    for number in numbers:
        if to_the_right:
            ends = [(one.right, one.left, one.left_y) for one in wires[number - 1]]
        else:
            ends = [(one.left, one.right, one.right_y) for one in wires[number]]
        fixed = items[number - 1 if to_the_right else number + 1]
        rank = {item: float(position) for position, item in enumerate(fixed)}
        seen: dict[Item, list[float]] = {}
        for own, other, y in ends:
            seen.setdefault(own, []).append(rank[other] + y / (other.height + 1))
        means = {item: sum(values) / len(values) for item, values in seen.items()}
        items[number] = _sorted(items[number], means)


def _sorted(items: Sequence[Item], means: Mapping[Item, float]) -> list[Item]:
    """The items by their means; one without keeps its position."""
    ranked = iter(sorted((one for one in items if one in means), key=lambda one: means[one]))
    return [next(ranked) if one in means else one for one in items]


def _all_crossings(items: Sequence[Sequence[Item]], wires: Sequence[Sequence[Wire]]) -> int:
    return sum(_crossings(items[number], items[number + 1], wires[number]) for number in range(len(wires)))


def _crossings(left: Sequence[Item], right: Sequence[Item], wires: Sequence[Wire]) -> int:
    from_left = {item: position for position, item in enumerate(left)}
    from_right = {item: position for position, item in enumerate(right)}
    ends = sorted(((from_left[one.left], one.left_y), (from_right[one.right], one.right_y)) for one in wires)
    seen: list[tuple[int, float]] = []
    crossings = 0
    for _, end in ends:
        crossings += len(seen) - bisect_right(seen, end)
        insort(seen, end)
    return crossings


def _switch(items: list[list[Item]], wires: Sequence[Sequence[Wire]]) -> None:
    """Exchange neighbours while that makes wires cross less."""
    for number, column in enumerate(items):
        sides: list[dict[Item, list[tuple[int, float]]]] = []
        if number > 0:
            rank = {item: position for position, item in enumerate(items[number - 1])}
            sides.append(_ends((one.right, (rank[one.left], one.left_y)) for one in wires[number - 1]))
        if number + 1 < len(items):
            rank = {item: position for position, item in enumerate(items[number + 1])}
            sides.append(_ends((one.left, (rank[one.right], one.right_y)) for one in wires[number]))
        for _ in column:
            if not _exchanged(column, sides):
                break


def _ends(pairs: Iterable[tuple[Item, tuple[int, float]]]) -> dict[Item, list[tuple[int, float]]]:
    """Where the wires of each item end in the column beside it."""
    ends: dict[Item, list[tuple[int, float]]] = {}
    for item, end in pairs:
        ends.setdefault(item, []).append(end)
    return ends


def _exchanged(column: list[Item], sides: Sequence[Mapping[Item, Sequence[tuple[int, float]]]]) -> bool:
    exchanged = False
    for position in range(len(column) - 1):
        upper, lower = column[position], column[position + 1]
        gain = 0
        for side in sides:
            for one in side.get(upper, ()):
                gain += sum((one > other) - (one < other) for other in side.get(lower, ()))
        if gain > 0:
            column[position : position + 2] = [lower, upper]
            exchanged = True
    return exchanged
