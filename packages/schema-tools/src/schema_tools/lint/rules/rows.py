"""Rows that a revision changes."""

from collections.abc import Iterator

from schema_tools.lint.actions import ChangeRows
from schema_tools.lint.rule import Hit, Waived, revision_rule
from schema_tools.lint.safe_forms import delete_in_batches, update_in_batches
from schema_tools.lint.step import At

_FEW = Waived(reason="it concerns a few rows only")


@revision_rule(
    "unbatched-update",
    ChangeRows,
    fires="UPDATE or DELETE without a WHERE that bounds it: by a unique key, a range, or a subquery with LIMIT",
    why=(
        "It locks every row that it changes until the transaction ends, so writers of those wait; it doubles the size "
        "of the table, and starts over when it fails."
    ),
    source="https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-ROWS",
    example="""op.execute("UPDATE users SET name = trim(name)")""",
)
def unbatched_update(action: ChangeRows, at: At) -> Iterator[Hit]:
    """A change of as many rows as there happen to be."""
    if action.verb not in {"UPDATE", "DELETE"} or action.bounded or _is_catalog(action.table):
        return
    if action.plain and any(key <= action.compared for key in at.schema.unique_keys(action.table)):
        return
    mend: str | Waived = _FEW
    if action.plain and action.verb == "UPDATE":
        mend = update_in_batches(at.schema, action.table, action.assignments, action.where) or _FEW
    elif action.plain:
        mend = delete_in_batches(action.table, action.where)
    which = "the rows that it finds" if action.where else "every row"
    yield Hit(f"{action.verb} changes {which} of {action.table} in one go", mend)


@revision_rule(
    "catalog-edit",
    ChangeRows,
    fires="INSERT, UPDATE or DELETE in PostgreSQL's own catalog, such as deleting the value of an enum",
    why="PostgreSQL checks nothing there: rows that hold a deleted value cannot be read or indexed any more.",
    source="https://www.postgresql.org/docs/current/catalogs.html",
    example="""op.execute("DELETE FROM pg_enum WHERE enumlabel = 'green'")""",
)
def catalog_edit(action: ChangeRows, _at: At) -> Iterator[Hit]:
    """The catalog written by hand."""
    if _is_catalog(action.table):
        waived = Waived(reason="there is no statement for it, and it was tried on a copy of production")
        yield Hit(f"{action.table} is PostgreSQL's own", waived)


def _is_catalog(table: str) -> bool:
    return table.startswith(("pg_catalog.", "pg_"))
