"""What must not be in one transaction with something else."""

from collections.abc import Iterator
from typing import Final

from schema_tools.lint import actions
from schema_tools.lint.actions import Action, AddConstraint, ChangeRows, CreateTrigger, SetVariable
from schema_tools.lint.definitions import ConstraintKind
from schema_tools.lint.rule import Hit, revision_rule
from schema_tools.lint.safe_forms import execute
from schema_tools.lint.step import At, Step, is_light, split

_OFF: Final = frozenset({"", "0", "0ms", "0s", "0min", "default"})
_BOUNDS: Final = {"lock_timeout": "5s", "statement_timeout": "1h"}

# What takes ACCESS EXCLUSIVE on its table whatever else it says.
_EXCLUSIVE: Final = (
    *(actions.AddColumn, actions.DropColumn, actions.ChangeType, actions.ChangeDefault, actions.SetNotNull),
    *(actions.DropNotNull, actions.SetExpression, actions.DropConstraint, actions.ChangeStorage, actions.DropTable),
    actions.DropTrigger,
    *(actions.RenameColumn, actions.RenameTable, actions.RenameConstraint, actions.Truncate, actions.Cluster),
)
# What takes as long as its table is large.
_LONG: Final = (actions.CreateIndex, actions.ValidateConstraint, actions.Refresh)


@revision_rule(
    fires="work on rows, or a lock on another table, after a statement that took ACCESS EXCLUSIVE",
    source="explicit-locking.html#LOCKING-TABLES",
    example=execute("ALTER TABLE members ADD COLUMN phone text", "ALTER TABLE orders ADD COLUMN note text"),
)
def work_after_exclusive_lock(action: actions.TableAction, at: At) -> Iterator[Hit]:
    """The lock lasts until the transaction ends, so reads and writes of the table block during what follows."""
    # Row changes there are covered by data-with-schema.
    locked = {table for step in at.before for table in _exclusively_locked(step, at)}
    others = locked - {action.table}
    if (others and _is_exclusive(action)) or (locked and (isinstance(action, _LONG) or _refers(action, at))):
        yield Hit(f"{', '.join(sorted(locked))} stays locked during this", split(at.together))


@revision_rule(
    fires="CREATE TRIGGER in a transaction that does more",
    source="explicit-locking.html#LOCKING-TABLES",
    example=execute(
        "CREATE TRIGGER members_touch BEFORE UPDATE ON members FOR EACH ROW EXECUTE FUNCTION touch()",
        "ALTER TABLE members VALIDATE CONSTRAINT ck_members_age",
    ),
)
def trigger_with_other_work(action: CreateTrigger, at: At) -> Iterator[Hit]:
    """It takes SHARE ROW EXCLUSIVE until the transaction ends, which blocks writes to the table."""
    # Its function, and other triggers of its table, may be beside it.
    others = [
        one
        for one in at.together
        if not is_light(one)
        and any(
            not (isinstance(part, (CreateTrigger, actions.DropTrigger)) and part.table == action.table)
            for part in one.actions
        )
    ]
    if others:
        yield Hit(f"writers of {action.table} wait until the rest of the revision is done", split(at.together))


@revision_rule(
    fires="lock_timeout or statement_timeout set to 0 or reset, by SET, RESET, ALTER ROLE, set_config() and the like",
    source="runtime-config-client.html#GUC-LOCK-TIMEOUT",
    example='op.execute("SET lock_timeout = 0")',
)
def timeouts_switched_off(action: SetVariable, _at: At) -> Iterator[Hit]:
    """While a statement waits for a lock, every later statement on the table waits behind it.

    The runner limits both timeouts; a longer operation gets a limit of its own.
    """
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
    """The schema change holds its lock while the rows are written, or the rows theirs while it waits.

    Both take longer together, and one failure undoes both.
    """
    before = [one for step in at.before for one in at.existing(step)]
    kinds = {isinstance(one, ChangeRows) for one in before}
    if len(kinds) == 1 and isinstance(action, ChangeRows) not in kinds and at.is_first(action):
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
        if isinstance(one, actions.AddEnumValue) and at.schema.enums.get(one.type) != at.revision
    }
    used = added & at.step.literals
    if used and at.is_first(action):
        yield Hit(f"{', '.join(sorted(used))} cannot be used before it is committed", split(at.together))


def _refers(action: actions.TableAction, at: At) -> bool:
    """Whether it is a foreign key to another table that others write to, who are waited for."""
    if not isinstance(action, AddConstraint) or action.constraint.target in {None, action.table}:
        return False
    return not at.schema.is_new(action.constraint.target or "", at.revision)


def _exclusively_locked(step: Step, at: At) -> list[str]:
    return [
        one.table
        for one in at.existing(step)
        if isinstance(one, actions.TableAction) and one.table and _is_exclusive(one)
    ]


def _is_exclusive(action: Action) -> bool:
    match action:
        case AddConstraint():
            return action.constraint.kind is not ConstraintKind.FOREIGN_KEY
        case actions.LockTable():
            return action.mode == "ACCESS EXCLUSIVE"
        case actions.AlterTable():
            return action.exclusive
        case actions.DetachPartition() | actions.Refresh():
            return not action.concurrently
        case _:
            return isinstance(action, _EXCLUSIVE)
