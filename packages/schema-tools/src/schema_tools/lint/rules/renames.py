"""Renames: the release that still runs knows the old name."""

from collections.abc import Iterator

from schema_tools.lint.actions import CreateView, RenameColumn, RenameEnumValue, RenameSchema, RenameTable
from schema_tools.lint.rule import Hit, Waived, revision_rule
from schema_tools.lint.safe_forms import (
    column_sql,
    execute,
    outside_transaction,
    quoted,
    revisions,
    update_in_batches,
)
from schema_tools.lint.step import At
from schema_tools.lint.waivers import waiver_comment

_WHY = "The release before still runs while this one is deployed, and fails on the old name; no order of both works."
_ALTER_TABLE = "https://www.postgresql.org/docs/current/sql-altertable.html"
_STOPPED = Waived(reason="the service is stopped meanwhile")


@revision_rule(
    "rename-column",
    RenameColumn,
    fires="RENAME COLUMN",
    why=f"{_WHY} Add the new column, write both, fill it, read it, then drop the old one.",
    source=_ALTER_TABLE,
    example='op.alter_column("users", "name", new_column_name="full_name")',
)
def rename_column(action: RenameColumn, at: At) -> Iterator[Hit]:
    """A column with another name."""
    message = f"the release that still runs looks for {action.table}.{action.column}"
    column = at.schema.column(action.table, action.column)
    new, old = quoted(action.new_name), quoted(action.column)
    filling = update_in_batches(at.schema, action.table, f"{new} = {old}", f"{new} IS NULL")
    if column is None or not filling:
        yield Hit(message, _STOPPED)
        return
    mend = revisions(
        execute(f"ALTER TABLE {quoted(action.table)} ADD COLUMN {column_sql(action.new_name, column.type)}"),
        f"# The release before this one writes both columns.\n{filling}",
        waiver_comment("drop-column", f"every release that runs reads and writes {action.new_name}")
        + "\n"
        + execute(f"ALTER TABLE {quoted(action.table)} DROP COLUMN {old}"),
    )
    yield Hit(message, mend)


@revision_rule(
    "rename-table",
    RenameTable,
    fires="RENAME TO or SET SCHEMA of a table, without a view of the old name in the same transaction",
    why=f"{_WHY} A view of the old name can be read and written as the table could.",
    source="https://www.postgresql.org/docs/current/sql-createview.html#SQL-CREATEVIEW-UPDATABLE-VIEWS",
    example='op.rename_table("logs", "messages")',
)
def rename_table(action: RenameTable, at: At) -> Iterator[Hit]:
    """A table with another name."""
    made = {one.view for step in at.together for one in step.actions if isinstance(one, CreateView)}
    if action.table not in made:
        view = f"CREATE VIEW {quoted(action.table)} AS SELECT * FROM {quoted(action.new_name)}"  # noqa: S608 -- for people
        mend = execute(at.step.sql, view)
        yield Hit(f"the release that still runs looks for {action.table}", mend)


@revision_rule(
    "rename-enum-value",
    RenameEnumValue,
    fires="ALTER TYPE RENAME VALUE",
    why=f"{_WHY} It writes the old value, and does not know the new one.",
    source="https://www.postgresql.org/docs/current/sql-altertype.html",
    example="""op.execute("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'")""",
)
def rename_enum_value(action: RenameEnumValue, at: At) -> Iterator[Hit]:
    """A value of an enum with another name: add the new one, and leave the old one there."""
    old, new = _literal(action.value), _literal(action.new_value)
    adding = outside_transaction(execute(f"ALTER TYPE {quoted(action.type)} ADD VALUE IF NOT EXISTS {new} AFTER {old}"))
    moving = [
        update_in_batches(at.schema, table, f"{quoted(column)} = {new}", f"{quoted(column)} = {old}")
        for table, column in at.schema.columns_of_type(action.type)
    ]
    yield Hit(f"the release that still runs writes {action.value}", revisions(adding, *moving))


@revision_rule(
    "rename-schema",
    RenameSchema,
    fires="ALTER SCHEMA RENAME",
    why=_WHY,
    source="https://www.postgresql.org/docs/current/sql-alterschema.html",
    example='op.execute("ALTER SCHEMA archive RENAME TO attic")',
)
def rename_schema(action: RenameSchema, _at: At) -> Iterator[Hit]:
    """A schema with another name."""
    yield Hit(f"the release that still runs looks in {action.schema}", _STOPPED)


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
