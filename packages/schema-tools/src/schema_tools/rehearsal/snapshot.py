"""Every row of a database, and what became of it: what was lost or changed between two moments."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection

from schema_tools.rehearsal.shapes import TableShape

Row: TypeAlias = dict[str, Any]

# A trigger moves it with every change of a row, so it tells nothing that the other columns do not.
_KEPT_BY_TRIGGERS: Final = frozenset({"updated_at"})

_COUNTERS: Final = """
SELECT CASE WHEN schemaname = current_schema() THEN sequencename ELSE schemaname || '.' || sequencename END, last_value
FROM pg_sequences WHERE increment_by > 0 AND last_value IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a database holds.

    Attributes:
        counters: How far each sequence, or counted column, has come.
    """

    shapes: Mapping[str, TableShape]
    rows: Mapping[str, Sequence[Row]]
    counters: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Something that is not as it was.

    Attributes:
        rule: What kind of loss: `rows-lost`, `values-lost`, `values-changed` or `counter-set-back`.
    """

    rule: str
    what: str
    message: str


def take_snapshot(connection: Connection, shapes: Mapping[str, TableShape]) -> Snapshot:
    """Read every row of the tables, in one statement, and every counter."""
    if connection.dialect.name == "sqlite":
        found = {
            name: [_printable(one._asdict()) for one in connection.exec_driver_sql(f"SELECT * FROM {table.sql}")]  # noqa: S608
            for name, table in shapes.items()
        }
        return Snapshot(shapes, found, _sqlite_counters(connection))
    rows: dict[str, list[Row]] = {name: [] for name in shapes}
    parts = [f"SELECT {at}, row_to_json(t)::text FROM {table.sql} AS t" for at, table in enumerate(shapes.values())]  # noqa: S608
    names = list(shapes)
    if parts:
        for at, document in connection.exec_driver_sql(" UNION ALL ".join(parts).replace("%", "%%")):
            # As text, or a numeric would be taken for a float.
            rows[names[at]].append(json.loads(document, parse_float=str))
    counters = dict(map(tuple, connection.exec_driver_sql(_COUNTERS)))
    return Snapshot(shapes, rows, counters)


def losses(before: Snapshot, after: Snapshot) -> Iterator[Loss]:
    """What `after` lacks of `before`, in the tables and columns that both have."""
    for name, table in before.shapes.items():
        if name in after.shapes and before.rows[name]:
            yield from _of_table(table, before.rows[name], after.rows[name])
    for name, value in before.counters.items():
        now = after.counters.get(name, 0)
        if now < value and _is_counter_of_both(name, after):
            yield Loss(
                rule="counter-set-back",
                what=name,
                message=f"sets the counter {name} back from {value} to {now}",
            )


def _is_counter_of_both(name: str, after: Snapshot) -> bool:
    # A sequence that is gone is for the comparison of the catalogs to tell; one that has not counted is not there.
    return name in after.counters or any(name.startswith(f"{table}_") or name == table for table in after.shapes)


def _of_table(table: TableShape, before: Sequence[Row], after: Sequence[Row]) -> Iterator[Loss]:
    key = table.primary_key
    common = [name for name in before[0] if after and name in after[0]]
    if not after:
        yield _rows_lost(table.name, len(before), len(before))
    elif key and set(key) <= set(common):
        yield from _by_key(table.name, key, common, before, after)
    else:
        yield from _by_value(table.name, common, before, after)


def _by_key(
    table: str, key: Sequence[str], common: Sequence[str], before: Sequence[Row], after: Sequence[Row]
) -> Iterator[Loss]:
    found = {_values(row, key): row for row in after}
    pairs = [(row, found[_values(row, key)]) for row in before if _values(row, key) in found]
    if len(pairs) < len(before):
        yield _rows_lost(table, len(before) - len(pairs), len(before))
    for column in common:
        lost = sum(old[column] is not None and new[column] is None for old, new in pairs)
        changed = [(old[column], new[column]) for old, new in pairs if _differ(old[column], new[column])]
        if lost:
            yield Loss(
                rule="values-lost",
                what=f"{table}.{column}",
                message=f"loses {lost} of {len(before)} values of {table}.{column}: they are NULL afterwards",
            )
        if changed and column not in _KEPT_BY_TRIGGERS:
            became = " became ".join(map(_shortened, changed[0]))
            yield Loss(
                rule="values-changed",
                what=f"{table}.{column}",
                message=f"leaves {len(changed)} of {len(before)} values of {table}.{column} changed: {became}",
            )


def _by_value(table: str, common: Sequence[str], before: Sequence[Row], after: Sequence[Row]) -> Iterator[Loss]:
    """Without a key, a row is known by its values alone."""
    telling = [name for name in common if name not in _KEPT_BY_TRIGGERS]
    if len(after) < len(before):
        yield _rows_lost(table, len(before) - len(after), len(before))
        return
    for column in telling:
        present = [row for row in before if row[column] is not None]
        missing = Counter(_values(row, [column]) for row in present) - Counter(_values(row, [column]) for row in after)
        if missing:
            yield Loss(
                rule="values-lost",
                what=f"{table}.{column}",
                message=f"loses {missing.total()} of {len(before)} values of {table}.{column}",
            )


def _differ(old: Any, new: Any) -> bool:
    """Whether a value became another one. What was empty and is filled in since is no loss: so a backfill works."""
    return old is not None and new is not None and bool(old != new)


def _rows_lost(table: str, lost: int, of: int) -> Loss:
    return Loss(rule="rows-lost", what=table, message=f"loses {lost} of {of} rows of {table}")


def _values(row: Row, columns: Sequence[str]) -> tuple[str, ...]:
    return tuple(json.dumps(row[name], sort_keys=True) for name in columns)


def _shortened(value: Any, longest: int = 40) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= longest else f"{text[:longest]}..."


def _printable(row: Mapping[str, Any]) -> Row:
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in row.items()}


def _sqlite_counters(connection: Connection) -> dict[str, int]:
    """The counters of AUTOINCREMENT: https://www.sqlite.org/autoinc.html."""
    if connection.exec_driver_sql("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_sequence'").scalar():
        return dict(map(tuple, connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence")))
    return {}
