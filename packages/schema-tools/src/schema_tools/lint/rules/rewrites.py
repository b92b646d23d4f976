"""What rewrites rows: columns for which PostgreSQL rewrites the whole table, and statements that change rows."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from schema_tools.lint.actions import AddColumn, ChangeRows, ChangeType, SetExpression, short
from schema_tools.lint.definitions import SERIAL_TYPES, Expression, SqlType, is_rewritten, volatile_functions
from schema_tools.lint.rendering import alter_table, execute, quoted, revisions
from schema_tools.lint.rule import SMALL, At, Hit, Waived, revision_rule
from schema_tools.lint.safe_forms import delete_in_batches, not_null_without_scan, replaced_column, update_in_batches

_FEW: Final = Waived(reason="it concerns a few rows only")


@revision_rule(
    fires="a column's type changed to one that is stored differently, or holds less",
    source="sql-altertable.html#SQL-ALTERTABLE-NOTES",
    example='op.alter_column("members", "age", type_=sa.BigInteger())',
)
def type_change_rewrites(action: ChangeType, at: At) -> Iterator[Hit]:
    """PostgreSQL rewrites the table and its indexes under ACCESS EXCLUSIVE, which blocks reads and writes."""
    column = at.schema.table(action.table).columns.get(action.column)
    before = column.type if column is not None else None
    if before is not None and not action.converts and not is_rewritten(before, action.type):
        return
    change = f"from {before.sql} to {action.type.sql}" if before is not None else f"to {action.type.sql}"
    value = action.using or f"{quoted(action.column)}::{action.type.sql}"
    fix = replaced_column(at.schema, action, f"{action.column}_new", action.type, value=value)
    yield Hit(f"{action.table}.{action.column} {change} rewrites the table", fix or SMALL)


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
    if column.identity or column.type.name in SERIAL_TYPES:
        sequence = f"{short(action.table)}_{column.name}_seq"
        default = Expression(sql=f"nextval('{quoted(sequence)}')")
        words = SERIAL_TYPES.get(column.type.name, column.type.sql)
        numbers = replace(column, type=SqlType(name=words, sql=words), not_null=True)
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
        yield Hit(f"{action.table}.{action.column} is computed anew for each row", SMALL)
    elif action.column.generated == "stored":
        message = f"{action.table}.{action.column.name} is computed for each row, which rewrites the table"
        yield Hit(message, _by_a_trigger(action, at))


@revision_rule(
    fires="UPDATE or DELETE without a WHERE that bounds it: by a unique key, a range, or a subquery with LIMIT",
    source="explicit-locking.html#LOCKING-ROWS",
    example="""op.execute("UPDATE members SET name = trim(name)")""",
)
def unbatched_update(action: ChangeRows, at: At) -> Iterator[Hit]:
    """Writes to every row that it changes block until it commits; it doubles the table, and fails as a whole."""
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


def _filled_later(action: AddColumn, at: At, default: Expression, sequence: str = "") -> str | Waived:
    """The column without its default, the default for new rows, then a value for the rows that are there."""
    name, table = quoted(action.column.name), action.table
    filling = update_in_batches(at.schema, table, f"{name} = {default.sql}", f"{name} IS NULL")
    if not filling:
        return SMALL
    adding = [alter_table(table, f"ADD COLUMN {name} {action.column.type.sql}")]
    adding += [execute(f"CREATE SEQUENCE {quoted(sequence)} OWNED BY {quoted(table)}.{name}")] if sequence else []
    adding.append(alter_table(table, f"ALTER COLUMN {name} SET DEFAULT {default.sql}"))
    last = not_null_without_scan(table, action.column.name) if action.column.not_null else ""
    return revisions("\n".join(adding), filling, last)


def _by_a_trigger(action: AddColumn, at: At) -> str | Waived:
    """A plain column that a trigger computes."""
    column, name, table = action.column, quoted(action.column.name), quoted(action.table)
    filling = update_in_batches(at.schema, action.table, f"{name} = {column.expression}")
    if not filling or not column.expression:
        return SMALL
    function = quoted(f"compute_{short(action.table)}_{column.name}")
    computing = f"""\
CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SELECT {column.expression} INTO NEW.{name} FROM (SELECT NEW.*) AS changed;
  RETURN NEW;
END
$$"""  # noqa: S608 -- for people
    trigger = f"""\
CREATE TRIGGER {function} BEFORE INSERT OR UPDATE ON {table}
FOR EACH ROW EXECUTE FUNCTION {function}()"""
    adding = alter_table(action.table, f"ADD COLUMN {name} {column.type.sql}")
    return revisions(adding, execute(computing, trigger), filling)


def _is_catalog(table: str) -> bool:
    return table.startswith(("pg_catalog.", "pg_"))
