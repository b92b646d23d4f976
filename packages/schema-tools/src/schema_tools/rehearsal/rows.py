"""Filling the tables of a database at any revision with rows that satisfy its types and constraints."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from schema_tools.rehearsal.choices import Chooser, NoRowFits
from schema_tools.rehearsal.examples import examples_as_text
from schema_tools.rehearsal.insertion import corrected, culprits_of, insert_most
from schema_tools.rehearsal.shapes import TableShape
from schema_tools.rehearsal.stores import ChosenRow, Store, count_rows, read_shapes, said

# The first wave is small, and finds out which values a table refuses.
_TRIAL: Final = 12
_WAVES: Final = 8
# Tables whose rows need each other are filled row by row.
_MOST_TOGETHER: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfilled:
    """A table that accepted no row, and the constraint or the message of the database that says why."""

    table: str
    reason: str


@dataclass(frozen=True, slots=True)
class Filled:
    """How many rows each table got, and the tables that stayed empty."""

    rows: Mapping[str, int]
    unfilled: Sequence[Unfilled]


def fill(
    connection: Connection,
    rows: int,
    *,
    examples: Mapping[str, Mapping[str, Any]] | None = None,
    tables: Collection[str] | None = None,
    shapes: Mapping[str, TableShape] | None = None,
) -> Filled:
    """Insert rows into every table, each referred table first, so that every type and constraint is satisfied.

    The rows vary: NULL and values, the longest text and the shortest, the largest number and the least. The same
    database gets the same rows every time. A table whose keys allow fewer rows, as a unique enum does, gets as many as
    it can have.

    Args:
        connection: A connection in a transaction, which the caller commits.
        rows: How many rows each table is given in addition to those that it has.
        examples: Values that are known to be good, by table and column; they are tried first.
        tables: The tables to fill; by default all.
        shapes: Every table, if the caller has read them already.

    Raises:
        sqlalchemy.exc.DBAPIError: The catalog cannot be read, or a deferred constraint is broken at the end.
    """
    store = Store(connection)
    shapes = shapes or read_shapes(connection)
    filling = _Filling(store, rows, examples or {}, shapes, count_rows(connection, list(shapes.values())))
    filling.fill(tables)
    return Filled(filling.added, [Unfilled(table=name, reason=why) for name, why in filling.unfilled.items()])


@dataclass
class _Filling:
    store: Store
    rows: int
    examples: Mapping[str, Mapping[str, Any]]
    tables: Mapping[str, TableShape]
    present: dict[str, int]
    added: dict[str, int] = field(default_factory=dict)
    unfilled: dict[str, str] = field(default_factory=dict)

    def fill(self, only: Collection[str] | None) -> None:
        again = []
        for group in _filling_order(self.tables):
            chosen = [table for table in group if only is None or table.name in only]
            names = {table.name for table in group}
            if any(one.table in names and table.demands(one) for table in group for one in table.references):
                self._fill_together(group if chosen else [])
                continue
            for table in chosen:
                if not all(self.present[one.table] for one in table.references if one.table != table.name):
                    again.append(table)
                self._fill(table)
        for table in again:
            # The tables that were empty then, in a cycle of references, may have rows now.
            if all(self.present[one.table] for one in table.references):
                self._fill(table)

    def _fill(self, table: TableShape) -> None:
        self._count(table, 0)
        chooser = self._chooser(table)
        wanted, start, reason = self.rows, self.present[table.name], ""
        size = min(wanted, _TRIAL)
        if any(one.table == table.name for one in table.references):
            size = (size + 1) // 2  # The later rows can refer to these.
        for _ in range(_WAVES):
            try:
                chosen = chooser.rows(start, size)
            except NoRowFits as error:
                reason = reason or str(error)
                break
            start += size
            outcome = insert_most(self.store, table, chosen)
            reason = outcome.reason or reason
            culprits = culprits_of(self.store, table, outcome)
            chooser.banned |= culprits
            again = insert_most(self.store, table, corrected(outcome, culprits))
            self._count(table, outcome.count + again.count)
            wanted -= outcome.count + again.count
            size = wanted
            if wanted <= 0:
                break
        self._note(table, reason)

    def _fill_together(self, group: Sequence[TableShape]) -> None:
        """Fill tables whose rows must refer to each other, or a table whose rows must refer to its own."""
        names = {table.name for table in group}
        wanted, reason = min(self.rows, _MOST_TOGETHER), ""
        choosers = []
        for table in group:
            inner = [one for other in group for one in other.references if one.table == table.name]
            chooser = self._chooser(table)
            chooser.explicit = frozenset(name for one in inner for name in one.referred)
            chooser.free = frozenset(one.name for one in table.references if one.table in names)
            choosers.append(chooser)
        try:
            start = max((self.present[name] for name in names), default=0)
            columns = [chooser.rows(start, wanted * 2) for chooser in choosers]
        except NoRowFits as error:
            columns, reason = [], str(error)
        for parts in zip(*columns, strict=False):
            rows = {chooser.table.name: part for chooser, part in zip(choosers, parts, strict=True)}
            _referring(group, rows)
            try:
                with self.store.connection.begin_nested():
                    self.store.insert_together([(table, rows[table.name]) for table in group])
            except DBAPIError as error:
                reason = said(error)
                continue
            for table in group:
                self._count(table, 1)
            if self.added[group[0].name] >= wanted:
                break
        for table in group:
            self._note(table, reason)

    def _chooser(self, table: TableShape) -> Chooser:
        return Chooser(
            store=self.store,
            table=table,
            tables=self.tables,
            # The name as the seed: another table beside it does not change what this one gets.
            random=Random(f"{table.name} {self.present[table.name]}"),  # noqa: S311 -- not for secrets
            examples=examples_as_text(self.examples.get(table.name, {}), table),
        )

    def _count(self, table: TableShape, rows: int) -> None:
        self.added[table.name] = self.added.get(table.name, 0) + rows
        self.present[table.name] += rows

    def _note(self, table: TableShape, reason: str) -> None:
        if self.rows and not self.present[table.name]:
            self.unfilled[table.name] = reason or "every row was taken for one that is there already"
        else:
            self.unfilled.pop(table.name, None)


def _referring(group: Sequence[TableShape], rows: Mapping[str, ChosenRow]) -> None:
    """Set the references between rows of tables that refer to each other."""
    for table in group:
        for one in [one for one in table.references if one.table in rows]:
            for name, referred in zip(one.columns, one.referred, strict=True):
                rows[table.name][name] = rows[one.table][referred]


def _filling_order(tables: Mapping[str, TableShape]) -> Iterator[list[TableShape]]:
    """Every table after those that its rows must refer to; those that must refer to each other come together.

    Of several that could come next, the one with the fewest optional references to later tables comes first.
    """
    referred = {name: {one.table for one in table.references} - {name} for name, table in tables.items()}
    demanded = {name: {one.table for one in table.references if table.demands(one)} for name, table in tables.items()}
    left = set(tables)
    while left:
        ready = [name for name in left if not (demanded[name] - {name}) & left]
        if ready:
            names = {min(ready, key=lambda name: (len(referred[name] & left), name))}
        else:
            # The smallest set of tables that demand no table outside it: each of them demands all the others.
            names = min((_reachable(name, left, demanded) for name in sorted(left)), key=len)
        left -= names
        yield [tables[name] for name in sorted(names)]


def _reachable(start: str, left: set[str], demanded: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    pending = [start]
    while pending:
        more = (demanded[pending.pop()] & left) - found
        found |= more
        pending += more
    return found
