"""What vacuum and analyze have left undone, by the statistics."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection

from schema_tools.audit import thresholds
from schema_tools.audit.catalog import Check, found_by
from schema_tools.findings import Finding

_CHECKS: Final = (
    Check(
        rule="bloat",
        place="table {table}",
        message="an estimated {share:.0%} of its rows are dead ({dead:,} of {all:,}, in {megabytes} MB);"
        " last vacuum: {vacuumed}",
        why=f"scans read them and memory holds them; autovacuum should have begun at {thresholds.DEAD_ROWS:.0%}:"
        " is it off, or held up by an old transaction?",
        fix="VACUUM (ANALYZE) {table};",
        query="""
            SELECT c.name AS table, s.n_dead_tup AS dead, s.n_dead_tup + s.n_live_tup AS all,
                   CAST(s.n_dead_tup AS float8) / nullif(s.n_dead_tup + s.n_live_tup, 0) AS share,
                   pg_table_size(c.oid) / 1048576 AS megabytes,
                   coalesce(to_char(greatest(s.last_vacuum, s.last_autovacuum) AT TIME ZONE 'UTC',
                                    'YYYY-MM-DD HH24:MI "UTC"'), 'never') AS vacuumed
            FROM pg_stat_all_tables s JOIN own_tables c ON c.oid = s.relid
            WHERE s.n_dead_tup >= CAST(:share AS float8) * (s.n_dead_tup + s.n_live_tup) AND s.n_dead_tup > 0
              AND pg_table_size(c.oid) >= :bytes
            ORDER BY 1
        """,
    ),
    Check(
        rule="never-analysed",
        place="table {table}",
        message="it has about {live:,} rows and was never analysed",
        why="the planner guesses how many rows a condition meets",
        fix="ANALYZE {table};",
        query="""
            SELECT c.name AS table, s.n_live_tup AS live
            FROM pg_stat_all_tables s JOIN own_tables c ON c.oid = s.relid
            WHERE s.n_live_tup >= :rows AND greatest(s.last_analyze, s.last_autoanalyze) IS NULL
            ORDER BY 1
        """,
    ),
    # The TOAST table of a table may be older than itself, and is vacuumed with it.
    Check(
        rule="transaction-id-age",
        place="table {table}",
        message="its oldest rows are {age:,} transactions old",
        why="before 2,147,483,648 the server stops accepting writes until they are frozen",
        fix="VACUUM (FREEZE) {table};",
        query="""
            SELECT c.name AS table, greatest(age(c.relfrozenxid), age(t.relfrozenxid)) AS age
            FROM own_tables c LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
            WHERE c.relkind IN ('r', 'm')
              AND greatest(age(c.relfrozenxid), age(t.relfrozenxid)) >= :age
            ORDER BY 2 DESC, 1
        """,
    ),
)


def maintenance_findings(connection: Connection) -> Iterator[Finding]:
    """Bloat (an estimate, from the count of dead rows), tables never analysed, and old transaction ids."""
    return found_by(
        connection,
        _CHECKS,
        share=thresholds.DEAD_ROWS,
        bytes=thresholds.BLOATED_TABLE_BYTES,
        rows=thresholds.UNANALYSED_ROWS,
        age=thresholds.TRANSACTION_AGE,
    )
