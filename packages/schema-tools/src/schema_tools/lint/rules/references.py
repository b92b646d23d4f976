"""Foreign keys: that they are there, that they fit, that an index serves them, and what a delete does."""

from collections.abc import Iterator

from sqlalchemy import Column, ForeignKeyConstraint, Table

from schema_tools.document.table_facts import sql_type
from schema_tools.lint.keys import leading_columns
from schema_tools.lint.rule import TableHit, table_rule

_FOREIGN_KEYS = "https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK"


@table_rule(
    "foreign-key-type",
    fires="a foreign key whose type is not that of the column it refers to",
    why="Each lookup converts, which may keep an index from being used, and a value may not fit.",
    source=_FOREIGN_KEYS,
    example="""
Table("teams", metadata, Column("id", BigInteger, Identity(), primary_key=True))
Table("notes", metadata, Column("team_id", Integer, ForeignKey("teams.id", ondelete="CASCADE"), index=True))
""",
    safe="""
Table("teams", metadata, Column("id", BigInteger, Identity(), primary_key=True))
Table("notes", metadata, Column("team_id", BigInteger, ForeignKey("teams.id", ondelete="CASCADE"), index=True))
""",
)
def foreign_key_type(table: Table) -> Iterator[TableHit]:
    """Columns that refer to one of another type."""
    for constraint in _foreign_keys(table):
        for element in constraint.elements:
            column: Column[object] = element.parent
            own, other = sql_type(column), sql_type(element.column)
            if own != other:
                target = f"{element.column.table.fullname}.{element.column.name}"
                message = f"{_place(column)} is {own.lower()}, and {target} is {other.lower()}"
                wanted = getattr(element.column.type, "impl_instance", element.column.type)
                mend = f'Column("{column.name}", {wanted!r}, ForeignKey("{target}"))'
                yield TableHit(_place(column), message, mend, column.info)


@table_rule(
    "foreign-key-without-index",
    fires="a foreign key that no index begins with",
    why="Each DELETE and each change of the key in the other table reads this whole table; joins do, too.",
    source=_FOREIGN_KEYS,
    example="""
Table("teams", metadata, Column("id", Integer, Identity(), primary_key=True))
Table("notes", metadata, Column("team_id", ForeignKey("teams.id", ondelete="CASCADE")))
""",
    safe="""
Table("teams", metadata, Column("id", Integer, Identity(), primary_key=True))
Table("notes", metadata, Column("team_id", ForeignKey("teams.id", ondelete="CASCADE"), index=True))
""",
)
def foreign_key_without_index(table: Table) -> Iterator[TableHit]:
    """Foreign keys whose columns, in any order, do not lead a whole index."""
    for constraint in _foreign_keys(table):
        columns = list(constraint.columns)
        names = {column.name for column in columns}
        if not any(set(key[: len(names)]) == names for key in leading_columns(table)):
            listed = ", ".join(f'"{column.name}"' for column in columns)
            message = f"no index of {table.fullname} begins with {', '.join(column.name for column in columns)}"
            yield TableHit(_place(columns[0]), message, f"Index(None, {listed})", columns[0].info)


@table_rule(
    "foreign-key-without-on-delete",
    fires="a foreign key that does not say what a delete does",
    why="NO ACTION may be meant, or forgotten; nobody can tell until a delete fails.",
    source=_FOREIGN_KEYS,
    example="""
Table("teams", metadata, Column("id", Integer, Identity(), primary_key=True))
Table("notes", metadata, Column("team_id", ForeignKey("teams.id"), index=True))
""",
    safe="""
Table("teams", metadata, Column("id", Integer, Identity(), primary_key=True))
Table("notes", metadata, Column("team_id", ForeignKey("teams.id", ondelete="RESTRICT"), index=True))
""",
)
def foreign_key_without_on_delete(table: Table) -> Iterator[TableHit]:
    """Foreign keys without ON DELETE."""
    for constraint in _foreign_keys(table):
        if not constraint.ondelete:
            column = next(iter(constraint.columns))
            target = constraint.elements[0].target_fullname
            message = f"what happens to {table.fullname} when a row of {constraint.referred_table.fullname} is deleted?"
            mend = f'ForeignKey("{target}", ondelete="RESTRICT")  # or CASCADE, or SET NULL'
            yield TableHit(_place(column), message, mend, column.info)


@table_rule(
    "reference-without-foreign-key",
    fires='a column called *_id without a foreign key and without info={"not_a_reference": "reason"}',
    why="Nothing keeps it from referring to a row that is not there.",
    source=_FOREIGN_KEYS,
    example='Table("notes", metadata, Column("team_id", Integer))',
    safe="""
Table("notes", metadata, Column("team_id", Integer, info={"not_a_reference": "The teams are in another system."}))
""",
)
def reference_without_foreign_key(table: Table) -> Iterator[TableHit]:
    """Columns that are called as if they referred to something."""
    for column in table.columns:
        if column.name.endswith("_id") and not column.foreign_keys and not column.info.get("not_a_reference"):
            other = column.name.removesuffix("_id")
            mend = f'ForeignKey("{other}s.id", ondelete="RESTRICT")'
            in_mapping = [one for one in table.metadata.tables if one.rpartition(".")[2] in {other, f"{other}s"}]
            if not in_mapping:
                mend = 'info={"not_a_reference": "It identifies something in another system."}'
            yield TableHit(_place(column), f"{_place(column)} is called a reference, and is none", mend, column.info)


def _foreign_keys(table: Table) -> list[ForeignKeyConstraint]:
    found = [one for one in table.constraints if isinstance(one, ForeignKeyConstraint)]
    return sorted(found, key=lambda one: tuple(one.column_keys))


def _place(column: Column[object]) -> str:
    return f"{column.table.fullname}.{column.name}"
