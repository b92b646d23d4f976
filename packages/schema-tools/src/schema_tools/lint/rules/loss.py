"""What breaks the previous release, which still runs, or destroys data: what is taken away or renamed."""

from collections.abc import Iterator

from schema_tools.catalog.statements import literal
from schema_tools.lint import actions, objects
from schema_tools.lint.definitions import ConstraintKind
from schema_tools.lint.rendering import alter_table, execute, outside_transaction, quoted, revisions
from schema_tools.lint.rule import At, Hit, Waived, revision_rule
from schema_tools.lint.safe_forms import replaced_column, update_in_batches, zero

_UNUSED = Waived(reason="no release that still runs uses it")
_STOPPED = Waived(reason="the service is stopped meanwhile")


@revision_rule(
    fires="DROP COLUMN", source="ddl-alter.html#DDL-ALTER-REMOVING-A-COLUMN", example='op.drop_column("members", "age")'
)
def drop_column(action: actions.DropColumn, at: At) -> Iterator[Hit]:
    """The previous release still runs during the deployment, and after a rollback, and fails on what is gone.

    Stop using the column in one release, drop it in the next. Its values are lost.
    """
    if not at.is_new(action.table, action.column):
        yield Hit(f"{action.table}.{action.column} is gone for the release that still runs", _UNUSED)


@revision_rule(
    fires="DROP TABLE, of a foreign table or a materialized view, too",
    source="sql-droptable.html",
    example='op.drop_table("logs")',
)
def drop_table(action: actions.DropTable, _at: At) -> Iterator[Hit]:
    """The previous release still runs during the deployment, and after a rollback, and fails on what is gone.

    Stop using the table in one release, drop it in the next. Its rows are lost.
    """
    yield Hit(f"{action.table} is gone for the release that still runs", _UNUSED)


@revision_rule(
    fires="DROP VIEW, without another view of that name in the same transaction",
    source="sql-dropview.html",
    example='op.execute("DROP VIEW team_names")',
)
def drop_view(action: objects.DropView, at: At) -> Iterator[Hit]:
    """The previous release still runs during the deployment, and after a rollback, and fails on what is gone.

    Stop using the view in one release, drop it in the next.
    """
    if not any(one.name == action.name for one in at.beside(objects.CreateView)):
        yield Hit(f"{action.name} is gone for the release that still runs", _UNUSED)


@revision_rule(fires="DROP SCHEMA", source="sql-dropschema.html", example='op.execute("DROP SCHEMA archive")')
def drop_schema(action: objects.DropSchema, _at: At) -> Iterator[Hit]:
    """The previous release still runs during the deployment, and after a rollback, and fails on what is gone.

    Everything in the schema is lost.
    """
    yield Hit(f"the schema {action.name} is gone for the release that still runs", _UNUSED)


@revision_rule(fires="DROP TYPE or DROP DOMAIN", source="sql-droptype.html", example='op.execute("DROP TYPE color")')
def drop_type(action: objects.DropType, _at: At) -> Iterator[Hit]:
    """The previous release still runs during the deployment, and after a rollback, and fails on what is gone."""
    yield Hit(f"the type {action.name} is gone for the release that still runs", _UNUSED)


@revision_rule(
    fires="a new column that is NOT NULL and has no default",
    source="sql-altertable.html#SQL-ALTERTABLE-NOTES",
    example='op.add_column("members", sa.Column("phone", sa.Text(), nullable=False))',
)
def not_null_without_default(action: actions.AddColumn, _at: At) -> Iterator[Hit]:
    """It fails as soon as the table has a row, and so does every INSERT of the previous release."""
    column = action.column
    keys = any(one.kind is ConstraintKind.PRIMARY_KEY for one in column.constraints)
    numbered = column.identity or column.generated or column.type.name.endswith("serial")
    if (column.not_null or keys) and column.default is None and not numbered:
        value = f" DEFAULT {zero(column.type)} NOT NULL" if zero(column.type) else ""
        fix = alter_table(action.table, f"ADD COLUMN {quoted(column.name)} {column.type.sql}{value}")
        yield Hit(f"the rows of {action.table} have no value for {column.name}", fix)


@revision_rule(
    fires="DROP NOT NULL",
    source="ddl-constraints.html#DDL-CONSTRAINTS-NOT-NULL",
    example='op.alter_column("members", "email", nullable=True)',
)
def drop_not_null(action: actions.ChangeNotNull, at: At) -> Iterator[Hit]:
    """The previous release, which still runs, reads nulls where it has never seen one."""
    column = at.schema.table(action.table).columns.get(action.column)
    known = column is None or column.not_null
    if not action.not_null and known and not at.is_new(action.table, action.column):
        waived = Waived(reason="every release that runs copes with null in it")
        yield Hit(f"{action.table}.{action.column} may be null for readers that never saw a null there", waived)


@revision_rule(
    fires="DROP CONSTRAINT", source="ddl-constraints.html", example='op.drop_constraint("ck_members_age", "members")'
)
def drop_constraint(action: actions.DropConstraint, at: At) -> Iterator[Hit]:
    """Rows that it kept out can be written, and adding it again is a scan that fails on them.

    The index of a unique constraint or a primary key is dropped too, under ACCESS EXCLUSIVE.
    """
    added = {(one.table, one.constraint.name) for one in at.beside(actions.AddConstraint)}
    replaced = (action.table, action.name) in added or at.is_new(action.table, action.name)
    if not replaced and not _is_said_by_not_null(action, at):
        waived = Waived(reason="every release that runs copes with what it kept out")
        yield Hit(f"{action.table} accepts rows that {action.name} kept out", waived)


@revision_rule(fires="TRUNCATE", source="sql-truncate.html", example='op.execute("TRUNCATE logs")')
def truncate(action: actions.Truncate, _at: At) -> Iterator[Hit]:
    """Every row is lost, and reads and writes block meanwhile: it takes ACCESS EXCLUSIVE."""
    yield Hit(f"every row of {action.table} is lost", Waived(reason="the rows are no longer needed"))


@revision_rule(
    fires="CASCADE in DROP, TRUNCATE or ALTER TABLE",
    source="ddl-depend.html",
    example='op.execute("DROP VIEW team_names CASCADE")',
)
def cascade(action: actions.Cascade, _at: At) -> Iterator[Hit]:
    """It drops or empties every dependent object, and production may have more of them than development."""
    yield Hit("every dependent object goes too", Waived(reason="", sql=action.without))


@revision_rule(
    fires="a default changed or removed",
    source="ddl-default.html",
    example="""op.alter_column("members", "mood", server_default="sad")""",
)
def default_changed(action: actions.ChangeDefault, at: At) -> Iterator[Hit]:
    """The previous release leaves the column out, and gets another value than it expects, or an error."""
    column = at.schema.table(action.table).columns.get(action.column)
    if column is not None and (column.default is None or column.default == action.default):
        return
    # To a column of this revision no release gives a value; it fails only where there must be one.
    needed = action.default is None and column is not None and column.not_null
    if at.is_new(action.table, action.column) and not needed:
        return
    waived = Waived(reason="every release that runs gives a value, or copes with the new one")
    verb = "removed" if action.default is None else "changed"
    yield Hit(f"the default of {action.table}.{action.column} is {verb} for writers that rely on it", waived)


@revision_rule(
    fires="RENAME COLUMN, of a column that was there before the revision",
    source="sql-altertable.html",
    example='op.alter_column("members", "name", new_column_name="full_name")',
)
def rename_column(action: actions.RenameColumn, at: At) -> Iterator[Hit]:
    """The previous release still runs during the deployment and fails on the old name; no order of both works.

    Add the new column, write both, fill it, read it, then drop the old one.
    """
    if at.is_new(action.table, action.column):
        return
    message = f"the release that still runs looks for {action.table}.{action.column}"
    column = at.schema.table(action.table).columns.get(action.column)
    fix = ""
    if column is not None:
        new, old = action.new_name, quoted(action.column)
        fix = replaced_column(at.schema, action, new, column.type, value=old, where=f"{quoted(new)} IS NULL")
    yield Hit(message, fix or _STOPPED)


@revision_rule(
    fires="RENAME TO or SET SCHEMA of a table, without a view of the old name in the same transaction",
    source="sql-createview.html#SQL-CREATEVIEW-UPDATABLE-VIEWS",
    example='op.rename_table("logs", "messages")',
)
def rename_table(action: actions.RenameTable, at: At) -> Iterator[Hit]:
    """The previous release still runs during the deployment and fails on the old name; no order of both works.

    A view of the old name can be read and written as the table could.
    """
    if not any(one.name == action.table for one in at.beside(objects.CreateView)):
        view = f"CREATE VIEW {quoted(action.table)} AS SELECT * FROM {quoted(action.new_name)}"  # noqa: S608 -- for people
        yield Hit(f"the release that still runs looks for {action.table}", execute(at.step.sql, view))


@revision_rule(
    fires="ALTER TYPE RENAME VALUE",
    source="sql-altertype.html",
    example="""op.execute("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'")""",
)
def rename_enum_value(action: objects.RenameEnumValue, at: At) -> Iterator[Hit]:
    """The previous release still runs during the deployment and fails on the old name; no order of both works.

    It writes the old value, and does not know the new one.
    """
    old, new = literal(action.value), literal(action.new_value)
    adding = f"ALTER TYPE {quoted(action.name)} ADD VALUE IF NOT EXISTS {new} AFTER {old}"
    moving = [
        update_in_batches(at.schema, table, f"{quoted(name)} = {new}", f"{quoted(name)} = {old}")
        for table, found in at.schema.tables.items()
        for name, column in found.columns.items()
        if column.type.name == action.name
    ]
    fix = revisions(outside_transaction(execute(adding)), *moving)
    yield Hit(f"the release that still runs writes {action.value}", fix)


@revision_rule(
    fires="ALTER SCHEMA RENAME",
    source="sql-alterschema.html",
    example='op.execute("ALTER SCHEMA archive RENAME TO attic")',
)
def rename_schema(action: objects.RenameSchema, _at: At) -> Iterator[Hit]:
    """The previous release still runs during the deployment and fails on the old name; no order of both works."""
    yield Hit(f"the release that still runs looks in {action.name}", _STOPPED)


def _is_said_by_not_null(action: actions.DropConstraint, at: At) -> bool:
    """Whether it is a CHECK that says no more than NOT NULL, which its column has by now."""
    table = at.schema.table(action.table)
    constraint = table.constraints.get(action.name)
    sure = {f"CHECK ({quoted(name)} IS NOT NULL)" for name, one in table.columns.items() if one.not_null}
    return constraint is not None and constraint.definition in sure
