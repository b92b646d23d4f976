"""Constraints on rows that are there: added first, proven later."""

from collections.abc import Iterator

from schema_tools.lint.actions import AddColumn, AddConstraint, SetNotNull, ValidateConstraint
from schema_tools.lint.definitions import ConstraintFacts, ConstraintKind
from schema_tools.lint.rule import Hit, Waived, revision_rule
from schema_tools.lint.rules.indexes import PARTITIONED, unique_by_index
from schema_tools.lint.safe_forms import column_sql, execute, quoted, revisions, set_not_null, validated_later
from schema_tools.lint.step import At

_ALTER_TABLE = "https://www.postgresql.org/docs/current/sql-altertable.html"
_NOTES = f"{_ALTER_TABLE}#SQL-ALTERTABLE-NOTES"


@revision_rule(
    "foreign-key-without-not-valid",
    *(AddConstraint, AddColumn),
    fires="a foreign key without NOT VALID",
    why="Nobody can write to either of the two tables while every row is looked up.",
    source=_NOTES,
    example='op.create_foreign_key("fk_users_teams", "users", "teams", ["team_id"], ["id"], ondelete="SET NULL")',
)
def foreign_key_without_not_valid(action: AddConstraint | AddColumn, at: At) -> Iterator[Hit]:
    """A foreign key that scans; one on a new column without a default has nothing to look up."""
    for found in _added(action, ConstraintKind.FOREIGN_KEY):
        if isinstance(action, AddConstraint) or action.column.default is not None:
            message = f"{found.name} is checked for every row of {action.table}, which stops writers of {found.target}"
            yield Hit(message, PARTITIONED if at.schema.is_partitioned(action.table) else _later(action, found))


@revision_rule(
    "check-without-not-valid",
    *(AddConstraint, AddColumn),
    fires="a CHECK constraint without NOT VALID",
    why="Nobody can read or write the table while every row is checked: the scan is under ACCESS EXCLUSIVE.",
    source=_NOTES,
    example='op.create_check_constraint("ck_users_balance", "users", "balance >= 0")',
)
def check_without_not_valid(action: AddConstraint | AddColumn, _at: At) -> Iterator[Hit]:
    """A CHECK that scans."""
    for found in _added(action, ConstraintKind.CHECK):
        yield Hit(f"readers and writers of {action.table} wait while {found.name} is checked", _later(action, found))


@revision_rule(
    "validate-with-add",
    ValidateConstraint,
    fires="a constraint added and validated in one transaction",
    why=(
        "Adding it took a strong lock, which is held until the transaction ends: the scan of VALIDATE, which by itself "
        "stops nobody, happens under it."
    ),
    source=_NOTES,
    example="""
op.execute("ALTER TABLE users ADD CONSTRAINT ck_users_balance CHECK (balance >= 0) NOT VALID")
op.execute("ALTER TABLE users VALIDATE CONSTRAINT ck_users_balance")
""",
)
def validate_with_add(action: ValidateConstraint, at: At) -> Iterator[Hit]:
    """VALIDATE under the lock of the ADD before it."""
    for one in (part for step in [*at.before, at.step] for part in step.actions):
        if isinstance(one, AddConstraint) and (one.table, one.constraint.name) == (action.table, action.name):
            mend = validated_later(one.table, one.constraint.name, one.constraint.definition)
            yield Hit(f"{action.name} is validated under the lock that adding it took", mend)


@revision_rule(
    "unique-builds-index",
    *(AddConstraint, AddColumn),
    fires="a UNIQUE constraint that is not made from an index",
    why="Nobody can read or write the table while the index is built under ACCESS EXCLUSIVE.",
    source=_NOTES,
    example='op.create_unique_constraint("uq_users_name", "users", ["name"])',
)
def unique_builds_index(action: AddConstraint | AddColumn, at: At) -> Iterator[Hit]:
    """A unique constraint that builds its index."""
    for found in _added(action, ConstraintKind.UNIQUE):
        if found.index is None:
            mend: str | Waived = PARTITIONED
            if not at.schema.is_partitioned(action.table):
                key = unique_by_index(at, action.table, found.name, found.columns, found.kind)
                mend = revisions(_column_alone(action) if isinstance(action, AddColumn) else "", key)
            yield Hit(f"readers and writers of {action.table} wait while {found.name} builds its index", mend)


@revision_rule(
    "primary-key-builds-index",
    *(AddConstraint, AddColumn),
    fires="a PRIMARY KEY that is not made from an index, or whose columns may be null",
    why="Nobody can read or write the table while its index is built, or its columns are checked for nulls.",
    source=_NOTES,
    example='op.create_primary_key("logs_pkey", "logs", ["number"])',
)
def primary_key_builds_index(action: AddConstraint | AddColumn, at: At) -> Iterator[Hit]:
    """A primary key that scans: for its index, or for NOT NULL."""
    for found in _added(action, ConstraintKind.PRIMARY_KEY):
        if isinstance(action, AddColumn):
            mend: str | Waived = Waived(reason="the table is small, and its rows get their keys here")
            yield Hit(f"readers and writers of {action.table} wait while every row gets its key", mend)
            continue
        index = at.schema.indexes.get(found.index or "")
        columns = found.columns or (index.keys if index is not None else ())
        table = at.schema.tables.get(action.table)
        nullable = [name for name in columns if table is None or not table.is_proven_not_null(name)]
        if found.index is None:
            key = unique_by_index(at, action.table, found.name, columns, found.kind)
        else:
            key = execute(at.step.sql)
        if found.index is None or nullable:
            mend = revisions(set_not_null(action.table, *nullable) if nullable else "", key)
            if at.schema.is_partitioned(action.table):
                mend = PARTITIONED
            yield Hit(f"readers and writers of {action.table} wait while {found.name} is built", mend)


@revision_rule(
    "exclude-constraint",
    AddConstraint,
    fires="an EXCLUDE constraint",
    why=(
        "Nobody can read or write the table while its index is built under ACCESS EXCLUSIVE, and there is neither a "
        "concurrent way nor NOT VALID: make it together with the table."
    ),
    source=_ALTER_TABLE,
    example="""
op.execute("ALTER TABLE bookings ADD CONSTRAINT ex_bookings EXCLUDE USING gist (during WITH &&)")
""",
)
def exclude_constraint(action: AddConstraint, _at: At) -> Iterator[Hit]:
    """An exclusion constraint on a table that is there."""
    if action.constraint.kind is ConstraintKind.EXCLUDE:
        waived = Waived(reason="the table is small, so the lock is short")
        yield Hit(f"readers and writers of {action.table} wait while {action.constraint.name} is built", waived)


@revision_rule(
    "several-foreign-keys",
    *(AddConstraint, AddColumn),
    fires="foreign keys to several tables in one transaction",
    why=(
        "Each locks two tables, and holds on to them while it waits for the next: it stops the writers of all of them, "
        "and deadlocks with transactions that use the tables in another order."
    ),
    source="https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-DEADLOCKS",
    example="""
op.execute("ALTER TABLE users ADD CONSTRAINT users_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams NOT VALID")
op.execute("ALTER TABLE orders ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id) REFERENCES users NOT VALID")
""",
)
def several_foreign_keys(action: AddConstraint | AddColumn, at: At) -> Iterator[Hit]:
    """The second foreign key of a transaction, and those after it."""
    added = [
        (one, found)
        for step in at.together
        for one in step.actions
        if isinstance(one, (AddConstraint, AddColumn)) and not at.is_on_new_tables(one)
        for found in _foreign_keys(one)
    ]
    earlier: list[set[str | None]] = []
    for one, found in added:
        if one is action:
            if any({one.table, found.target} != pair for pair in earlier):
                bodies = [_later(each, key) for each, key in added]
                yield Hit(f"{found.name} locks {found.target} while other tables are locked", revisions(*bodies))
            return
        earlier.append({one.table, found.target})


@revision_rule(
    "set-not-null",
    *(SetNotNull, AddConstraint),
    fires="SET NOT NULL on a column without a validated CHECK that says the same",
    why="Nobody can read or write the table while every row is checked: the scan is under ACCESS EXCLUSIVE.",
    source=_ALTER_TABLE,
    example='op.alter_column("users", "name", nullable=False)',
)
def set_not_null_scans(action: SetNotNull | AddConstraint, at: At) -> Iterator[Hit]:
    """NOT NULL that scans; a validated CHECK, or the column itself, proves it without."""
    if isinstance(action, AddConstraint):
        found = action.constraint
        columns = found.columns if found.kind is ConstraintKind.NOT_NULL and found.validated else ()
    else:
        columns = (action.column,)
    table = at.schema.tables.get(action.table)
    for column in columns:
        if table is None or not table.is_proven_not_null(column):
            message = f"readers and writers of {action.table} wait while every row's {column} is checked"
            yield Hit(message, set_not_null(action.table, column))


def _added(action: AddConstraint | AddColumn, kind: ConstraintKind) -> list[ConstraintFacts]:
    """The constraints of a kind that are added and checked at once."""
    found = action.column.constraints if isinstance(action, AddColumn) else (action.constraint,)
    return [one for one in found if one.kind is kind and one.validated]


def _foreign_keys(action: AddConstraint | AddColumn) -> list[ConstraintFacts]:
    found = action.column.constraints if isinstance(action, AddColumn) else (action.constraint,)
    return [one for one in found if one.kind is ConstraintKind.FOREIGN_KEY]


def _later(action: AddConstraint | AddColumn, constraint: ConstraintFacts) -> str:
    if isinstance(action, AddColumn):
        return revisions(_column_alone(action), validated_later(action.table, constraint.name, constraint.definition))
    if constraint.validated:
        return validated_later(action.table, constraint.name, constraint.definition)
    name, definition = quoted(constraint.name), constraint.definition
    return execute(f"ALTER TABLE {quoted(action.table)} ADD CONSTRAINT {name} {definition} NOT VALID")


def _column_alone(action: AddColumn) -> str:
    column = action.column
    words = column_sql(column.name, column.type, column.default, not_null=column.not_null)
    return execute(f"ALTER TABLE {quoted(action.table)} ADD COLUMN {words}")
