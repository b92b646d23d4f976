"""What every table has: comments, and the times of its rows."""

from collections.abc import Iterator

from sqlalchemy import Column, Table

from schema_tools.document.table_facts import sql_type
from schema_tools.lint.rule import TableHit, table_rule

_SAFE_TIMES = """\
Table(
    "notes",
    metadata,
    Column("created_at", DateTime(timezone=True), server_default=func.now(), nullable=False, comment="Creation"),
    Column("updated_at", DateTime(timezone=True), server_default=func.now(), nullable=False, comment="Last update"),
    comment="Stores notes.",
)"""
_TIMES = ("created_at", "updated_at")
_ZONED = "TIMESTAMP WITH TIME ZONE"


@table_rule(
    "missing-comment",
    fires="a table or column without a comment",
    why="The schema document has nothing to say about it.",
    source="https://www.postgresql.org/docs/current/sql-comment.html",
    example='Table("notes", metadata, Column("title", Text))',
    safe='Table("notes", metadata, Column("title", Text, comment="Title"), comment="Stores notes.")',
)
def missing_comment(table: Table) -> Iterator[TableHit]:
    """Tables and columns that nobody has described."""
    if not (table.comment or "").strip():
        mend = f'comment="Stores {table.name.replace("_", " ")}."'
        yield TableHit(table.fullname, f"what does {table.fullname} store?", mend, table.info)
    for column in table.columns:
        if not (column.comment or "").strip():
            place = f"{table.fullname}.{column.name}"
            words = column.name.replace("_", " ").capitalize()
            mend = f'comment="{words}"'
            yield TableHit(place, f"what does {place} mean?", mend, column.info)


@table_rule(
    "missing-timestamps",
    fires=(
        "a table without created_at and updated_at, each timestamptz, NOT NULL and with a default, and without "
        'info={"append_only": "reason"}, with which it needs neither'
    ),
    why="Nobody can tell when a row came to be, or changed last, when it matters.",
    source="https://www.postgresql.org/docs/current/datatype-datetime.html",
    example='Table("notes", metadata, Column("title", Text))',
    safe=_SAFE_TIMES,
)
def missing_timestamps(table: Table) -> Iterator[TableHit]:
    """The two times of a row; that a trigger keeps the second is checked in the database."""
    if table.info.get("append_only"):
        return
    for name in _TIMES:
        mend = f'Column("{name}", DateTime(timezone=True), server_default=func.now(), nullable=False)'
        column = table.columns.get(name)
        if column is None:
            yield TableHit(table.fullname, f"{table.fullname} has no {name}", mend, table.info)
            continue
        faults = _faults(column)
        if faults:
            place = f"{table.fullname}.{name}"
            yield TableHit(place, f"{place} {' and '.join(faults)}", mend, column.info)


def _faults(column: Column[object]) -> list[str]:
    faults = []
    words = sql_type(column)
    if not (words.startswith("TIMESTAMP") and words.endswith("WITH TIME ZONE")):
        faults.append(f"is {words.lower()}, not {_ZONED.lower()}")
    if column.nullable:
        faults.append("may be null")
    if column.server_default is None:
        faults.append("has no default in the database")
    return faults
