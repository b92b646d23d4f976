"""What takes something away from the release that still runs, or from everybody."""

from collections.abc import Iterator

from schema_tools.lint.actions import (
    AddColumn,
    AddConstraint,
    Cascade,
    ChangeDefault,
    CreateView,
    DropColumn,
    DropConstraint,
    DropNotNull,
    DropSchema,
    DropTable,
    DropType,
    DropView,
    Truncate,
)
from schema_tools.lint.definitions import ConstraintKind
from schema_tools.lint.rule import Hit, Waived, revision_rule
from schema_tools.lint.safe_forms import column_sql, execute, quoted, zero
from schema_tools.lint.step import At

_RELEASES = (
    "The release before still runs while this one is deployed, and when it is rolled back: it fails on what is gone."
)
_DEPENDENCIES = "https://www.postgresql.org/docs/current/ddl-depend.html"
_UNUSED = "no release that still runs uses it"


@revision_rule(
    "drop-column",
    DropColumn,
    fires="DROP COLUMN",
    why=f"{_RELEASES} Stop using the column in one release, drop it in the next. Its values are lost.",
    source="https://www.postgresql.org/docs/current/ddl-alter.html#DDL-ALTER-REMOVING-A-COLUMN",
    example='op.drop_column("users", "age")',
)
def drop_column(action: DropColumn, _at: At) -> Iterator[Hit]:
    """A column that is gone."""
    yield Hit(f"{action.table}.{action.column} is gone for the release that still runs", Waived(reason=_UNUSED))


@revision_rule(
    "drop-table",
    DropTable,
    fires="DROP TABLE, of a foreign table or a materialized view, too",
    why=f"{_RELEASES} Stop using the table in one release, drop it in the next. Its rows are lost.",
    source="https://www.postgresql.org/docs/current/sql-droptable.html",
    example='op.drop_table("logs")',
)
def drop_table(action: DropTable, _at: At) -> Iterator[Hit]:
    """A table that is gone."""
    yield Hit(f"{action.table} is gone for the release that still runs", Waived(reason=_UNUSED))


@revision_rule(
    "drop-view",
    DropView,
    fires="DROP VIEW, without another view of that name in the same transaction",
    why=f"{_RELEASES} Stop using the view in one release, drop it in the next.",
    source="https://www.postgresql.org/docs/current/sql-dropview.html",
    example='op.execute("DROP VIEW team_names")',
)
def drop_view(action: DropView, at: At) -> Iterator[Hit]:
    """A view that is gone, unless it is made anew."""
    made = {one.view for step in at.together for one in step.actions if isinstance(one, CreateView)}
    if action.view not in made:
        yield Hit(f"{action.view} is gone for the release that still runs", Waived(reason=_UNUSED))


@revision_rule(
    "drop-schema",
    DropSchema,
    fires="DROP SCHEMA",
    why=f"{_RELEASES} What is in the schema is lost.",
    source="https://www.postgresql.org/docs/current/sql-dropschema.html",
    example='op.execute("DROP SCHEMA archive")',
)
def drop_schema(action: DropSchema, _at: At) -> Iterator[Hit]:
    """A schema that is gone."""
    yield Hit(f"the schema {action.schema} is gone for the release that still runs", Waived(reason=_UNUSED))


@revision_rule(
    "drop-type",
    DropType,
    fires="DROP TYPE or DROP DOMAIN",
    why=_RELEASES,
    source="https://www.postgresql.org/docs/current/sql-droptype.html",
    example='op.execute("DROP TYPE color")',
)
def drop_type(action: DropType, _at: At) -> Iterator[Hit]:
    """A type that is gone."""
    yield Hit(f"the type {action.type} is gone for the release that still runs", Waived(reason=_UNUSED))


@revision_rule(
    "not-null-without-default",
    AddColumn,
    fires="a new column that is NOT NULL and has no default",
    why="It fails as soon as the table has a row, and so does every INSERT of the release that still runs.",
    source="https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES",
    example='op.add_column("users", sa.Column("phone", sa.Text(), nullable=False))',
)
def not_null_without_default(action: AddColumn, _at: At) -> Iterator[Hit]:
    """A column that the rows which are there have no value for."""
    column = action.column
    keys = any(one.kind is ConstraintKind.PRIMARY_KEY for one in column.constraints)
    numbered = column.identity or column.generated or column.type.name.endswith("serial")
    if (column.not_null or keys) and column.default is None and not numbered:
        words = column_sql(column.name, column.type)
        constant = zero(column.type)
        if constant:
            words += f" DEFAULT {constant} NOT NULL"
        mend = execute(f"ALTER TABLE {quoted(action.table)} ADD COLUMN {words}")
        yield Hit(f"the rows of {action.table} have no value for {column.name}", mend)


@revision_rule(
    "drop-not-null",
    DropNotNull,
    fires="DROP NOT NULL",
    why="The release that still runs reads nulls where it has never seen one.",
    source="https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-NOT-NULL",
    example='op.alter_column("users", "email", nullable=True)',
)
def drop_not_null(action: DropNotNull, at: At) -> Iterator[Hit]:
    """A column that may be null from now on."""
    column = at.schema.column(action.table, action.column)
    if column is None or column.not_null:
        waived = Waived(reason="every release that runs copes with null in it")
        yield Hit(f"{action.table}.{action.column} may be null for readers that never saw a null there", waived)


@revision_rule(
    "drop-constraint",
    DropConstraint,
    fires="DROP CONSTRAINT",
    why=(
        "What it kept out may come in, and putting it back is a scan which fails on that. Of a unique constraint or a "
        "primary key, the index is dropped too, under ACCESS EXCLUSIVE."
    ),
    source="https://www.postgresql.org/docs/current/ddl-constraints.html",
    example='op.drop_constraint("ck_users_age", "users")',
)
def drop_constraint(action: DropConstraint, at: At) -> Iterator[Hit]:
    """A constraint that nothing takes the place of."""
    added = (one for step in at.together for one in step.actions if isinstance(one, AddConstraint))
    replaced = any((one.table, one.constraint.name) == (action.table, action.name) for one in added)
    if not replaced and not _is_said_by_not_null(action, at):
        waived = Waived(reason="every release that runs copes with what it kept out")
        yield Hit(f"nothing keeps out of {action.table} any more what {action.name} kept out", waived)


@revision_rule(
    "truncate",
    Truncate,
    fires="TRUNCATE",
    why="Every row is lost, and nobody can read or write the table meanwhile: it takes ACCESS EXCLUSIVE.",
    source="https://www.postgresql.org/docs/current/sql-truncate.html",
    example='op.execute("TRUNCATE logs")',
)
def truncate(action: Truncate, _at: At) -> Iterator[Hit]:
    """A table that is emptied."""
    yield Hit(f"every row of {action.table} is lost", Waived(reason="nobody needs the rows any more"))


@revision_rule(
    "cascade",
    Cascade,
    fires="CASCADE in DROP, TRUNCATE or ALTER TABLE",
    why="It drops, or empties, whatever depends on it, which may be more in production than where this was written.",
    source=_DEPENDENCIES,
    example='op.execute("DROP VIEW team_names CASCADE")',
)
def cascade(action: Cascade, _at: At) -> Iterator[Hit]:
    """A statement that takes more along than it names."""
    yield Hit("what depends on it goes too, whatever that is", Waived(reason="", sql=action.without))


@revision_rule(
    "default-changed",
    ChangeDefault,
    fires="a default changed or removed",
    why="The release that still runs leaves the column out, and gets another value than it counts on, or an error.",
    source="https://www.postgresql.org/docs/current/ddl-default.html",
    example="""op.alter_column("users", "mood", server_default="sad")""",
)
def default_changed(action: ChangeDefault, at: At) -> Iterator[Hit]:
    """Another default, or none, where there was one."""
    column = at.schema.column(action.table, action.column)
    if column is not None and (column.default is None or column.default == action.default):
        return
    waived = Waived(reason="every release that runs gives a value, or copes with the new one")
    verb = "removed" if action.default is None else "changed"
    yield Hit(f"the default of {action.table}.{action.column} is {verb} for writers that rely on it", waived)


def _is_said_by_not_null(action: DropConstraint, at: At) -> bool:
    """Whether it is a CHECK that says no more than NOT NULL, which its column has by now."""
    table = at.schema.tables.get(action.table)
    constraint = table.constraints.get(action.name) if table is not None else None
    if table is None or constraint is None or len(constraint.not_null) != 1:
        return False
    (name,) = constraint.not_null
    only = constraint.definition == f"CHECK ({quoted(name)} IS NOT NULL)"
    return only and name in table.columns and table.columns[name].not_null
