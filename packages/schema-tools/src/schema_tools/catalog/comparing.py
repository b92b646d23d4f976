"""Comparing two catalogs: every difference by object and aspect, with the statements that fix it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from schema_tools.catalog.fixes import fix_sql
from schema_tools.catalog.objects import Catalog, CatalogObject, Difference
from schema_tools.catalog.statements import script, unquoted

# Of these no two may have one name: https://www.postgresql.org/docs/current/catalog-pg-class.html
_RELATIONS: Final = frozenset({
    "table", "view", "materialized view", "sequence", "index", "composite type", "enum", "domain", "primary key",
    "unique constraint", "exclusion constraint",
})  # fmt: skip


def differences(expected: Catalog, found: Catalog, *, invented: Collection[str] = ()) -> list[Difference]:
    """What differs between two schemas, in an order in which the fixes can be executed.

    What a missing or superfluous table (or view, or domain) brings with it is part of that one difference. What has
    another name and is the same otherwise differs in its name. An extension that is not expected is no difference:
    it belongs to the database, not to the schema.

    Args:
        expected: The schema as it should be.
        found: The schema as it is.
        invented: The names of expected indexes for which any other name is as good.
    """
    renamed = dict(_renamed(expected, found))
    passed_over = _merged(expected, found)
    missing = [
        one
        for label, one in expected.items()
        if label not in found and label not in renamed and not _unspoken(one, expected, passed_over)
    ]
    kept = {*expected, *(one.label for one in renamed.values())}
    superfluous = list(_superfluous(kept, found, passed_over))
    # What has the name of something missing is in its way.
    in_the_way = {one.label for one in superfluous if any(clash(one, other) for other in missing)}
    superfluous.sort(key=lambda one: one.label not in in_the_way)
    drops = list(_to_drop(superfluous, found))
    return [
        *drops[: len(in_the_way)],
        *(
            one
            for one in _to_make(expected, found, renamed, {one.label for one in missing})
            if not (one.aspect == "name" and unquoted(one.expected or "") in invented)
        ),
        *drops[len(in_the_way) :],
    ]


def _to_make(
    expected: Catalog, found: Catalog, renamed: Mapping[str, CatalogObject], missing: Collection[str]
) -> Iterator[Difference]:
    owners = {one.name: one.label for one in expected.values() if one.table is None}
    there = {*found, *renamed}
    for label, one in expected.items():
        if label in found:
            yield from _altered(one, found[label], (expected, found))
        elif label in renamed:
            old = renamed[label].own_name
            yield _difference(one, "name", one.own_name, old, script(f"{renamed[label].rename} {one.own_name}"))
        elif label in missing and label not in there:
            owner = owners.get(one.table or "")
            if one.kind == "sequence" and owner is not None and owner not in there:
                continue  # It comes with its table.
            together = members_to_make(one, expected, there)
            there |= {label, *(member.label for member in together)}
            yield _difference(one, "existence", _described(one), None, creation(one, together, found))


def _superfluous(kept: Collection[str], found: Catalog, passed_over: Collection[str]) -> Iterator[CatalogObject]:
    """What was found and is not kept, in an order in which it can be dropped; without what goes with its owner."""
    owners = {one.name: one.label for one in found.values() if one.table is None}
    for label, one in reversed(list(found.items())):
        if label in kept or one.kind == "extension" or _unspoken(one, found, passed_over):
            continue
        owner = owners.get(one.table or "")
        if owner is None or owner in kept:
            yield one


def _altered(expected: CatalogObject, found: CatalogObject, catalogs: tuple[Catalog, Catalog]) -> Iterator[Difference]:
    if expected.aspects == found.aspects:
        return
    # A default is in the way of an identity, and a type brings the default with it.
    aspects = sorted({**expected.aspects, **found.aspects}, key=lambda one: {"type": 0, "default": 1}.get(one, 2))
    for aspect in aspects:
        new, old = expected.aspects.get(aspect), found.aspects.get(aspect)
        if new != old:
            yield _difference(expected, aspect, new, old, fix_sql(expected, found, aspect, catalogs))


def _to_drop(superfluous: Sequence[CatalogObject], found: Catalog) -> Iterator[Difference]:
    gone: set[str] = set()
    for one in superfluous:
        gone |= {one.label, *(label for label, other in found.items() if one.table is None and other.table == one.name)}
        # A table in a circle is referred to by one that is dropped after it.
        references = [
            other
            for label, other in found.items()
            if other.kind == "foreign key"
            and label not in gone
            and any(need in found and one.label == f"table {found[need].table}" for need in other.needs)
        ]
        gone |= {other.label for other in references}
        drops = [*(other.drop for other in references), one.drop]
        yield _difference(one, "existence", None, _described(one), script(*drops))


def _renamed(expected: Catalog, found: Catalog) -> Iterator[tuple[str, CatalogObject]]:
    """By label, what is found under another name only."""
    candidates = [one for label, one in found.items() if label not in expected and one.rename]
    for label, one in expected.items():
        if label in found or not one.rename:
            continue
        alike = (one.kind, one.table, one.aspects)
        same = next((other for other in candidates if (other.kind, other.table, other.aspects) == alike), None)
        if same is not None:
            candidates.remove(same)
            yield label, same


def _merged(expected: Catalog, found: Catalog) -> set[str]:
    """The tables that have another parent: what they get from it, or keep when they leave it, says nothing more."""
    return {
        one.name
        for label, one in expected.items()
        if one.kind == "table"
        and label in found
        and any(one.aspects.get(aspect) != found[label].aspects.get(aspect) for aspect in ("partition", "inherits"))
    }


def _unspoken(one: CatalogObject, catalog: Catalog, passed_over: Collection[str]) -> bool:
    """Whether another difference says it: that of a view, of a column of it; that of a table with another parent."""
    of_a_view = one.kind == "column" and f"table {one.table}" not in catalog
    return of_a_view or (one.table in passed_over and one.kind != "sequence")


def clash(one: CatalogObject, other: CatalogObject) -> bool:
    """Whether no database can have both, because they have one name."""
    same_realm = {one.kind, other.kind} <= _RELATIONS or (one.table is not None and one.table == other.table)
    return same_realm and (one.own_name, one.schema) == (other.own_name, other.schema)


def _described(one: CatalogObject) -> str:
    """An object in the few words that say the most of it."""
    telling = ("definition", "labels", "attributes", "generated", "type", "using")
    return next((one.aspects[aspect] for aspect in telling if aspect in one.aspects), one.kind)


def _difference(one: CatalogObject, aspect: str, expected: str | None, found: str | None, fix: str) -> Difference:
    return Difference(object=one.label, aspect=aspect, expected=expected, found=found, fix=fix)


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
