"""What rewrites rows: columns for which PostgreSQL rewrites the whole table, and statements that change rows."""

from collections.abc import Iterator
from typing import Final

from schema_tools.lint.actions import AddColumn, ChangeRows, ChangeType, SetExpression
from schema_tools.lint.definitions import ColumnFacts, Expression, SqlType
from schema_tools.lint.rewriting import is_rewritten, volatile_functions
from schema_tools.lint.rule import Hit, Waived, revision_rule
from schema_tools.lint.safe_forms import (
    column_sql,
    delete_in_batches,
    execute,
    not_null_without_scan,
    quoted,
    revisions,
    short,
    update_in_batches,
)
from schema_tools.lint.step import At
from schema_tools.lint.waivers import waiver_comment

_SMALL: Final = Waived(reason="the table is small, so the lock is short")
_FEW: Final = Waived(reason="it concerns a few rows only")
_SERIAL: Final = {"smallserial": "smallint", "serial": "integer", "bigserial": "bigint"}


@revision_rule(
    fires="a column's type changed to one that is stored differently, or holds less",
    source="sql-altertable.html#SQL-ALTERTABLE-NOTES",
    example='op.alter_column("members", "age", type_=sa.BigInteger())',
)
def type_change_rewrites(action: ChangeType, at: At) -> Iterator[Hit]:
    """PostgreSQL rewrites the table and its indexes under ACCESS EXCLUSIVE, which blocks reads and writes."""
    column = at.schema.column(action.table, action.column)
    before = column.type if column is not None else None
    if before is not None and not action.converts and not is_rewritten(before, action.type):
        return
    change = f"from {before.sql} to {action.type.sql}" if before is not None else f"to {action.type.sql}"
    yield Hit(f"{action.table}.{action.column} {change} rewrites the table", _by_a_column(action, at))


@revision_rule(
    fires="a new column whose default is another one for each row",
    source="sql-altertable.html#SQL-ALTERTABLE-NOTES",
    example="""
op.add_column("members", sa.Column("token", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False))
""",
)
def volatile_default(action: AddColumn, at: At) -> Iterator[Hit]:
    """PostgreSQL rewrites the table and its indexes under ACCESS EXCLUSIVE, which blocks reads and writes.

    A constant, or the time of the statement as now() gives it, is stored once for all rows.
    """
    default = action.column.default
    volatile = volatile_functions(default, at.schema.functions) if default is not None else []
    if default is not None and volatile:
        called = ", ".join(f"{name}()" for name in volatile)
        message = f"{called} is computed for each row of {action.table}, which rewrites the table"
        yield Hit(message, _filled_later(action, at, default))


@revision_rule(
    fires="a new identity or serial column",
    source="sql-altertable.html#SQL-ALTERTABLE-NOTES",
    example='op.execute("ALTER TABLE members ADD COLUMN number serial")',
)
def identity_or_serial_column(action: AddColumn, at: At) -> Iterator[Hit]:
    """PostgreSQL rewrites the table and its indexes under ACCESS EXCLUSIVE, which blocks reads and writes."""
    column = action.column
    if column.identity or column.type.name in _SERIAL:
        sequence = f"{short(action.table)}_{column.name}_seq"
        default = Expression(sql=f"nextval('{quoted(sequence)}')", functions=frozenset({"nextval"}))
        words = _SERIAL.get(column.type.name, column.type.sql)
        numbers = ColumnFacts(name=column.name, type=SqlType(name=words, sql=words), not_null=True)
        fix = _filled_later(AddColumn(table=action.table, column=numbers), at, default, sequence=sequence)
        yield Hit(f"numbering the rows of {action.table} rewrites the table", fix)


@revision_rule(
    fires="a new stored generated column, or another expression for one",
    source="ddl-generated-columns.html",
    example='op.add_column("members", sa.Column("initial", sa.Text(), sa.Computed("left(name, 1)", persisted=True)))',
)
def stored_generated_column(action: AddColumn | SetExpression, at: At) -> Iterator[Hit]:
    """PostgreSQL rewrites the table and its indexes under ACCESS EXCLUSIVE, which blocks reads and writes."""
    if isinstance(action, SetExpression):
        yield Hit(f"{action.table}.{action.column} is computed anew for each row", _SMALL)
    elif action.column.generated == "stored":
        message = f"{action.table}.{action.column.name} is computed for each row, which rewrites the table"
        yield Hit(message, _by_a_trigger(action, at))


@revision_rule(
    fires="UPDATE or DELETE without a WHERE that bounds it: by a unique key, a range, or a subquery with LIMIT",
    source="explicit-locking.html#LOCKING-ROWS",
    example="""op.execute("UPDATE members SET name = trim(name)")""",
)
def unbatched_update(action: ChangeRows, at: At) -> Iterator[Hit]:
    """It locks every row that it changes until the transaction ends, so writes to those rows block.

    It doubles the size of the table, and starts over when it fails.
    """
    if action.verb not in {"UPDATE", "DELETE"} or action.bounded or _is_catalog(action.table):
        return
    if action.plain and any(key <= action.compared for key in at.schema.unique_keys(action.table)):
        return
    fix: str | Waived = _FEW
    if action.plain and action.verb == "UPDATE":
        fix = update_in_batches(at.schema, action.table, action.assignments, action.where) or _FEW
    elif action.plain:
        fix = delete_in_batches(action.table, action.where)
    which = "the rows that it finds" if action.where else "every row"
    yield Hit(f"{action.verb} changes {which} of {action.table} in one go", fix)


@revision_rule(
    fires="INSERT, UPDATE or DELETE in PostgreSQL's own catalog, such as deleting the value of an enum",
    source="catalogs.html",
    example="""op.execute("DELETE FROM pg_enum WHERE enumlabel = 'green'")""",
)
def catalog_edit(action: ChangeRows, _at: At) -> Iterator[Hit]:
    """PostgreSQL checks nothing there: rows that hold a deleted value can no longer be read or indexed."""
    if _is_catalog(action.table):
        waived = Waived(reason="there is no statement for it, and it was tried on a copy of production")
        yield Hit(f"{action.table} is PostgreSQL's own", waived)


def _by_a_column(action: ChangeType, at: At) -> str | Waived:
    """A second column, which takes the place of the first one over two releases."""
    new = f"{action.column}_new"
    value = action.using or f"{quoted(action.column)}::{action.type.sql}"
    filling = update_in_batches(at.schema, action.table, f"{quoted(new)} = {value}")
    if not filling:
        return _SMALL
    return revisions(
        execute(f"ALTER TABLE {quoted(action.table)} ADD COLUMN {column_sql(new, action.type)}"),
        f"# The release before this one writes both columns.\n{filling}",
        waiver_comment("drop-column", f"every release that runs reads and writes {new}")
        + "\n"
        + execute(f"ALTER TABLE {quoted(action.table)} DROP COLUMN {quoted(action.column)}"),
    )


def _filled_later(action: AddColumn, at: At, default: Expression, sequence: str = "") -> str | Waived:
    """The column without its default, the default for new rows, then a value for the rows that are there."""
    name = quoted(action.column.name)
    table = quoted(action.table)
    filling = update_in_batches(at.schema, action.table, f"{name} = {default.sql}", f"{name} IS NULL")
    if not filling:
        return _SMALL
    adding = [f"ALTER TABLE {table} ADD COLUMN {column_sql(action.column.name, action.column.type)}"]
    if sequence:
        adding.append(f"CREATE SEQUENCE {quoted(sequence)} OWNED BY {table}.{name}")
    adding.append(f"ALTER TABLE {table} ALTER COLUMN {name} SET DEFAULT {default.sql}")
    last = not_null_without_scan(action.table, action.column.name) if action.column.not_null else ""
    return revisions(execute(*adding), filling, last)


def _by_a_trigger(action: AddColumn, at: At) -> str | Waived:
    """A plain column that a trigger computes."""
    column, name = action.column, quoted(action.column.name)
    function = quoted(f"compute_{short(action.table)}_{column.name}")
    expression = column.expression
    filling = update_in_batches(at.schema, action.table, f"{name} = {expression}")
    if not filling or not expression:
        return _SMALL
    computing = [
        f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$",
        "BEGIN",
        f"  SELECT {expression} INTO NEW.{name} FROM (SELECT NEW.*) AS changed;",  # noqa: S608 -- for people
        "  RETURN NEW;",
        "END",
        "$$",
    ]
    trigger = [
        f"CREATE TRIGGER {function} BEFORE INSERT OR UPDATE ON {quoted(action.table)}",
        f"FOR EACH ROW EXECUTE FUNCTION {function}()",
    ]
    return revisions(
        execute(f"ALTER TABLE {quoted(action.table)} ADD COLUMN {column_sql(column.name, column.type)}"),
        execute("\n".join(computing), "\n".join(trigger)),
        filling,
    )


def _is_catalog(table: str) -> bool:
    return table.startswith(("pg_catalog.", "pg_"))
