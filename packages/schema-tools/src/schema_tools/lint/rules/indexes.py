"""Indexes: built, dropped and rebuilt while the table is used."""

from collections.abc import Iterator

from schema_tools.lint.actions import (
    AddConstraint,
    CreateIndex,
    DetachPartition,
    DropColumn,
    DropIndex,
    DropTable,
    Reindex,
)
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
from schema_tools.lint.splitting import is_light, split
from schema_tools.lint.step import At
from schema_tools.lint.waivers import waiver_comment

_CREATE_INDEX = "https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY"
# Its index can be built neither concurrently nor beforehand, and before release 18 no foreign key of it is NOT VALID.
PARTITIONED = Waived(reason="the partitions are small, so the lock is short")
_NO_TWO = "it was looked for, and no two rows are alike in it"


@revision_rule(
    "index-not-concurrent",
    CreateIndex,
    fires="CREATE INDEX without CONCURRENTLY",
    why="Nobody can write to the table while the index is built: it takes a SHARE lock for the whole scan.",
    source=_CREATE_INDEX,
    example='op.create_index("ix_users_email", "users", ["email"])',
)
def index_not_concurrent(action: CreateIndex, at: At) -> Iterator[Hit]:
    """An index on a table that is there, built under a lock."""
    table = at.schema.tables.get(action.table)
    if action.concurrently:
        return
    if table is None or not table.partitioned:
        mend = guarded(create_this_index(action), at, action.table, action.keys, unique=action.unique)
        yield Hit(f"writers of {action.table} wait until the index {action.name} is built", mend)
    elif not action.only:
        mend = _on_partitions(action, table.partitions)
        yield Hit(f"writers of every partition of {action.table} wait until {action.name} is built", mend)


@revision_rule(
    "drop-index-not-concurrent",
    DropIndex,
    fires="DROP INDEX without CONCURRENTLY, unless its column or its table goes in the same transaction",
    why="Nobody can read or write the table from when the statement begins to wait: it takes ACCESS EXCLUSIVE.",
    source="https://www.postgresql.org/docs/current/sql-dropindex.html",
    example='op.drop_index("ix_users_name", table_name="users")',
)
def drop_index_not_concurrent(action: DropIndex, at: At) -> Iterator[Hit]:
    """An index dropped under a lock."""
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
    "reindex-not-concurrent",
    Reindex,
    fires="REINDEX without CONCURRENTLY",
    why="Nobody can write to the table, nor read by that index, while it is rebuilt.",
    source="https://www.postgresql.org/docs/current/sql-reindex.html#SQL-REINDEX-CONCURRENTLY",
    example='op.execute("REINDEX INDEX ix_users_name")',
)
def reindex_not_concurrent(action: Reindex, _at: At) -> Iterator[Hit]:
    """An index rebuilt under a lock."""
    if not action.concurrently:
        kind, _, name = action.words.partition(" ")
        code = execute(f"REINDEX {kind} CONCURRENTLY {name}")
        yield Hit(f"writers wait until {name} is rebuilt", outside_transaction(code))


@revision_rule(
    "concurrently-in-transaction",
    *(CreateIndex, DropIndex, Reindex, DetachPartition),
    fires="CONCURRENTLY outside of an autocommit block",
    why="It fails: a concurrent operation ends its transaction several times, so it cannot be part of one.",
    source=_CREATE_INDEX,
    new_tables=True,
    example='op.create_index("ix_users_email", "users", ["email"], postgresql_concurrently=True, if_not_exists=True)',
)
def concurrently_in_transaction(action: CreateIndex | DropIndex | Reindex | DetachPartition, at: At) -> Iterator[Hit]:
    """A concurrent operation in the transaction of the revision."""
    if action.concurrently and at.step.transaction is not None:
        if isinstance(action, CreateIndex):
            mend = guarded(create_this_index(action), at, action.table, action.keys, unique=action.unique)
        else:
            mend = outside_transaction(execute(at.step.sql))
        yield Hit("CONCURRENTLY does not work inside a transaction", mend)


@revision_rule(
    "concurrently-beside-other-work",
    *(CreateIndex, DropIndex, Reindex, DetachPartition),
    fires="a concurrent operation in a revision that does more",
    why=(
        "The autocommit block commits what came before it. When the concurrent operation fails, half of the revision "
        "is done and the database still counts as being at the one before, so it cannot simply be run again."
    ),
    source="https://alembic.sqlalchemy.org/en/latest/api/runtime.html#alembic.runtime.migration.MigrationContext.autocommit_block",
    new_tables=True,
    example="""
op.execute("ALTER TABLE users ADD COLUMN phone text")
with op.get_context().autocommit_block():
    op.create_index("ix_users_phone", "users", ["phone"], postgresql_concurrently=True, if_not_exists=True)
""",
)
def concurrently_beside_other_work(
    action: CreateIndex | DropIndex | Reindex | DetachPartition, at: At
) -> Iterator[Hit]:
    """A concurrent operation that is not alone; said once per revision."""
    others = [one for one in at.steps if one is not at.step and not is_light(one)]
    earlier = [part for one in others if one.number < at.step.number for part in one.actions]
    said = any(getattr(part, "concurrently", False) for part in earlier)
    if action.concurrently and others and not said and at.is_first(action):
        yield Hit("a concurrent operation is a revision of its own", split(at.steps))


@revision_rule(
    "unique-over-existing-rows",
    *(CreateIndex, AddConstraint),
    fires="a unique index, or a UNIQUE or PRIMARY KEY constraint, over rows that are there already",
    why=(
        "It fails where two rows are alike, in production if not in the rehearsal, and from then on it refuses what "
        "the release that still runs may write."
    ),
    source="https://www.postgresql.org/docs/current/indexes-unique.html",
    example="""
with op.get_context().autocommit_block():
    op.execute("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ix_users_name_unique ON users (name)")
""",
)
def unique_over_existing_rows(action: CreateIndex | AddConstraint, at: At) -> Iterator[Hit]:
    """What was not unique becomes so; columns among which a unique key is already cannot fail."""
    match action:
        case CreateIndex() if action.unique and not _is_unique_already(at, action.table, action.keys):
            code = guarded(create_this_index(action), at, action.table, action.keys, unique=True)
            yield Hit(f"rows of {action.table} may be alike in {', '.join(action.keys)}", code)
        case AddConstraint() if _makes_unique(action) and action.constraint.index is None:
            columns = action.constraint.columns
            if not _is_unique_already(at, action.table, columns):
                mend: str | Waived = PARTITIONED
                if not at.schema.is_partitioned(action.table):
                    mend = unique_by_index(at, action.table, action.constraint.name, columns, action.constraint.kind)
                yield Hit(f"rows of {action.table} may be alike in {', '.join(columns)}", mend)
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


def _makes_unique(action: AddConstraint) -> bool:
    return action.constraint.kind in {ConstraintKind.UNIQUE, ConstraintKind.PRIMARY_KEY}


def _goes_anyway(index: Index, at: At) -> bool:
    """Whether its column or its table is dropped together with it, under the same lock."""
    return any(
        (isinstance(one, DropTable) and one.table == index.table)
        or (isinstance(one, DropColumn) and one.table == index.table and one.column in index.keys)
        for step in at.together
        for one in step.actions
    )


def _on_partitions(action: CreateIndex, partitions: list[str]) -> str:
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
