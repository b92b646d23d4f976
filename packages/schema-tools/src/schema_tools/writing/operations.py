"""The operations of a new revision: Alembic's own, arranged for two databases, with triggers and functions."""

import re
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any, Final

from alembic.autogenerate import renderers
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import render_op
from alembic.operations import ops
from sqlalchemy import CheckConstraint, Computed, DefaultClause
from sqlalchemy.sql.elements import ClauseElement

from schema_tools.catalog.stored_code import CodeObject, StoredCode
from schema_tools.dialects import escaped

_INDEX_OPERATIONS: Final = (ops.CreateIndexOp, ops.DropIndexOp)
# At spaces where there are any.
_PARTS: Final = re.compile(r".{1,90}(?:\s+|$)|.{1,90}", re.DOTALL)
_TABLE_COMMENT_OPERATIONS: Final = (ops.CreateTableCommentOp, ops.DropTableCommentOp)


class OnlyOn(ops.MigrateOperation):
    """Operations for one database only, rendered under an `if`; `guarded` is False where it would need none.

    `inner` has operations, and arguments of `op.execute` as Python code.
    """

    guarded = True

    def __init__(self, dialect: str, inner: Sequence[ops.MigrateOperation | str]) -> None:
        self.dialect = dialect
        self.inner = inner


@renderers.dispatch_for(OnlyOn)
def _render_only_on(context: AutogenContext, operation: OnlyOn) -> list[str]:
    lines = []
    for inner in operation.inner:
        lines += [f"op.execute({inner})"] if isinstance(inner, str) else render_op(context, inner)
    return [f"if op.get_context().dialect.name == {operation.dialect!r}:", *lines, ""] if operation.guarded else lines


class Concurrently(ops.MigrateOperation):
    """An index operation outside the transaction on PostgreSQL, and as it is elsewhere.

    SQLite must not come to the `autocommit_block()`, which would commit what its whole run has done. `elsewhere` says
    that the revision is for another database as well.
    """

    def __init__(self, operation: ops.CreateIndexOp | ops.DropIndexOp, *, elsewhere: bool) -> None:
        self.operation = operation
        self.elsewhere = elsewhere


@renderers.dispatch_for(Concurrently)
def _render_concurrently(context: AutogenContext, one: Concurrently) -> list[str]:
    outside = copy(one.operation)
    outside.kw = {**outside.kw, "postgresql_concurrently": True}
    if isinstance(outside, ops.CreateIndexOp):
        outside.if_not_exists = True
    else:
        outside.if_exists = True
    # Alembic's printer indents after a colon, and ends a block at an empty line and at `else`.
    block = ["with op.get_context().autocommit_block():", *render_op(context, outside), ""]
    if not one.elsewhere:
        return block
    on_postgresql = "if op.get_context().dialect.name == 'postgresql':"
    return [on_postgresql, *block, "else:", *render_op(context, one.operation), ""]


@dataclass(frozen=True)
class CodeChange:
    """The triggers and functions of one database, as a revision finds them and as it leaves them.

    Attributes:
        dialect: The database.
        old: At the head before the revision.
        new: In the mapping.
        constants: The statements that make them: the revision's constants, their Python code by name. Filled while
            operations are made.
    """

    dialect: str
    old: StoredCode
    new: StoredCode
    constants: dict[str, str] = field(default_factory=dict)

    @property
    def any_differs(self) -> bool:
        """Whether anything is new, gone or changed."""
        return any(self._differs(label) for label in {**self.old, **self.new})

    def around(self, container: ops.OpContainer, *, up: bool) -> tuple[list[OnlyOn], list[OnlyOn]]:
        """What to do before and after the table operations of `container`.

        A trigger that changes is dropped first and made at the end. On SQLite so is every trigger that has to do
        with a table that changes: it names columns, and is lost when the table is copied.

        Args:
            container: The table operations, which drop the triggers of a dropped table with it.
            up: Whether they lead from the old to the new, or back.
        """
        before, after = (self.old, self.new) if up else (self.new, self.old)
        dropped = {one.table_name for one in container.ops if isinstance(one, ops.DropTableOp)}
        altered = _altered_tables(container) if self.dialect == "sqlite" else set()
        triggers = (one for one in before.values() if one.kind == "trigger" and one.table not in dropped)
        set_aside = {one.label: one for one in triggers if self._differs(one.label) or any(map(one.mentions, altered))}
        gone = (one for one in before.values() if one.kind == "function" and one.label not in after)
        first = [repr(escaped(one.drop)) for one in set_aside.values()]
        last = [self._constant(one) for one in after.values() if self._differs(one.label) or one.label in set_aside]
        last += [repr(escaped(one.drop)) for one in gone]
        return ([OnlyOn(self.dialect, first)] if first else []), ([OnlyOn(self.dialect, last)] if last else [])

    def _differs(self, label: str) -> bool:
        old, new = self.old.get(label), self.new.get(label)
        return old is None or new is None or old.definition != new.definition

    def _constant(self, one: CodeObject) -> str:
        """The name of the constant that holds the statement which makes `one`."""
        namesakes = {other.label for other in (*self.old.values(), *self.new.values()) if other.name == one.name}
        name = f"{one.name} on {one.table}" if len(namesakes) > 1 and one.table else one.name
        in_both = one.label in self.old and one.label in self.new
        prefix = ("new " if one is self.new[one.label] else "old ") if in_both and self._differs(one.label) else ""
        constant = re.sub(r"\W+", "_", f"{prefix}{name} on {self.dialect}").upper()
        self.constants[constant] = _triple_quoted(escaped(one.statement))
        return constant


def split_comments(container: ops.OpContainer) -> None:
    """Give every comment of a changed table an operation of its own, after the others, which `arranged` needs."""
    for table in container.ops:
        if not isinstance(table, ops.ModifyTableOps):
            continue
        changes: list[ops.MigrateOperation] = []
        comments: list[ops.MigrateOperation] = []
        for operation in table.ops:
            if not isinstance(operation, ops.AlterColumnOp):
                (comments if _is_comment(operation) else changes).append(operation)
                continue
            if _is_comment(operation):
                comments.append(_comment_of(operation))
            # The old comment and default are not needed, and would be rendered in PostgreSQL's words.
            operation.modify_comment = operation.existing_server_default = False
            operation.existing_comment = None
            changes += [operation] if operation.has_changes() else []
        table.ops = [*changes, *comments]


def arranged(container: ops.OpContainer) -> list[ops.MigrateOperation]:
    """The operations of `container` so that they run on both databases.

    SQLite has no comments. It can add and drop a plain column by itself; for any other change of a table Alembic
    copies it, in a batch.
    """
    result: list[ops.MigrateOperation] = []
    for operation in container.ops:
        if not isinstance(operation, ops.ModifyTableOps):
            if isinstance(operation, ops.CreateTableOp):
                _lift_checks(operation)
                result += [operation, *on_postgresql(_taken_out(operation))]
            else:
                result.append(operation)
            continue
        changes = [one for one in operation.ops if not _is_comment(one)]
        comments = [one for one in operation.ops if _is_comment(one)]
        if all(_is_plain(change) for change in changes):
            result += changes
        else:
            result.append(ops.ModifyTableOps(operation.table_name, changes, schema=operation.schema))
        if comments:
            result.append(OnlyOn("postgresql", comments))
    return result


def for_databases(
    operations: Sequence[ops.MigrateOperation], databases: Sequence[str]
) -> Sequence[ops.MigrateOperation]:
    """`operations` of `arranged` as the revisions of a project for these `databases` have them.

    One that is for PostgreSQL only has neither batches nor an `if`. An operation on an index is concurrent if it is
    alone; with others beside it, it stays in their transaction, so that a failure leaves nothing half done.
    """
    elsewhere = len(databases) > 1
    result: list[ops.MigrateOperation] = []
    for one in operations:
        if isinstance(one, OnlyOn):
            one.guarded = elsewhere
        result += one.ops if isinstance(one, ops.ModifyTableOps) and not elsewhere else [one]
    if len(result) == 1 and isinstance(result[0], _INDEX_OPERATIONS):
        return [Concurrently(result[0], elsewhere=elsewhere)]
    return result


def on_postgresql(statements: Sequence[str]) -> list[OnlyOn]:
    """Statements that only PostgreSQL is to execute: literals in parts, which the formatter puts on separate lines."""
    literals = [" ".join(map(repr, _PARTS.findall(escaped(one)))) for one in statements]
    return [OnlyOn("postgresql", literals)] if literals else []


def _lift_checks(operation: ops.CreateTableOp) -> None:
    """Make the CHECK constraints of columns those of their table, as Alembic leaves a column's out."""
    table = operation.to_table()
    checks = [one for column in table.columns for one in column.constraints if isinstance(one, CheckConstraint)]
    for check in checks:
        lifted = CheckConstraint(check.sqltext, name=check.name)
        lifted.parent = table
        operation.columns = [*operation.columns, lifted]


def _taken_out(operation: ops.CreateTableOp) -> list[str]:
    """Take the CHECK constraints that only PostgreSQL is to have out of a table; the statements that add them."""
    everywhere: list[Any] = []
    conditional: list[Any] = []
    for one in operation.columns:
        (everywhere if getattr(one, "_ddl_if", None) is None else conditional).append(one)
    operation.columns = everywhere
    table = ".".join(filter(None, (operation.schema, operation.table_name)))
    return [
        f"ALTER TABLE {table} ADD CONSTRAINT {one.name} CHECK ({one.sqltext})"
        for one in conditional
        if isinstance(one, CheckConstraint)
    ]


def _altered_tables(container: ops.OpContainer) -> set[str]:
    return {
        table.table_name
        for table in container.ops
        if isinstance(table, ops.ModifyTableOps)
        and any(not _is_comment(one) and not isinstance(one, _INDEX_OPERATIONS) for one in table.ops)
    }


def _is_comment(operation: ops.MigrateOperation) -> bool:
    return isinstance(operation, _TABLE_COMMENT_OPERATIONS) or (
        isinstance(operation, ops.AlterColumnOp) and operation.modify_comment is not False
    )


def _comment_of(operation: ops.AlterColumnOp) -> ops.AlterColumnOp:
    return ops.AlterColumnOp(
        operation.table_name,
        operation.column_name,
        schema=operation.schema,
        modify_comment=operation.modify_comment,
        existing_comment=operation.existing_comment,
    )


def _is_plain(operation: ops.MigrateOperation) -> bool:
    """Whether SQLite can do it without copying the table (https://www.sqlite.org/lang_altertable.html)."""
    if isinstance(operation, ops.AddColumnOp):
        default = operation.column.server_default
        computed = isinstance(default, DefaultClause) and isinstance(default.arg, ClauseElement)
        return not computed and not isinstance(default, Computed)
    return isinstance(operation, (ops.DropColumnOp, *_INDEX_OPERATIONS))


def _triple_quoted(statement: str) -> str:
    """A string literal over several lines, as close to the statement as Python allows."""
    if '"""' in statement or statement.endswith(('"', "\\")):
        return repr(statement)
    return f'r"""{statement}"""' if "\\" in statement else f'"""\\\n{statement}"""'
