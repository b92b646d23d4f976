"""What takes something away from the previous release, which still runs, or destroys data."""

from collections.abc import Iterator

from schema_tools.lint import actions
from schema_tools.lint.definitions import ConstraintKind
from schema_tools.lint.rule import Hit, Waived, revision_rule
from schema_tools.lint.safe_forms import column_sql, execute, quoted, zero
from schema_tools.lint.step import At

_UNUSED = Waived(reason="no release that still runs uses it")


@revision_rule(
    fires="DROP COLUMN", source="ddl-alter.html#DDL-ALTER-REMOVING-A-COLUMN", example='op.drop_column("members", "age")'
)
def drop_column(action: actions.DropColumn, _at: At) -> Iterator[Hit]:
    """The previous release still runs during the deployment, and after a rollback, and fails on what is gone.

    Stop using the column in one release, drop it in the next. Its values are lost.
    """
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
def drop_view(action: actions.DropView, at: At) -> Iterator[Hit]:
    """The previous release still runs during the deployment, and after a rollback, and fails on what is gone.

    Stop using the view in one release, drop it in the next.
    """
    made = {one.view for step in at.together for one in step.actions if isinstance(one, actions.CreateView)}
    if action.view not in made:
        yield Hit(f"{action.view} is gone for the release that still runs", _UNUSED)


@revision_rule(fires="DROP SCHEMA", source="sql-dropschema.html", example='op.execute("DROP SCHEMA archive")')
def drop_schema(action: actions.DropSchema, _at: At) -> Iterator[Hit]:
    """The previous release still runs during the deployment, and after a rollback, and fails on what is gone.

    Everything in the schema is lost.
    """
    yield Hit(f"the schema {action.schema} is gone for the release that still runs", _UNUSED)


@revision_rule(fires="DROP TYPE or DROP DOMAIN", source="sql-droptype.html", example='op.execute("DROP TYPE color")')
def drop_type(action: actions.DropType, _at: At) -> Iterator[Hit]:
    """The previous release still runs during the deployment, and after a rollback, and fails on what is gone."""
    yield Hit(f"the type {action.type} is gone for the release that still runs", _UNUSED)


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
        words = column_sql(column.name, column.type)
        constant = zero(column.type)
        if constant:
            words += f" DEFAULT {constant} NOT NULL"
        fix = execute(f"ALTER TABLE {quoted(action.table)} ADD COLUMN {words}")
        yield Hit(f"the rows of {action.table} have no value for {column.name}", fix)


@revision_rule(
    fires="DROP NOT NULL",
    source="ddl-constraints.html#DDL-CONSTRAINTS-NOT-NULL",
    example='op.alter_column("members", "email", nullable=True)',
)
def drop_not_null(action: actions.DropNotNull, at: At) -> Iterator[Hit]:
    """The previous release, which still runs, reads nulls where it has never seen one."""
    column = at.schema.column(action.table, action.column)
    if column is None or column.not_null:
        waived = Waived(reason="every release that runs copes with null in it")
        yield Hit(f"{action.table}.{action.column} may be null for readers that never saw a null there", waived)


@revision_rule(
    fires="DROP CONSTRAINT", source="ddl-constraints.html", example='op.drop_constraint("ck_members_age", "members")'
)
def drop_constraint(action: actions.DropConstraint, at: At) -> Iterator[Hit]:
    """Rows that it kept out can be written, and adding it again is a scan that fails on them.

    The index of a unique constraint or a primary key is dropped too, under ACCESS EXCLUSIVE.
    """
    added = (one for step in at.together for one in step.actions if isinstance(one, actions.AddConstraint))
    replaced = any((one.table, one.constraint.name) == (action.table, action.name) for one in added)
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
    column = at.schema.column(action.table, action.column)
    if column is not None and (column.default is None or column.default == action.default):
        return
    waived = Waived(reason="every release that runs gives a value, or copes with the new one")
    verb = "removed" if action.default is None else "changed"
    yield Hit(f"the default of {action.table}.{action.column} is {verb} for writers that rely on it", waived)


def _is_said_by_not_null(action: actions.DropConstraint, at: At) -> bool:
    """Whether it is a CHECK that says no more than NOT NULL, which its column has by now."""
    table = at.schema.tables.get(action.table)
    constraint = table.constraints.get(action.name) if table is not None else None
    if table is None or constraint is None or len(constraint.not_null) != 1:
        return False
    (name,) = constraint.not_null
    only = constraint.definition == f"CHECK ({quoted(name)} IS NOT NULL)"
    return only and name in table.columns and table.columns[name].not_null
