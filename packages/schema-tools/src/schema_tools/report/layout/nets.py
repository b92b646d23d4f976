"""Nets: links that leave a box at the same height share a trunk, which passes every column on its way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from schema_tools.report.layout.model import Box, Link


@dataclass(eq=False)
class Item:
    """Something in a column: a box, or a trunk that passes.

    Attributes:
        name: Of the box; of a trunk, that of the box that it comes from.
        height: How much of the column it takes.
        y: Its top.
    """

    name: str
    height: float
    is_box: bool
    y: float = 0.0


@dataclass(frozen=True, eq=False)
class Wire:
    """What leads from an item to one in the next column, each at a height below the item's top."""

    left: Item
    left_y: float
    right: Item
    right_y: float

    @property
    def weight(self) -> float:
        """How much it matters that it is straight: a trunk most."""
        return 4.0 if not (self.left.is_box or self.right.is_box) else 2.0 if not self.right.is_box else 1.0


@dataclass(eq=False)
class Net:
    """The links that leave a box on its right side at one height.

    Attributes:
        column: The column of that box.
        ends: The columns, boxes and heights where they end.
        wires: By column, those that lead from it to the next.
    """

    column: int
    start: Item
    start_y: float
    ends: list[tuple[int, Item, float]] = field(default_factory=list)
    wires: dict[int, list[Wire]] = field(default_factory=dict)


@dataclass(eq=False)
class Columns:
    """Boxes and trunks in columns, and the nets between them; `routed` has the net and the end of each link."""

    items: list[list[Item]]
    nets: list[Net]
    routed: list[tuple[Net, Item, float] | None]

    def wires(self, column: int) -> list[Wire]:
        """What leads from a column to the next one."""
        return [wire for net in self.nets for wire in net.wires.get(column, ())]


_TRUNK = 14.0


def in_columns(boxes: Sequence[Box], links: Sequence[Link], column: Mapping[str, int]) -> Columns:
    """The boxes in their columns, with the trunks that the links need. A link of a box to itself has no net."""
    items: list[list[Item]] = [[] for _ in range(max(column.values(), default=-1) + 1)]
    made = {box.name: Item(box.name, box.height, is_box=True) for box in boxes}
    for box in boxes:
        items[column[box.name]].append(made[box.name])
    nets: dict[tuple[str, float], Net] = {}
    routed: list[tuple[Net, Item, float] | None] = []
    for one in links:
        if one.child == one.parent:
            routed.append(None)
            continue
        left, right = (one.parent, one.parent_y), (one.child, one.child_y)
        if column[one.child] < column[one.parent]:
            left, right = right, left
        net = nets.setdefault(left, Net(column[left[0]], made[left[0]], left[1]))
        net.ends.append((column[right[0]], made[right[0]], right[1]))
        routed.append((net, made[right[0]], right[1]))
    for net in nets.values():
        _lay(net, items)
    return Columns(items, list(nets.values()), routed)


def _lay(net: Net, items: list[list[Item]]) -> None:
    """Put a trunk into every column that the net passes, and the wires between."""
    item, height = net.start, net.start_y
    last = max(column for column, _, _ in net.ends)
    for column in range(net.column, last):
        ends = {(end, y): end for number, end, y in net.ends if number == column + 1}
        net.wires[column] = [Wire(item, height, end, y) for end, y in ends]
        if column + 1 < last:
            trunk = Item(net.start.name, _TRUNK, is_box=False)
            items[column + 1].append(trunk)
            net.wires[column].append(Wire(item, height, trunk, _TRUNK / 2))
            item, height = trunk, _TRUNK / 2
