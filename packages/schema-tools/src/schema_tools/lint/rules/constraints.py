"""Constraints on rows that are there: added first, proven later."""

from collections.abc import Iterator

from schema_tools.lint.actions import AddColumn, AddConstraint, ChangeNotNull, ValidateConstraint
from schema_tools.lint.definitions import ConstraintFacts, ConstraintKind
from schema_tools.lint.rendering import alter_table, execute, quoted, revisions
from schema_tools.lint.rule import SMALL, At, Hit, Waived, revision_rule
from schema_tools.lint.rules.indexes import unique_by_index, unless_partitioned
from schema_tools.lint.safe_forms import column_sql, not_null_without_scan, validated_later

_NOTES = "sql-altertable.html#SQL-ALTERTABLE-NOTES"


@revision_rule(
    fires="a foreign key without NOT VALID",
    source=_NOTES,
    example='op.create_foreign_key("fk_members_teams", "members", "teams", ["team_id"], ["id"], ondelete="SET NULL")',
)
def foreign_key_without_not_valid(action: AddConstraint | AddColumn, at: At) -> Iterator[Hit]:
    """Writes to both tables block while every row is looked up."""
    # A new column without a default has nothing to look up.
    for found in _added(action, ConstraintKind.FOREIGN_KEY):
        if isinstance(action, AddConstraint) or action.column.default is not None:
            message = f"{found.name} is checked for every row of {action.table}, which stops writers of {found.target}"
            yield Hit(message, unless_partitioned(at, action.table, _later(action, found)))


@revision_rule(
    fires="a CHECK constraint without NOT VALID",
    source=_NOTES,
    example='op.create_check_constraint("ck_members_balance", "members", "balance >= 0")',
)
def check_without_not_valid(action: AddConstraint | AddColumn, _at: At) -> Iterator[Hit]:
    """Reads and writes block while every row is checked: the scan holds ACCESS EXCLUSIVE."""
    for found in _added(action, ConstraintKind.CHECK):
        yield Hit(f"readers and writers of {action.table} wait while {found.name} is checked", _later(action, found))


@revision_rule(
    fires="a constraint added and validated in one transaction",
    source=_NOTES,
    example=execute(
        "ALTER TABLE members ADD CONSTRAINT ck_members_balance CHECK (balance >= 0) NOT VALID",
        "ALTER TABLE members VALIDATE CONSTRAINT ck_members_balance",
    ),
)
def validate_with_add(action: ValidateConstraint, at: At) -> Iterator[Hit]:
    """The scan of VALIDATE, which blocks nothing by itself, runs under the strong lock that adding it took."""
    for one in (part for step in [*at.before, at.step] for part in step.actions):
        if isinstance(one, AddConstraint) and (one.table, one.constraint.name) == (action.table, action.name):
            fix = validated_later(one.table, one.constraint.name, one.constraint.definition)
            yield Hit(f"{action.name} is validated under the lock that adding it took", fix)


@revision_rule(
    fires="a UNIQUE constraint that is not made from an index",
    source=_NOTES,
    example='op.create_unique_constraint("uq_members_name", "members", ["name"])',
)
def unique_builds_index(action: AddConstraint | AddColumn, at: At) -> Iterator[Hit]:
    """Reads and writes block while the index is built under ACCESS EXCLUSIVE."""
    for found in _added(action, ConstraintKind.UNIQUE):
        if found.index is None:
            fix = revisions(_column_alone(action), unique_by_index(at, action.table, found))
            message = f"readers and writers of {action.table} wait while {found.name} builds its index"
            yield Hit(message, unless_partitioned(at, action.table, fix))


@revision_rule(
    fires="a PRIMARY KEY that is not made from an index, or whose columns may be null",
    source=_NOTES,
    example='op.create_primary_key("logs_pkey", "logs", ["number"])',
)
def primary_key_builds_index(action: AddConstraint | AddColumn, at: At) -> Iterator[Hit]:
    """Reads and writes block while its index is built, or its columns are checked for nulls."""
    for found in _added(action, ConstraintKind.PRIMARY_KEY):
        if isinstance(action, AddColumn):
            small = Waived(reason="the table is small, and its rows get their keys here")
            yield Hit(f"readers and writers of {action.table} wait while every row gets its key", small)
            continue
        index = at.schema.indexes.get(found.index or "")
        columns = found.columns or (index.keys if index is not None else ())
        nullable = [name for name in columns if not at.schema.table(action.table).is_proven_not_null(name)]
        if found.index is None or nullable:
            key = execute(at.step.sql) if found.index else unique_by_index(at, action.table, found)
            fix = revisions(not_null_without_scan(action.table, *nullable) if nullable else "", key)
            message = f"readers and writers of {action.table} wait while {found.name} is built"
            yield Hit(message, unless_partitioned(at, action.table, fix))


@revision_rule(
    fires="an EXCLUDE constraint",
    source="sql-altertable.html",
    example='op.execute("ALTER TABLE bookings ADD CONSTRAINT ex_bookings EXCLUDE USING gist (during WITH &&)")',
)
def exclude_constraint(action: AddConstraint, _at: At) -> Iterator[Hit]:
    """Reads and writes block while its index is built, which has no concurrent form: create it with the table."""
    if action.constraint.kind is ConstraintKind.EXCLUDE:
        yield Hit(f"readers and writers of {action.table} wait while {action.constraint.name} is built", SMALL)


@revision_rule(
    fires="foreign keys to several tables in one transaction",
    source="explicit-locking.html#LOCKING-DEADLOCKS",
    example=execute(
        "ALTER TABLE members ADD CONSTRAINT members_team_id_fkey FOREIGN KEY (team_id) REFERENCES teams NOT VALID",
        "ALTER TABLE orders ADD CONSTRAINT orders_member_id_fkey FOREIGN KEY (member_id) REFERENCES members NOT VALID",
    ),
)
def several_foreign_keys(action: AddConstraint | AddColumn, at: At) -> Iterator[Hit]:
    """Writes to all the tables block until the transaction ends, and it may deadlock with other transactions."""
    added = [
        (one, found)
        for step in at.together
        for one in step.actions
        if isinstance(one, (AddConstraint, AddColumn)) and not at.is_on_new_tables(one)
        for found in _constraints(one, ConstraintKind.FOREIGN_KEY)
    ]
    tables = [{one.table, found.target} for one, found in added]
    place = next((place for place, (one, _) in enumerate(added) if one is action), 0)
    if any(pair != tables[place] for pair in tables[:place]):
        found = added[place][1]
        fix = revisions(*(_later(one, key) for one, key in added))
        yield Hit(f"{found.name} locks {found.target} while other tables are locked", fix)


@revision_rule(
    fires="SET NOT NULL on a column without a validated CHECK that says the same",
    source="sql-altertable.html",
    example='op.alter_column("members", "name", nullable=False)',
)
def set_not_null(action: ChangeNotNull | AddConstraint, at: At) -> Iterator[Hit]:
    """Reads and writes block while every row is checked: the scan holds ACCESS EXCLUSIVE."""
    if isinstance(action, AddConstraint):
        found = action.constraint
        columns = found.columns if found.kind is ConstraintKind.NOT_NULL and found.validated else ()
    else:
        columns = (action.column,) if action.not_null else ()
    for column in columns:
        if not at.schema.table(action.table).is_proven_not_null(column):
            message = f"readers and writers of {action.table} wait while every row's {column} is checked"
            yield Hit(message, not_null_without_scan(action.table, column))


def _added(action: AddConstraint | AddColumn, kind: ConstraintKind) -> list[ConstraintFacts]:
    """The constraints of a kind that are added and checked at once."""
    return [one for one in _constraints(action, kind) if one.validated]


def _constraints(action: AddConstraint | AddColumn, kind: ConstraintKind) -> list[ConstraintFacts]:
    found = action.column.constraints if isinstance(action, AddColumn) else (action.constraint,)
    return [one for one in found if one.kind is kind]


def _later(action: AddConstraint | AddColumn, constraint: ConstraintFacts) -> str:
    name, definition = constraint.name, constraint.definition
    if constraint.validated or isinstance(action, AddColumn):
        return revisions(_column_alone(action), validated_later(action.table, name, definition))
    return alter_table(action.table, f"ADD CONSTRAINT {quoted(name)} {definition} NOT VALID")


def _column_alone(action: AddConstraint | AddColumn) -> str:
    """The column without its constraints; empty for a constraint that is added alone."""
    return alter_table(action.table, f"ADD COLUMN {column_sql(action.column)}") if isinstance(action, AddColumn) else ""
