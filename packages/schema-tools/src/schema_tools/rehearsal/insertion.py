"""Inserting as many rows as a table accepts, and finding the values for which it refuses the others."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.exc import DBAPIError

from schema_tools.rehearsal.shapes import TableShape
from schema_tools.rehearsal.stores import ChosenRow, Store, Value, said

# After so many refusals the other rows are not tried.
_ERRORS: Final = 60
# How many refused rows are examined for the value that is the reason.
_EXAMINED: Final = 6


@dataclass
class Outcome:
    """The result of inserting rows.

    Attributes:
        refused: The rows that raised an error, or were not tried.
        taken: The rows that were inserted, or skipped as duplicates.
        reason: Why the last of them was refused.
    """

    count: int = 0
    refused: list[ChosenRow] = field(default_factory=list)
    taken: list[ChosenRow] = field(default_factory=list)
    reason: str = ""


def culprits_of(store: Store, table: TableShape, outcome: Outcome) -> set[tuple[str, Value]]:
    """The values that the table refuses in any row: each is refused in a row that was taken before, too."""
    good = {pair for row in outcome.taken for pair in row.items()}
    if not outcome.taken:
        return {pair for row in outcome.refused for pair in row.items()}
    found: set[tuple[str, Value]] = set()
    for row in outcome.refused[:_EXAMINED]:
        if found & row.items():
            continue  # One reason is enough.
        for name, value in row.items():
            like = next((one for one in outcome.taken if name in one), None)
            if (name, value) not in good and like and _is_refused(store, table, {**like, name: value}):
                found.add((name, value))
    return found


def _is_refused(store: Store, table: TableShape, row: ChosenRow) -> bool:
    try:
        with store.connection.begin_nested() as savepoint:
            store.insert(table, [row])
            savepoint.rollback()
    except DBAPIError:
        return True
    return False


def corrected(outcome: Outcome, culprits: set[tuple[str, Value]]) -> list[ChosenRow]:
    """The refused rows, with values that were taken instead of the culprits."""
    taken: ChosenRow = {name: value for row in reversed(outcome.taken) for name, value in row.items()}
    changed = [
        {name: taken[name] if (name, value) in culprits and name in taken else value for name, value in row.items()}
        for row in outcome.refused
    ]
    return [new for new, old in zip(changed, outcome.refused, strict=True) if new != old]


def insert_most(store: Store, table: TableShape, rows: Sequence[ChosenRow]) -> Outcome:
    """Insert what the table accepts, rows with the same columns in one statement where possible."""
    outcome = Outcome()
    alike: dict[tuple[str, ...], list[ChosenRow]] = {}
    for row in rows:
        alike.setdefault(tuple(row), []).append(row)
    pending = list(reversed(alike.values()))
    while pending:
        some = pending.pop()
        if len(outcome.refused) >= _ERRORS:
            outcome.refused += some
            continue
        try:
            with store.connection.begin_nested():
                outcome.count += store.insert(table, some)
            outcome.taken += some
        except DBAPIError as error:
            if len(some) == 1:
                outcome.refused += some
                outcome.reason = said(error)
            else:
                half = len(some) // 2
                pending += [some[half:], some[:half]]
    return outcome
