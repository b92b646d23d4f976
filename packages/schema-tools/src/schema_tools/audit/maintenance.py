"""What vacuum and analyze have left undone, by the statistics."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection, RowMapping

from schema_tools.audit import thresholds
from schema_tools.audit.catalog import rows_of_tables
from schema_tools.findings import Finding

_DEAD_ROWS: Final = """
SELECT c.name AS table, s.n_dead_tup AS dead, s.n_live_tup AS live,
       greatest(s.last_vacuum, s.last_autovacuum) AS vacuumed, pg_table_size(c.oid) AS bytes
FROM pg_stat_all_tables s JOIN own_tables c ON c.oid = s.relid
WHERE s.n_dead_tup >= CAST(:share AS float8) * (s.n_dead_tup + s.n_live_tup) AND s.n_dead_tup > 0
  AND pg_table_size(c.oid) >= :bytes
ORDER BY 1
"""

_UNANALYSED: Final = """
SELECT c.name AS table, s.n_live_tup AS live
FROM pg_stat_all_tables s JOIN own_tables c ON c.oid = s.relid
WHERE s.n_live_tup >= :rows AND greatest(s.last_analyze, s.last_autoanalyze) IS NULL
ORDER BY 1
"""

# The TOAST table of a table may be older than itself, and is vacuumed with it.
_OLD_TRANSACTIONS: Final = """
SELECT c.name AS table, greatest(age(c.relfrozenxid), age(t.relfrozenxid)) AS age
FROM own_tables c LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
WHERE c.relkind IN ('r', 'm')
  AND greatest(age(c.relfrozenxid), age(t.relfrozenxid)) >= :age
ORDER BY 2 DESC, 1
"""


def maintenance_findings(connection: Connection) -> Iterator[Finding]:
    """Bloat (an estimate, from the count of dead rows), tables never analysed, and old transaction ids."""
    limits = {"share": thresholds.DEAD_ROWS, "bytes": thresholds.BLOATED_TABLE_BYTES}
    yield from map(_bloated, rows_of_tables(connection, _DEAD_ROWS, **limits))
    yield from map(_unanalysed, rows_of_tables(connection, _UNANALYSED, rows=thresholds.UNANALYSED_ROWS))
    yield from map(_old, rows_of_tables(connection, _OLD_TRANSACTIONS, age=thresholds.TRANSACTION_AGE))


def _bloated(row: RowMapping) -> Finding:
    share = row["dead"] / (row["dead"] + row["live"])
    vacuumed = f"{row['vacuumed']:%Y-%m-%d %H:%M} UTC" if row["vacuumed"] else "never"
    return Finding(
        rule="bloat",
        place=f"table {row['table']}",
        message=(
            f"an estimated {share:.0%} of its rows are dead ({row['dead']:,} of {row['dead'] + row['live']:,},"
            f" in {row['bytes'] // 1024**2} MB); last vacuum: {vacuumed}"
        ),
        why=(
            f"scans read them and memory holds them; autovacuum should have begun at {thresholds.DEAD_ROWS:.0%}:"
            " is it off, or held up by an old transaction?"
        ),
        fix=f"VACUUM (ANALYZE) {row['table']};",
    )


def _unanalysed(row: RowMapping) -> Finding:
    return Finding(
        rule="never-analysed",
        place=f"table {row['table']}",
        message=f"it has about {row['live']:,} rows and was never analysed",
        why="the planner guesses how many rows a condition meets",
        fix=f"ANALYZE {row['table']};",
    )


def _old(row: RowMapping) -> Finding:
    return Finding(
        rule="transaction-id-age",
        place=f"table {row['table']}",
        message=f"its oldest rows are {row['age']:,} transactions old",
        why="before 2,147,483,648 the server stops accepting writes until they are frozen",
        fix=f"VACUUM (FREEZE) {row['table']};",
    )
