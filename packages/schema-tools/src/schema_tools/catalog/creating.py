"""The statements that make a missing object, with all that belongs to it."""

from typing import Final

from schema_tools.catalog.objects import Catalog, CatalogObject
from schema_tools.catalog.statements import script

_BESIDE_A_COLUMN: Final = ("storage", "compression", "statistics target", "options", "comment")


def members_to_make(one: CatalogObject, expected: Catalog, there: set[str]) -> list[CatalogObject]:
    """What comes with a missing object: what belongs to it, if all else that it needs is `there` already."""
    if one.table is not None:
        return []
    made = {*there, one.label}
    members = []
    for member in (other for other in expected.values() if other.table == one.name and other.label not in there):
        if member.needs <= made:
            made.add(member.label)
            members.append(member)
    return members


def creation(one: CatalogObject, members: list[CatalogObject], found: Catalog) -> str:
    """What makes an object and its members; the sequences of its columns first, as their defaults need them."""
    sequences = [member for member in members if member.kind == "sequence"]
    owned = [each for each in (one, *sequences) if each.kind == "sequence" and each.table]
    return script(
        *(_without_identity(each, found) for each in owned),
        *(each.create for each in sequences),
        one.create,
        *(statement for member in members if member.kind != "sequence" for statement in _beside(member)),
        *(each.alter["owned by"] for each in owned),
    )


def _without_identity(sequence: CatalogObject, found: Catalog) -> str:
    """What takes the identity away that a sequence is expected in place of, and that may have its name."""
    column = found.get(f"column {sequence.aspects['owned by']}")
    if column is None or "identity" not in column.aspects:
        return ""
    return f"ALTER TABLE {column.table} ALTER COLUMN {column.own_name} DROP IDENTITY"


def _beside(member: CatalogObject) -> list[str]:
    """What makes a member when its table has been made: of a column, only what is not in the table's statement."""
    if member.kind != "column" or "type" not in member.aspects:
        return [member.create]
    return [member.alter[aspect] for aspect in _BESIDE_A_COLUMN if aspect in member.aspects]
