"""Statements that lock a whole table for as long as they work on it."""

from collections.abc import Iterator

from schema_tools.lint.actions import ChangeStorage, Cluster, DetachPartition, LockTable, Refresh, Vacuum
from schema_tools.lint.rule import Hit, Waived, revision_rule
from schema_tools.lint.safe_forms import execute, outside_transaction, quoted
from schema_tools.lint.step import At

_REWRITE = "The table is written anew under ACCESS EXCLUSIVE: nobody can read or write it meanwhile."
# Those that keep nobody from reading and writing: https://www.postgresql.org/docs/current/explicit-locking.html
_MILD = frozenset({"ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE"})


@revision_rule(
    "vacuum-full",
    Vacuum,
    fires="VACUUM FULL",
    why=_REWRITE,
    source="https://www.postgresql.org/docs/current/sql-vacuum.html",
    example="""
with op.get_context().autocommit_block():
    op.execute("VACUUM FULL users")
""",
)
def vacuum_full(action: Vacuum, _at: At) -> Iterator[Hit]:
    """VACUUM FULL; the plain one stops nobody."""
    if action.full:
        table = quoted(action.table) if action.table else ""
        code = execute(f"VACUUM (ANALYZE) {table}".strip())
        yield Hit(f"{action.table or 'every table'} is written anew under a lock", outside_transaction(code))


@revision_rule(
    "cluster",
    Cluster,
    fires="CLUSTER",
    why=_REWRITE,
    source="https://www.postgresql.org/docs/current/sql-cluster.html",
    example='op.execute("CLUSTER users USING ix_users_name")',
)
def cluster(action: Cluster, _at: At) -> Iterator[Hit]:
    """A table sorted on disk."""
    waived = Waived(reason="the table is small, so the lock is short")
    yield Hit(f"{action.table or 'every clustered table'} is written anew under a lock", waived)


@revision_rule(
    "storage-rewrite",
    ChangeStorage,
    fires="SET LOGGED, SET UNLOGGED, SET TABLESPACE, SET ACCESS METHOD",
    why=_REWRITE,
    source="https://www.postgresql.org/docs/current/sql-altertable.html",
    example='op.execute("ALTER TABLE users SET UNLOGGED")',
)
def storage_rewrite(action: ChangeStorage, _at: At) -> Iterator[Hit]:
    """A table stored in another way."""
    waived = Waived(reason="nobody uses the table meanwhile")
    yield Hit(f"{action.words} writes {action.table} anew under a lock", waived)


@revision_rule(
    "refresh-not-concurrent",
    Refresh,
    fires="REFRESH MATERIALIZED VIEW without CONCURRENTLY",
    why="Nobody can read the view while its query runs. CONCURRENTLY needs a unique index on the view.",
    source="https://www.postgresql.org/docs/current/sql-refreshmaterializedview.html",
    example='op.execute("REFRESH MATERIALIZED VIEW team_sizes")',
)
def refresh_not_concurrent(action: Refresh, _at: At) -> Iterator[Hit]:
    """A materialized view filled anew under a lock."""
    if not action.concurrently:
        mend = execute(f"REFRESH MATERIALIZED VIEW CONCURRENTLY {quoted(action.table)}")
        yield Hit(f"readers of {action.table} wait until it is filled anew", mend)


@revision_rule(
    "detach-not-concurrent",
    DetachPartition,
    fires="DETACH PARTITION without CONCURRENTLY",
    why="Nobody can read or write any partition while the statement waits: it takes ACCESS EXCLUSIVE on the parent.",
    source="https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DETACH-PARTITION",
    example='op.execute("ALTER TABLE events DETACH PARTITION events_2025")',
)
def detach_not_concurrent(action: DetachPartition, _at: At) -> Iterator[Hit]:
    """A partition detached under a lock."""
    if not action.concurrently:
        code = execute(f"ALTER TABLE {quoted(action.table)} DETACH PARTITION {quoted(action.partition)} CONCURRENTLY")
        yield Hit(f"readers and writers of {action.table} wait for {action.partition}", outside_transaction(code))


@revision_rule(
    "lock-table",
    LockTable,
    fires="LOCK TABLE in a mode that stops readers or writers",
    why=(
        "Whoever reads or writes the table waits until the revision has ended. SHARE UPDATE EXCLUSIVE keeps vacuum and "
        "other changes of the schema away, and nobody else."
    ),
    source="https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES",
    example='op.execute("LOCK TABLE users IN SHARE MODE")',
)
def lock_table(action: LockTable, _at: At) -> Iterator[Hit]:
    """A lock that others notice."""
    if action.mode not in _MILD:
        mend = execute(f"LOCK TABLE {quoted(action.table)} IN SHARE UPDATE EXCLUSIVE MODE")
        yield Hit(f"{action.mode} on {action.table} stops others until the revision has ended", mend)
