"""Locks: of statements that work on a whole table, and those that last because a transaction does more."""

from collections.abc import Iterator
from typing import Final

from schema_tools.lint import actions, objects
from schema_tools.lint.actions import Action
from schema_tools.lint.definitions import ConstraintKind
from schema_tools.lint.rendering import alter_table, execute, outside_transaction, quoted
from schema_tools.lint.rule import SMALL, At, Hit, Waived, revision_rule
from schema_tools.lint.safe_forms import split

# Those that block neither reads nor writes: https://www.postgresql.org/docs/current/explicit-locking.html
_MILD: Final = frozenset({"ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE"})
_OFF: Final = frozenset({"", "0", "0ms", "0s", "0min", "default"})
_BOUNDS: Final = {"lock_timeout": "5s", "statement_timeout": "1h"}

# What takes ACCESS EXCLUSIVE on its table whatever else it says.
_EXCLUSIVE: Final = (
    *(actions.AddColumn, actions.DropColumn, actions.ChangeType, actions.ChangeDefault, actions.ChangeNotNull),
    *(actions.SetExpression, actions.DropConstraint, actions.ChangeStorage, actions.DropTable),
    actions.DropTrigger,
    *(actions.RenameColumn, actions.RenameTable, actions.RenameConstraint, actions.Truncate, actions.Cluster),
)
# What takes as long as its table is large.
_LONG: Final = (objects.CreateIndex, actions.ValidateConstraint, actions.Refresh)


@revision_rule(
    fires="VACUUM FULL",
    source="sql-vacuum.html",
    example=outside_transaction(execute("VACUUM FULL members")),
)
def vacuum_full(action: actions.Vacuum, _at: At) -> Iterator[Hit]:
    """PostgreSQL rewrites the table and its indexes under ACCESS EXCLUSIVE, which blocks reads and writes."""
    if action.full:
        table = f" {quoted(action.table)}" if action.table else ""
        code = execute(f"VACUUM (ANALYZE){table}")
        yield Hit(f"{action.table or 'every table'} is written anew under a lock", outside_transaction(code))


@revision_rule(
    fires="CLUSTER", source="sql-cluster.html", example='op.execute("CLUSTER members USING ix_members_name")'
)
def cluster(action: actions.Cluster, _at: At) -> Iterator[Hit]:
    """PostgreSQL rewrites the table and its indexes under ACCESS EXCLUSIVE, which blocks reads and writes."""
    yield Hit(f"{action.table or 'every clustered table'} is written anew under a lock", SMALL)


@revision_rule(
    fires="SET LOGGED, SET UNLOGGED, SET TABLESPACE, SET ACCESS METHOD",
    source="sql-altertable.html",
    example='op.execute("ALTER TABLE members SET UNLOGGED")',
)
def storage_rewrite(action: actions.ChangeStorage, _at: At) -> Iterator[Hit]:
    """PostgreSQL rewrites the table and its indexes under ACCESS EXCLUSIVE, which blocks reads and writes."""
    unused = Waived(reason="the table is not used meanwhile")
    yield Hit(f"{action.words} writes {action.table} anew under a lock", unused)


@revision_rule(
    fires="REFRESH MATERIALIZED VIEW without CONCURRENTLY",
    source="sql-refreshmaterializedview.html",
    example='op.execute("REFRESH MATERIALIZED VIEW team_sizes")',
)
def refresh_not_concurrent(action: actions.Refresh, _at: At) -> Iterator[Hit]:
    """Reads of the view block while its query runs; CONCURRENTLY needs a unique index on the view."""
    if not action.concurrently:
        fix = execute(f"REFRESH MATERIALIZED VIEW CONCURRENTLY {quoted(action.table)}")
        yield Hit(f"readers of {action.table} wait until it is filled anew", fix)


@revision_rule(
    fires="DETACH PARTITION without CONCURRENTLY",
    source="sql-altertable.html#SQL-ALTERTABLE-DETACH-PARTITION",
    example='op.execute("ALTER TABLE events DETACH PARTITION events_2025")',
)
def detach_not_concurrent(action: actions.DetachPartition, _at: At) -> Iterator[Hit]:
    """Reads and writes of every partition block while it waits: it takes ACCESS EXCLUSIVE on the parent."""
    if not action.concurrently:
        code = alter_table(action.table, f"DETACH PARTITION {quoted(action.partition)} CONCURRENTLY")
        yield Hit(f"readers and writers of {action.table} wait for {action.partition}", outside_transaction(code))


@revision_rule(
    fires="LOCK TABLE in a mode that stops readers or writers",
    source="explicit-locking.html#LOCKING-TABLES",
    example='op.execute("LOCK TABLE members IN SHARE MODE")',
)
def lock_table(action: actions.LockTable, _at: At) -> Iterator[Hit]:
    """Reads or writes of the table block until the revision ends; SHARE UPDATE EXCLUSIVE blocks neither."""
    if action.mode not in _MILD:
        fix = execute(f"LOCK TABLE {quoted(action.table)} IN SHARE UPDATE EXCLUSIVE MODE")
        yield Hit(f"{action.mode} on {action.table} stops others until the revision has ended", fix)


@revision_rule(
    fires="work on rows, or a lock on another table, after a statement that took ACCESS EXCLUSIVE",
    source="explicit-locking.html#LOCKING-TABLES",
    example=execute("ALTER TABLE members ADD COLUMN phone text", "ALTER TABLE orders ADD COLUMN note text"),
)
def work_after_exclusive_lock(action: actions.TableAction, at: At) -> Iterator[Hit]:
    """The lock lasts until the transaction ends, so reads and writes of the table block during what follows."""
    # Row changes there are covered by data-with-schema.
    locked = {one.table for one in at.changed_before() if one.table and _is_exclusive(one)}
    target = action.constraint.target if isinstance(action, actions.AddConstraint) else None
    # A foreign key waits for those who write to the other table, if it is in use.
    refers = target not in {None, action.table} and at.schema.table(target or "").made_in != at.revision
    if (locked - {action.table} and _is_exclusive(action)) or (locked and (isinstance(action, _LONG) or refers)):
        yield Hit(f"{', '.join(sorted(locked))} stays locked during this", split(at.together))


@revision_rule(
    fires="CREATE TRIGGER in a transaction that does more",
    source="explicit-locking.html#LOCKING-TABLES",
    example=execute(
        "CREATE TRIGGER members_touch BEFORE UPDATE ON members FOR EACH ROW EXECUTE FUNCTION touch()",
        "ALTER TABLE members VALIDATE CONSTRAINT ck_members_age",
    ),
)
def trigger_with_other_work(action: actions.CreateTrigger, at: At) -> Iterator[Hit]:
    """It takes SHARE ROW EXCLUSIVE until the transaction ends, which blocks writes to the table."""
    # Its function, and other triggers of its table, may be beside it.
    triggers = (actions.CreateTrigger, actions.DropTrigger)
    others = (one for step in at.together if not step.is_light for one in step.actions)
    if any(not isinstance(one, triggers) or one.table != action.table for one in others):
        yield Hit(f"writers of {action.table} wait until the rest of the revision is done", split(at.together))


@revision_rule(
    fires="lock_timeout or statement_timeout set to 0 or reset, by SET, RESET, ALTER ROLE, set_config() and the like",
    source="runtime-config-client.html#GUC-LOCK-TIMEOUT",
    example='op.execute("SET lock_timeout = 0")',
)
def timeouts_switched_off(action: objects.SetVariable, _at: At) -> Iterator[Hit]:
    """Later statements on a table wait behind one that waits for its lock; give a long operation its own limit."""
    name = action.name.lower()
    if action.value.strip("'").lower() in _OFF and (name in _BOUNDS or (name == "all" and not action.value)):
        bounds = {name: _BOUNDS[name]} if name in _BOUNDS else _BOUNDS
        fix = execute(*(f"SET LOCAL {setting} = '{value}'" for setting, value in bounds.items()))
        yield Hit(f"{action.name} no longer bounds how long others wait", fix)


@revision_rule(
    fires="rows and the schema of existing tables changed in one transaction",
    source="explicit-locking.html#LOCKING-TABLES",
    example=execute("ALTER TABLE members ADD COLUMN phone text", "UPDATE members SET phone = '' WHERE id = 1"),
)
def data_with_schema(action: actions.TableAction, at: At) -> Iterator[Hit]:
    """Each holds its locks while the other runs: both take longer together, and one failure undoes both."""
    kinds = {isinstance(one, actions.ChangeRows) for one in at.changed_before()}
    if len(kinds) == 1 and isinstance(action, actions.ChangeRows) not in kinds and at.is_first(action):
        yield Hit("rows and the schema change in one transaction", split(at.together))


@revision_rule(
    fires="a value used in the transaction that added it to its enum",
    source="sql-altertype.html#SQL-ALTERTYPE-NOTES",
    new_tables=True,
    example=execute("ALTER TYPE mood ADD VALUE 'calm'", "UPDATE members SET mood = 'calm' WHERE id = 1"),
)
def enum_value_used_at_once(action: Action, at: At) -> Iterator[Hit]:
    """It fails: a new value of an enum cannot be used before the transaction that added it is committed."""
    added = {
        one.value
        for step in at.before
        for one in step.actions
        if isinstance(one, objects.AddEnumValue) and at.schema.enums.get(one.name) != at.revision
    }
    used = added & at.step.literals
    if used and at.is_first(action):
        yield Hit(f"{', '.join(sorted(used))} cannot be used before it is committed", split(at.together))


def _is_exclusive(action: Action) -> bool:
    match action:
        case actions.AddConstraint():
            return action.constraint.kind is not ConstraintKind.FOREIGN_KEY
        case actions.LockTable():
            return action.mode == "ACCESS EXCLUSIVE"
        case actions.AlterTable():
            return action.exclusive
        case actions.DetachPartition() | actions.Refresh():
            return not action.concurrently
        case _:
            return isinstance(action, _EXCLUSIVE)
