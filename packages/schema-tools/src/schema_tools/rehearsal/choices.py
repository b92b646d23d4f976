"""Choosing rows for a table: combinations of values for which the database found no condition to be false."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import chain, islice, product
from math import gcd, prod
from random import Random
from typing import Final

from schema_tools.rehearsal.candidates import candidates, fresh
from schema_tools.rehearsal.clues import Clues
from schema_tools.rehearsal.shapes import ColumnShape, ReferenceShape, TableShape, quoted
from schema_tools.rehearsal.stores import ChosenRow, Store, Value

# How many combinations of values the database is asked about at once, and how many after an error.
_COMBINATIONS: Final = 3_000
_SINGLY: Final = 300
_PARENTS: Final = 10_000
_STEPS: Final = 16
# NULL is the third value to be tried, so that a small number of rows includes it.
_PLACE_OF_NULL: Final = 2
# Every third row omits the columns that have a default.
_LEFT_TO_DEFAULTS: Final = 3


class NoRowFits(Exception):
    """No combination of values was accepted; the message names the constraint that prevented it."""


@dataclass
class Chooser:
    """Chooses rows for one table.

    Attributes:
        examples: Values that are known to be good, by column, as text.
        banned: Pairs of column and value that are not to be chosen again.
        explicit: Columns to choose values for although the database could fill them in.
        free: References to ignore, because the rows that they refer to are being chosen as well.
    """

    store: Store
    table: TableShape
    tables: Mapping[str, TableShape]
    random: Random
    examples: Mapping[str, Value] = field(default_factory=dict)
    banned: set[tuple[str, Value]] = field(default_factory=set)
    explicit: frozenset[str] = frozenset()
    free: frozenset[str] = frozenset()

    def rows(self, start: int, count: int) -> list[ChosenRow]:
        """At most `count` rows; `start` is how many were chosen before.

        Raises:
            NoRowFits: No combination of values was accepted.
        """
        groups = [self._choices(group, start, count) for group in self._groups()]
        return [row for number in range(count) if (row := self._row(groups, start, number, count)) is not None]

    def _row(self, groups: Sequence[Sequence[ChosenRow]], start: int, number: int, count: int) -> ChosenRow | None:
        row: ChosenRow = {}
        for place, choices in enumerate(groups):
            turn, turns = number, count
            if choices[0].keys() <= self._may_be_left_out:
                if number % _LEFT_TO_DEFAULTS == _LEFT_TO_DEFAULTS - 1:
                    continue
                # Rows that omit them take no turn, so that no choice is skipped.
                turn, turns = number - (number + 1) // _LEFT_TO_DEFAULTS, count - count // _LEFT_TO_DEFAULTS
            first = self._first(choices, start, turn, turns, place)
            candidates_of_row = (choices[(first + more) % len(choices)] for more in range(len(choices)))
            chosen = next((one for one in candidates_of_row if not self.banned & one.items()), None)
            if chosen is None:
                return None
            row |= chosen
        return row

    def _first(self, choices: Sequence[ChosenRow], start: int, turn: int, turns: int, place: int) -> int:
        """The index of the choice that a row tries first.

        The first row has the first choice of every group. Each group then goes through its choices with another
        stride, so that the rows combine them in different ways.
        """
        if choices[0].keys() & self._in_keys:
            # A key that is a reference continues where it stopped; other keys get fresh values every time.
            refers = any(choices[0].keys() & set(one.columns) for one in self._references)
            return start + turn if refers else turn
        width = max(1, min(turns, len(choices)))
        steps = _steps(width)
        return turn * steps[place % len(steps)] % width

    @cached_property
    def _may_be_left_out(self) -> frozenset[str]:
        defaults = {column.name for column in self.table.columns if column.source == "default"}
        return frozenset(defaults - self.explicit - self._in_keys)

    @cached_property
    def _in_keys(self) -> frozenset[str]:
        return frozenset(name for key in self.table.keys for name in key)

    @property
    def _references(self) -> list[ReferenceShape]:
        return [one for one in self.table.references if one.name not in self.free]

    def _groups(self) -> list[list[ColumnShape]]:
        """The columns that get values here, grouped where a check or a reference connects them."""
        freely = {name for one in self.table.references if one.name in self.free for name in one.columns}
        columns = [
            column
            for column in self.table.columns
            if column.name in self.explicit
            or (column.source in {"writer", "default"} and column.name not in freely - self.explicit)
            or (column.source == "counter" and any(column.name in one.columns for one in self._references))
        ]
        group_of = {column.name: {column.name} for column in columns}
        for names in [*(one.columns for one in self.table.checks), *(one.columns for one in self._references)]:
            merged: set[str] = set().union(*(group_of.get(name, set()) for name in names))
            for name in merged:
                group_of[name] = merged
        unique = {id(group): group for group in group_of.values()}
        return [[column for column in columns if column.name in group] for group in unique.values()]

    def _choices(self, group: list[ColumnShape], start: int, count: int) -> list[ChosenRow]:
        """Values for a group of columns; those that add a new value come first."""
        names = {column.name for column in group}
        checks = [one for one in self.table.checks if one.columns and names.issuperset(one.columns)]
        conditions = [(one.name, one.condition) for one in checks]
        for column in group:
            domain = f"the domain {column.type.name}"
            conditions += [(domain, _on_column(condition, column.name)) for condition in column.type.checks]
        referring = [one for one in self._references if names.issuperset(one.columns)]
        axes = [self._referred(referring, start, count)] if referring else []
        given = {name for axis in axes for row in axis for name in row}
        for column in group:
            if column.name not in given:
                clues = Clues(tuple(one.condition for one in checks if column.name in one.columns) + column.type.checks)
                axes.append([{column.name: value} for value in self._values(column, clues, start, count)])
        proposals = list(self._combined(axes, count))
        if conditions or names & self.examples.keys():
            proposals = self._judged(group, proposals, conditions)
        return _varied(proposals)

    def _values(self, column: ColumnShape, clues: Clues, start: int, count: int) -> list[Value]:
        usual: list[Value] = list(candidates(column.type, clues, self.random))
        keyed = column.name in self._in_keys
        new = fresh(column.type, clues, self.random, start, count + 3 if keyed else 3)
        # A key needs many new values, and still some extreme ones among the first.
        found: list[Value] = [*new[:1], *usual[:3], *new[1:], *usual[3:]] if keyed else [*usual, *new]
        if keyed and start:
            taken = {key[0] for key in self.store.keys(self.table, [column.name], _PARENTS)}
            found = [value for value in found if value not in taken] or found
        if column.nullable:
            found.insert(_PLACE_OF_NULL, None)
        if start == 0 and column.name in self.examples:
            found.insert(0, self.examples[column.name])
        return list(dict.fromkeys(found))

    def _referred(self, references: Sequence[ReferenceShape], start: int, count: int) -> list[ChosenRow]:
        """The combinations of values that the columns of references can have, from the tables that they refer to."""
        joined: list[ChosenRow] = [{}]
        for one in references:
            options: list[ChosenRow] = [
                dict(zip(one.columns, key, strict=True))
                for key in self.store.keys(self.tables[one.table], one.referred, max(_PARENTS, start + count))
            ]
            if not self.table.demands(one):
                options.insert(1, {name: None for name in one.columns if self.table.column(name).nullable})
            if not options:
                raise NoRowFits(f"{one.name}: {one.table} has no row to refer to")
            options = options[: max(1, _PARENTS // max(1, len(joined)))]
            # References that share a column must agree on its value.
            joined = [
                row | one for row in joined for one in options if all(row.get(key, at) == at for key, at in one.items())
            ]
        if not joined:
            names = ", ".join(one.name for one in references)
            raise NoRowFits(f"{names}: the tables referred to have no rows that fit together")
        return joined

    def _combined(self, axes: Sequence[Sequence[ChosenRow]], count: int) -> Iterator[ChosenRow]:
        limit = max(_COMBINATIONS, 2 * count)
        if prod(map(len, axes)) <= limit:
            combinations: Iterable[tuple[ChosenRow, ...]] = product(*axes)
        else:
            along = (tuple(axis[at % len(axis)] for axis in axes) for at in range(max(map(len, axes))))
            drawn = (tuple(self.random.choice(axis) for axis in axes) for _ in range(limit))
            combinations = islice(chain(along, drawn), limit)
        for parts in combinations:
            yield {name: value for part in parts for name, value in part.items()}

    def _judged(
        self, group: list[ColumnShape], rows: list[ChosenRow], conditions: list[tuple[str, str]]
    ) -> list[ChosenRow]:
        rows = self._of_right_type(group, rows)
        found = self._passing(group, rows, [one for _, one in conditions])
        if found:
            return found
        names = dict.fromkeys(name for name, _ in conditions)
        alone = dict.fromkeys(name for name, one in conditions if not self._passing(group, rows, [one]))
        columns = ", ".join(column.name for column in group)
        raise NoRowFits(f"{', '.join(alone or names) or 'the types'}: no values were found for {columns}")

    def _passing(self, group: list[ColumnShape], rows: list[ChosenRow], conditions: list[str]) -> list[ChosenRow]:
        judged = self.store.judged(group, rows, conditions)
        if judged is not None:
            return [rows[at] for at in sorted(judged)]
        # A condition that raises, by a division by zero for instance, does so for the whole statement.
        if len(rows) <= 1:
            return []
        some = rows if len(rows) <= _SINGLY else self.random.sample(rows, _SINGLY)
        half = len(some) // 2
        return [*self._passing(group, some[:half], conditions), *self._passing(group, some[half:], conditions)]

    def _of_right_type(self, group: list[ColumnShape], rows: list[ChosenRow]) -> list[ChosenRow]:
        if self.store.judged(group, rows, []) is not None:
            return rows
        for column in group:
            values = list(dict.fromkeys(row[column.name] for row in rows))
            good = {value for value in values if self.store.judged([column], [{column.name: value}], []) is not None}
            rows = [row for row in rows if row[column.name] in good]
        return rows


@cache
def _steps(width: int) -> list[int]:
    """The strides that lead through all of `width` choices, round and round."""
    return [step for step in range(1, width + 1) if gcd(step, width) == 1][:_STEPS]


def _on_column(condition: str, column: str) -> str:
    """The condition of a domain as one on a column; string literals are left alone."""
    words = r"'(?:[^']|'')*'|\bVALUE\b"
    return re.sub(words, lambda found: quoted(column) if found[0] == "VALUE" else found[0], condition)


def _varied(rows: Sequence[ChosenRow]) -> list[ChosenRow]:
    """The same rows, those that add a value to the earlier ones first."""
    seen: set[tuple[str, Value]] = set()
    first: list[ChosenRow] = []
    others: list[ChosenRow] = []
    for row in rows:
        (others if seen >= row.items() else first).append(row)
        seen.update(row.items())
    return first + others
