"""The order in which tables can be filled."""

from collections.abc import Iterator, Mapping

from schema_tools.rehearsal.shapes import TableShape


def filling_order(tables: Mapping[str, TableShape]) -> Iterator[list[TableShape]]:
    """Every table after those that its rows must refer to; more than one where each must refer to the other.

    Among those that could come next, the one comes first that refers to the fewest empty tables where it may.
    """
    referred = {name: {one.table for one in table.references} - {name} for name, table in tables.items()}
    demanded = {name: {one.table for one in table.references if table.demands(one)} for name, table in tables.items()}
    left = set(tables)
    while left:
        ready = [name for name in left if not (demanded[name] - {name}) & left]
        names = [min(ready, key=lambda name: (len(referred[name] & left), name))] if ready else _circle(left, demanded)
        left -= set(names)
        yield [tables[name] for name in names]


def _circle(left: set[str], demanded: Mapping[str, set[str]]) -> list[str]:
    """Tables that demand each other, and no other table that is left."""
    reached = {name: _reachable(name, left, demanded) for name in sorted(left)}
    return next(sorted(names) for name, names in reached.items() if all(name in reached[other] for other in names))


def _reachable(start: str, left: set[str], demanded: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    pending = [start]
    while pending:
        more = (demanded[pending.pop()] & left) - found
        found |= more
        pending += more
    return found
