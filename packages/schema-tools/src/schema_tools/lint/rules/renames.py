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

_STOPPED = Waived(reason="the service is stopped meanwhile")


@revision_rule(
    fires="RENAME COLUMN",
    source="sql-altertable.html",
    example='op.alter_column("members", "name", new_column_name="full_name")',
)
def rename_column(action: RenameColumn, at: At) -> Iterator[Hit]:
    """The previous release still runs during the deployment and fails on the old name; no order of both works.

    Add the new column, write both, fill it, read it, then drop the old one.
    """
    message = f"the release that still runs looks for {action.table}.{action.column}"
    column = at.schema.column(action.table, action.column)
    new, old = quoted(action.new_name), quoted(action.column)
    filling = update_in_batches(at.schema, action.table, f"{new} = {old}", f"{new} IS NULL")
    if column is None or not filling:
        yield Hit(message, _STOPPED)
        return
    fix = revisions(
        execute(f"ALTER TABLE {quoted(action.table)} ADD COLUMN {column_sql(action.new_name, column.type)}"),
        f"# The release before this one writes both columns.\n{filling}",
        waiver_comment("drop-column", f"every release that runs reads and writes {action.new_name}")
        + "\n"
        + execute(f"ALTER TABLE {quoted(action.table)} DROP COLUMN {old}"),
    )
    yield Hit(message, fix)


@revision_rule(
    fires="RENAME TO or SET SCHEMA of a table, without a view of the old name in the same transaction",
    source="sql-createview.html#SQL-CREATEVIEW-UPDATABLE-VIEWS",
    example='op.rename_table("logs", "messages")',
)
def rename_table(action: RenameTable, at: At) -> Iterator[Hit]:
    """The previous release still runs during the deployment and fails on the old name; no order of both works.

    A view of the old name can be read and written as the table could.
    """
    made = {one.view for step in at.together for one in step.actions if isinstance(one, CreateView)}
    if action.table not in made:
        view = f"CREATE VIEW {quoted(action.table)} AS SELECT * FROM {quoted(action.new_name)}"  # noqa: S608 -- for people
        fix = execute(at.step.sql, view)
        yield Hit(f"the release that still runs looks for {action.table}", fix)


@revision_rule(
    fires="ALTER TYPE RENAME VALUE",
    source="sql-altertype.html",
    example="""op.execute("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'")""",
)
def rename_enum_value(action: RenameEnumValue, at: At) -> Iterator[Hit]:
    """The previous release still runs during the deployment and fails on the old name; no order of both works.

    It writes the old value, and does not know the new one.
    """
    old, new = _literal(action.value), _literal(action.new_value)
    adding = outside_transaction(execute(f"ALTER TYPE {quoted(action.type)} ADD VALUE IF NOT EXISTS {new} AFTER {old}"))
    moving = [
        update_in_batches(at.schema, table, f"{quoted(column)} = {new}", f"{quoted(column)} = {old}")
        for table, column in at.schema.columns_of_type(action.type)
    ]
    yield Hit(f"the release that still runs writes {action.value}", revisions(adding, *moving))


@revision_rule(
    fires="ALTER SCHEMA RENAME",
    source="sql-alterschema.html",
    example='op.execute("ALTER SCHEMA archive RENAME TO attic")',
)
def rename_schema(action: RenameSchema, _at: At) -> Iterator[Hit]:
    """The previous release still runs during the deployment and fails on the old name; no order of both works."""
    yield Hit(f"the release that still runs looks in {action.schema}", _STOPPED)


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
