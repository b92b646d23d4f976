"""Indexes: built, dropped and rebuilt while the table is used."""

from collections.abc import Iterator

from schema_tools.lint import actions
from schema_tools.lint.definitions import ConstraintKind
from schema_tools.lint.model import Index
from schema_tools.lint.rule import Hit, Waived, revision_rule
from schema_tools.lint.safe_forms import (
    create_index,
    create_this_index,
    execute,
    outside_transaction,
    quoted,
    revisions,
)
from schema_tools.lint.step import At, is_light, split
from schema_tools.lint.waivers import waiver_comment

# Its index can be built neither concurrently nor beforehand, and before release 18 no foreign key of it is NOT VALID.
PARTITIONED = Waived(reason="the partitions are small, so the lock is short")
_NO_TWO = "it was looked for, and no two rows are alike in it"


@revision_rule(
    fires="CREATE INDEX without CONCURRENTLY",
    source="sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY",
    example='op.create_index("ix_members_email", "members", ["email"])',
)
def index_not_concurrent(action: actions.CreateIndex, at: At) -> Iterator[Hit]:
    """Writes to the table block while the index is built: it holds a SHARE lock for the whole scan."""
    table = at.schema.tables.get(action.table)
    if action.concurrently:
        return
    if table is None or not table.partitioned:
        fix = guarded(create_this_index(action), at, action.table, action.keys, unique=action.unique)
        yield Hit(f"writers of {action.table} wait until the index {action.name} is built", fix)
    elif not action.only:
        fix = _on_partitions(action, table.partitions)
        yield Hit(f"writers of every partition of {action.table} wait until {action.name} is built", fix)


@revision_rule(
    fires="DROP INDEX without CONCURRENTLY, unless its column or its table goes in the same transaction",
    source="sql-dropindex.html",
    example='op.drop_index("ix_members_name", table_name="members")',
)
def drop_index_not_concurrent(action: actions.DropIndex, at: At) -> Iterator[Hit]:
    """Reads and writes block from the moment the statement starts to wait: it takes ACCESS EXCLUSIVE."""
    index = at.schema.indexes.get(action.name)
    if action.concurrently or (index is not None and _goes_anyway(index, at)):
        return
    message = f"readers and writers of {index.table if index else 'its table'} wait for {action.name} to be dropped"
    if index is not None and index.table in at.schema.tables and at.schema.tables[index.table].partitioned:
        yield Hit(message, Waived(reason="an index of a partitioned table cannot be dropped concurrently"))
        return
    code = execute(f"DROP INDEX CONCURRENTLY IF EXISTS {quoted(action.name)}")
    yield Hit(message, outside_transaction(code))


@revision_rule(
    fires="REINDEX without CONCURRENTLY",
    source="sql-reindex.html#SQL-REINDEX-CONCURRENTLY",
    example='op.execute("REINDEX INDEX ix_members_name")',
)
def reindex_not_concurrent(action: actions.Reindex, _at: At) -> Iterator[Hit]:
    """Writes to the table, and reads through that index, block while it is rebuilt."""
    if not action.concurrently:
        kind, _, name = action.words.partition(" ")
        code = execute(f"REINDEX {kind} CONCURRENTLY {name}")
        yield Hit(f"writers wait until {name} is rebuilt", outside_transaction(code))


@revision_rule(
    fires="CONCURRENTLY outside of an autocommit block",
    source="sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY",
    new_tables=True,
    example='op.create_index("ix_members_age", "members", ["age"], postgresql_concurrently=True, if_not_exists=True)',
)
def concurrently_in_transaction(
    action: actions.CreateIndex | actions.DropIndex | actions.Reindex | actions.DetachPartition, at: At
) -> Iterator[Hit]:
    """It fails: a concurrent operation ends its transaction several times, so it cannot be part of one."""
    if action.concurrently and at.step.transaction is not None:
        if isinstance(action, actions.CreateIndex):
            fix = guarded(create_this_index(action), at, action.table, action.keys, unique=action.unique)
        else:
            fix = outside_transaction(execute(at.step.sql))
        yield Hit("CONCURRENTLY does not work inside a transaction", fix)


@revision_rule(
    fires="a concurrent operation in a revision that does more",
    source="https://alembic.sqlalchemy.org/en/latest/api/runtime.html#alembic.runtime.migration.MigrationContext.autocommit_block",
    new_tables=True,
    example="""
op.execute("ALTER TABLE members ADD COLUMN phone text")
with op.get_context().autocommit_block():
    op.create_index("ix_members_phone", "members", ["phone"], postgresql_concurrently=True, if_not_exists=True)
""",
)
def concurrently_beside_other_work(
    action: actions.CreateIndex | actions.DropIndex | actions.Reindex | actions.DetachPartition, at: At
) -> Iterator[Hit]:
    """The autocommit block commits what came before it.

    When the concurrent operation fails, half of the revision is done while the database is still recorded at the
    previous one, so it cannot simply be run again.
    """
    # Reported once per revision.
    others = [one for one in at.steps if one is not at.step and not is_light(one)]
    earlier = [part for one in others if one.number < at.step.number for part in one.actions]
    said = any(getattr(part, "concurrently", False) for part in earlier)
    if action.concurrently and others and not said and at.is_first(action):
        yield Hit("a concurrent operation is a revision of its own", split(at.steps))


@revision_rule(
    fires="a unique index, or a UNIQUE or PRIMARY KEY constraint, over rows that are there already",
    source="indexes-unique.html",
    example="""
with op.get_context().autocommit_block():
    op.execute("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ix_members_name_unique ON members (name)")
""",
)
def unique_over_existing_rows(action: actions.CreateIndex | actions.AddConstraint, at: At) -> Iterator[Hit]:
    """It fails where two rows are alike, in production if not in the rehearsal.

    From then on it refuses rows that the previous release may still write.
    """
    # Columns that already include a unique key cannot fail.
    match action:
        case actions.CreateIndex() if action.unique and not _is_unique_already(at, action.table, action.keys):
            code = guarded(create_this_index(action), at, action.table, action.keys, unique=True)
            yield Hit(f"rows of {action.table} may be alike in {', '.join(action.keys)}", code)
        case actions.AddConstraint() if _makes_unique(action) and action.constraint.index is None:
            columns = action.constraint.columns
            if not _is_unique_already(at, action.table, columns):
                fix: str | Waived = PARTITIONED
                if not at.schema.is_partitioned(action.table):
                    fix = unique_by_index(at, action.table, action.constraint.name, columns, action.constraint.kind)
                yield Hit(f"rows of {action.table} may be alike in {', '.join(columns)}", fix)
        case _:
            pass


def guarded(code: str, at: At, table: str, keys: tuple[str, ...], *, unique: bool) -> str:
    """The code of an index in its autocommit block, with the waiver that a unique one needs."""
    if not unique or _is_unique_already(at, table, keys):
        return code
    block, _, body = code.partition("\n")
    return f"{block}\n    {waiver_comment('unique-over-existing-rows', _NO_TWO)}\n{body}"


def unique_by_index(at: At, table: str, name: str, columns: tuple[str, ...], kind: ConstraintKind) -> str:
    """A unique constraint or a primary key whose index is built first, while the table is used."""
    code = create_index(name, table, columns, unique=True)
    return revisions(
        guarded(code, at, table, columns, unique=True),
        execute(f"ALTER TABLE {quoted(table)} ADD CONSTRAINT {quoted(name)} {kind.upper()} USING INDEX {quoted(name)}"),
    )


def _is_unique_already(at: At, table: str, keys: tuple[str, ...]) -> bool:
    return any(key <= set(keys) for key in at.schema.unique_keys(table))


def _makes_unique(action: actions.AddConstraint) -> bool:
    return action.constraint.kind in {ConstraintKind.UNIQUE, ConstraintKind.PRIMARY_KEY}


def _goes_anyway(index: Index, at: At) -> bool:
    """Whether its column or its table is dropped together with it, under the same lock."""
    return any(
        (isinstance(one, actions.DropTable) and one.table == index.table)
        or (isinstance(one, actions.DropColumn) and one.table == index.table and one.column in index.keys)
        for step in at.together
        for one in step.actions
    )


def _on_partitions(action: actions.CreateIndex, partitions: list[str]) -> str:
    plain = action.concurrent_sql.replace("CONCURRENTLY ", "", 1)
    parent = plain.replace(f" ON {quoted(action.table)} ", f" ON ONLY {quoted(action.table)} ", 1)
    bodies = [execute(parent)]
    for partition in partitions:
        name = f"{action.name}_{partition.rpartition('.')[2]}"
        own = action.concurrent_sql.replace(f" {quoted(action.name)} ", f" {quoted(name)} ", 1)
        own = own.replace(f" ON {quoted(action.table)} ", f" ON {quoted(partition)} ", 1)
        bodies += [
            outside_transaction(execute(own)),
            execute(f"ALTER INDEX {quoted(action.name)} ATTACH PARTITION {quoted(name)}"),
        ]
    return revisions(*bodies)
