"""Indexes: built, dropped and rebuilt while the table is used."""

from collections.abc import Iterator
from typing import TypeAlias

from schema_tools.lint import actions, objects
from schema_tools.lint.definitions import ConstraintFacts, ConstraintKind
from schema_tools.lint.rendering import alter_table, execute, outside_transaction, quoted, revisions
from schema_tools.lint.rule import At, Hit, Waived, revision_rule
from schema_tools.lint.safe_forms import create_index, split
from schema_tools.lint.waivers import waiver_comment

# What CONCURRENTLY keeps out of a transaction.
_Concurrent: TypeAlias = objects.CreateIndex | objects.DropIndex | objects.Reindex | actions.DetachPartition

# Its index can be built neither concurrently nor beforehand, and before release 18 no foreign key of it is NOT VALID.
_PARTITIONED = Waived(reason="the partitions are small, so the lock is short")
_UNIQUE_KINDS = frozenset({ConstraintKind.UNIQUE, ConstraintKind.PRIMARY_KEY})
_NO_TWO = "it was looked for, and no two rows are alike in it"


@revision_rule(
    fires="CREATE INDEX without CONCURRENTLY",
    source="sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY",
    example='op.create_index("ix_members_email", "members", ["email"])',
)
def index_not_concurrent(action: objects.CreateIndex, at: At) -> Iterator[Hit]:
    """Writes to the table block while the index is built: it holds a SHARE lock for the whole scan."""
    if action.concurrently:
        return
    if not at.schema.table(action.table).partitioned:
        fix = _built(action, at)
        yield Hit(f"writers of {action.table} wait until the index {action.name} is built", fix)
    elif not action.only:
        fix = _on_partitions(action, at.schema.table(action.table).partitions)
        yield Hit(f"writers of every partition of {action.table} wait until {action.name} is built", fix)


@revision_rule(
    fires="DROP INDEX without CONCURRENTLY, unless its column or its table goes in the same transaction",
    source="sql-dropindex.html",
    example='op.drop_index("ix_members_name", table_name="members")',
)
def drop_index_not_concurrent(action: objects.DropIndex, at: At) -> Iterator[Hit]:
    """Reads and writes block from the moment the statement starts to wait: it takes ACCESS EXCLUSIVE."""
    index = at.schema.indexes.get(action.name)
    if action.concurrently or (index is not None and _goes_anyway(index, at)):
        return
    fix: str | Waived = outside_transaction(execute(f"DROP INDEX CONCURRENTLY IF EXISTS {quoted(action.name)}"))
    if index is not None and at.schema.table(index.table).partitioned:
        fix = Waived(reason="an index of a partitioned table cannot be dropped concurrently")
    table = index.table if index is not None else "its table"
    yield Hit(f"readers and writers of {table} wait for {action.name} to be dropped", fix)


@revision_rule(
    fires="REINDEX without CONCURRENTLY",
    source="sql-reindex.html#SQL-REINDEX-CONCURRENTLY",
    example='op.execute("REINDEX INDEX ix_members_name")',
)
def reindex_not_concurrent(action: objects.Reindex, _at: At) -> Iterator[Hit]:
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
def concurrently_in_transaction(action: _Concurrent, at: At) -> Iterator[Hit]:
    """It fails: a concurrent operation ends its transaction several times, so it cannot be part of one."""
    if action.concurrently and at.step.transaction is not None:
        if isinstance(action, objects.CreateIndex):
            fix = _built(action, at)
        else:
            fix = outside_transaction(execute(at.step.sql))
        yield Hit("CONCURRENTLY does not work inside a transaction", fix)


@revision_rule(
    fires="a concurrent operation in a revision that does more than to drop an index and to build it anew",
    source="https://alembic.sqlalchemy.org/en/latest/api/runtime.html#alembic.runtime.migration.MigrationContext.autocommit_block",
    new_tables=True,
    example="""
op.execute("ALTER TABLE members ADD COLUMN phone text")
with op.get_context().autocommit_block():
    op.create_index("ix_members_phone", "members", ["phone"], postgresql_concurrently=True, if_not_exists=True)
""",
)
def concurrently_beside_other_work(action: _Concurrent, at: At) -> Iterator[Hit]:
    """When it fails, what came before it is committed but not recorded, so it cannot simply be run again."""
    # Reported once per revision.
    others = [one for one in at.steps if one is not at.step and not one.is_light]
    earlier = [part for one in others if one.number < at.step.number for part in one.actions]
    said = any(getattr(part, "concurrently", False) for part in earlier)
    if action.concurrently and others and not said and at.is_first(action) and not _is_built_anew(at):
        yield Hit("a concurrent operation is a revision of its own", split(at.steps))


@revision_rule(
    fires="a unique index, or a UNIQUE or PRIMARY KEY constraint, over rows that are there already",
    source="indexes-unique.html",
    example="""
with op.get_context().autocommit_block():
    op.execute("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS ix_members_name_unique ON members (name)")
""",
)
def unique_over_existing_rows(action: objects.CreateIndex | actions.AddConstraint, at: At) -> Iterator[Hit]:
    """It fails where two rows are alike, and from then on refuses rows that the previous release may write."""
    # Columns that already include a unique key cannot fail.
    match action:
        case objects.CreateIndex() if action.unique and not _is_unique_already(at, action.table, action.keys):
            yield Hit(f"rows of {action.table} may be alike in {', '.join(action.keys)}", _built(action, at))
        case actions.AddConstraint() if action.constraint.kind in _UNIQUE_KINDS and action.constraint.index is None:
            columns = action.constraint.columns
            if not _is_unique_already(at, action.table, columns):
                fix = unless_partitioned(at, action.table, unique_by_index(at, action.table, action.constraint))
                yield Hit(f"rows of {action.table} may be alike in {', '.join(columns)}", fix)


def unless_partitioned(at: At, table: str, fix: str) -> str | Waived:
    """The safe form `fix`, where the table has no partitions."""
    return _PARTITIONED if at.schema.table(table).partitioned else fix


def unique_by_index(at: At, table: str, key: ConstraintFacts) -> str:
    """A unique constraint or a primary key whose index is built first, while the table is used."""
    name = quoted(key.name)
    index = objects.CreateIndex(table=table, name=key.name, keys=key.columns, plain=True, unique=True)
    adding = alter_table(table, f"ADD CONSTRAINT {name} {key.kind.upper()} USING INDEX {name}")
    return revisions(_built(index, at), adding)


def _built(index: objects.CreateIndex, at: At) -> str:
    """The code of an index, built while the table is used, with the waiver that a unique one needs."""
    code = create_index(index)
    if not index.unique or _is_unique_already(at, index.table, index.keys):
        return code
    block, _, body = code.partition("\n")
    return f"{block}\n    {waiver_comment('unique-over-existing-rows', _NO_TWO)}\n{body}"


def _is_unique_already(at: At, table: str, keys: tuple[str, ...]) -> bool:
    # A unique index that this revision drops to build it anew has kept rows apart that are alike.
    dropped = [one for revision, one in at.schema.dropped_indexes if revision == at.revision and one.table == table]
    before = [frozenset(one.keys) for one in dropped if one.unique and one.plain]
    return any(key <= set(keys) for key in [*at.schema.unique_keys(table), *before])


def _is_built_anew(at: At) -> bool:
    """Whether the revision drops an index and builds one of the same name: again after a failure, it is the cure."""
    match [part for one in at.steps if not one.is_light for part in one.actions]:
        case [objects.DropIndex() as dropped, objects.CreateIndex() as built]:
            same = actions.short(dropped.name) == built.name
            return same and dropped.concurrently and built.concurrently
    return False


def _goes_anyway(index: objects.CreateIndex, at: At) -> bool:
    """Whether its column or its table is dropped together with it, under the same lock."""
    return any(one.table == index.table for one in at.beside(actions.DropTable)) or any(
        one.table == index.table and one.column in index.keys for one in at.beside(actions.DropColumn)
    )


def _on_partitions(action: objects.CreateIndex, partitions: list[str]) -> str:
    def on(target: str) -> str:
        return action.concurrent_sql.replace(f" ON {quoted(action.table)} ", f" ON {target} ", 1)

    bodies = [execute(on(f"ONLY {quoted(action.table)}").replace("CONCURRENTLY ", "", 1))]
    for partition in partitions:
        name = quoted(f"{action.name}_{actions.short(partition)}")
        own = on(quoted(partition)).replace(f" {quoted(action.name)} ", f" {name} ", 1)
        bodies += [
            outside_transaction(execute(own)),
            execute(f"ALTER INDEX {quoted(action.name)} ATTACH PARTITION {name}"),
        ]
    return revisions(*bodies)
