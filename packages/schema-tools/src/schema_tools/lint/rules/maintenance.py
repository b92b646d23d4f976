"""Statements that lock a whole table for as long as they work on it."""

from collections.abc import Iterator

from schema_tools.lint.actions import ChangeStorage, Cluster, DetachPartition, LockTable, Refresh, Vacuum
from schema_tools.lint.rule import Hit, Waived, revision_rule
from schema_tools.lint.safe_forms import execute, outside_transaction, quoted
from schema_tools.lint.step import At

# Those that block neither reads nor writes: https://www.postgresql.org/docs/current/explicit-locking.html
_MILD = frozenset({"ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE"})


@revision_rule(
    fires="VACUUM FULL",
    source="sql-vacuum.html",
    example="""
with op.get_context().autocommit_block():
    op.execute("VACUUM FULL members")
""",
)
def vacuum_full(action: Vacuum, _at: At) -> Iterator[Hit]:
    """PostgreSQL rewrites the table and its indexes under ACCESS EXCLUSIVE, which blocks reads and writes."""
    if action.full:
        table = quoted(action.table) if action.table else ""
        code = execute(f"VACUUM (ANALYZE) {table}".strip())
        yield Hit(f"{action.table or 'every table'} is written anew under a lock", outside_transaction(code))


@revision_rule(
    fires="CLUSTER", source="sql-cluster.html", example='op.execute("CLUSTER members USING ix_members_name")'
)
def cluster(action: Cluster, _at: At) -> Iterator[Hit]:
    """PostgreSQL rewrites the table and its indexes under ACCESS EXCLUSIVE, which blocks reads and writes."""
    waived = Waived(reason="the table is small, so the lock is short")
    yield Hit(f"{action.table or 'every clustered table'} is written anew under a lock", waived)


@revision_rule(
    fires="SET LOGGED, SET UNLOGGED, SET TABLESPACE, SET ACCESS METHOD",
    source="sql-altertable.html",
    example='op.execute("ALTER TABLE members SET UNLOGGED")',
)
def storage_rewrite(action: ChangeStorage, _at: At) -> Iterator[Hit]:
    """PostgreSQL rewrites the table and its indexes under ACCESS EXCLUSIVE, which blocks reads and writes."""
    waived = Waived(reason="the table is not used meanwhile")
    yield Hit(f"{action.words} writes {action.table} anew under a lock", waived)


@revision_rule(
    fires="REFRESH MATERIALIZED VIEW without CONCURRENTLY",
    source="sql-refreshmaterializedview.html",
    example='op.execute("REFRESH MATERIALIZED VIEW team_sizes")',
)
def refresh_not_concurrent(action: Refresh, _at: At) -> Iterator[Hit]:
    """Reads of the view block while its query runs.

    CONCURRENTLY needs a unique index on the view.
    """
    if not action.concurrently:
        fix = execute(f"REFRESH MATERIALIZED VIEW CONCURRENTLY {quoted(action.table)}")
        yield Hit(f"readers of {action.table} wait until it is filled anew", fix)


@revision_rule(
    fires="DETACH PARTITION without CONCURRENTLY",
    source="sql-altertable.html#SQL-ALTERTABLE-DETACH-PARTITION",
    example='op.execute("ALTER TABLE events DETACH PARTITION events_2025")',
)
def detach_not_concurrent(action: DetachPartition, _at: At) -> Iterator[Hit]:
    """Reads and writes of every partition block while it waits: it takes ACCESS EXCLUSIVE on the parent."""
    if not action.concurrently:
        code = execute(f"ALTER TABLE {quoted(action.table)} DETACH PARTITION {quoted(action.partition)} CONCURRENTLY")
        yield Hit(f"readers and writers of {action.table} wait for {action.partition}", outside_transaction(code))


@revision_rule(
    fires="LOCK TABLE in a mode that stops readers or writers",
    source="explicit-locking.html#LOCKING-TABLES",
    example='op.execute("LOCK TABLE members IN SHARE MODE")',
)
def lock_table(action: LockTable, _at: At) -> Iterator[Hit]:
    """Reads or writes of the table block until the revision ends.

    SHARE UPDATE EXCLUSIVE excludes only vacuum and other schema changes.
    """
    if action.mode not in _MILD:
        fix = execute(f"LOCK TABLE {quoted(action.table)} IN SHARE UPDATE EXCLUSIVE MODE")
        yield Hit(f"{action.mode} on {action.table} stops others until the revision has ended", fix)
