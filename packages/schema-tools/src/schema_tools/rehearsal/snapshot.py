"""Every row of a database, and what was lost or changed between two snapshots."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, inspect

from schema_tools.rehearsal.shapes import TableShape
from schema_tools.rehearsal.stores import execute

Row: TypeAlias = dict[str, Any]

# A trigger changes it with every update, so it reveals nothing that the other columns do not.
_KEPT_BY_TRIGGERS: Final = frozenset({"updated_at"})

_COUNTERS: Final = """
SELECT CASE WHEN schemaname = current_schema() THEN sequencename ELSE schemaname || '.' || sequencename END, last_value
FROM pg_sequences WHERE increment_by > 0 AND last_value IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a database holds.

    Attributes:
        counters: The last value of each sequence or AUTOINCREMENT column.
    """

    shapes: Mapping[str, TableShape]
    rows: Mapping[str, Sequence[Row]]
    counters: Mapping[str, int]


def take_snapshot(connection: Connection, shapes: Mapping[str, TableShape]) -> Snapshot:
    """Read every row of the tables, in one statement on PostgreSQL, and every counter."""
    rows: dict[str, list[Row]] = {name: [] for name in shapes}
    if connection.dialect.name == "sqlite":
        for name, table in shapes.items():
            for row in connection.exec_driver_sql(f"SELECT * FROM {table.sql}").mappings():  # noqa: S608
                rows[name].append({key: one.hex() if isinstance(one, bytes) else one for key, one in row.items()})
        # Of AUTOINCREMENT: https://www.sqlite.org/autoinc.html
        counted = inspect(connection).has_table("sqlite_sequence")
        counters = connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence") if counted else ()
        return Snapshot(shapes, rows, dict(map(tuple, counters)))
    names = list(shapes)
    parts = [f"SELECT {at}, row_to_json(t.*)::text FROM {table.sql} AS t" for at, table in enumerate(shapes.values())]  # noqa: S608
    if parts:
        for at, document in execute(connection, " UNION ALL ".join(parts)):
            # As text, or a numeric would be taken for a float.
            rows[names[at]].append(json.loads(document, parse_float=str))
    return Snapshot(shapes, rows, dict(map(tuple, connection.exec_driver_sql(_COUNTERS))))


def losses(before: Snapshot, after: Snapshot) -> Iterator[tuple[str, str]]:
    """What `after` lacks of `before`, in the tables and columns that both have: the rules broken, and how."""
    for name, table in before.shapes.items():
        if name in after.shapes and before.rows[name]:
            yield from _of_table(table, before.rows[name], after.rows[name])
    for name, value in before.counters.items():
        now = after.counters.get(name, 0)
        # A dropped sequence is found by comparing the catalogs; one that has not counted yet is missing here.
        of_table = any(name.startswith(f"{table}_") or name == table for table in after.shapes)
        if now < value and (name in after.counters or of_table):
            yield "counter-set-back", f"sets the counter {name} back from {value} to {now}"


def _of_table(table: TableShape, before: Sequence[Row], after: Sequence[Row]) -> Iterator[tuple[str, str]]:
    common = [name for name in before[0] if after and name in after[0]]
    key = table.primary_key
    if key and set(key) <= set(common):
        found = {_values(row, key): row for row in after}
        pairs = [(row, found[_values(row, key)]) for row in before if _values(row, key) in found]
        lost, of_columns = len(before) - len(pairs), _by_key(table.name, common, pairs, len(before))
    else:
        # Without a key, a row is known by its values alone.
        lost = len(before) - len(after)
        of_columns = _by_value(table.name, common, before, after) if lost <= 0 else iter(())
    if lost > 0:
        yield "rows-lost", f"loses {lost} of {len(before)} rows of {table.name}"
    yield from of_columns


def _by_key(
    table: str, common: Sequence[str], pairs: Sequence[tuple[Row, Row]], total: int
) -> Iterator[tuple[str, str]]:
    for column in common:
        # A column that was NULL and is filled in since is no loss: so a backfill works.
        values = [(old[column], new[column]) for old, new in pairs if old[column] is not None]
        lost = sum(new is None for _, new in values)
        changed = [(old, new) for old, new in values if new is not None and old != new]
        if lost:
            yield "values-lost", f"loses {lost} of {total} values of {table}.{column}: they are NULL afterwards"
        if changed and column not in _KEPT_BY_TRIGGERS:
            became = " became ".join(map(_shortened, changed[0]))
            yield "values-changed", f"leaves {len(changed)} of {total} values of {table}.{column} changed: {became}"


def _by_value(
    table: str, common: Sequence[str], before: Sequence[Row], after: Sequence[Row]
) -> Iterator[tuple[str, str]]:
    for column in (name for name in common if name not in _KEPT_BY_TRIGGERS):
        present = [row for row in before if row[column] is not None]
        missing = Counter(_values(row, [column]) for row in present) - Counter(_values(row, [column]) for row in after)
        if missing:
            yield "values-lost", f"loses {missing.total()} of {len(before)} values of {table}.{column}"


def _values(row: Row, columns: Sequence[str]) -> tuple[str, ...]:
    return tuple(json.dumps(row[name], sort_keys=True) for name in columns)


def _shortened(value: Any, longest: int = 40) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= longest else f"{text[:longest]}..."
