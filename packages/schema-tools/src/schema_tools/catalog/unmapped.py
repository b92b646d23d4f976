"""What no mapping can tell, so that only migrations make it: triggers, functions, views and the like."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Final

from schema_tools.catalog.comparing import clash
from schema_tools.catalog.objects import Catalog, CatalogObject, Difference

# A mapping may make such objects all the same, by DDL events; then it is what counts for that kind.
_KINDS: Final = frozenset({
    "composite type", "function", "materialized view", "policy", "procedure", "rule", "sequence", "statistics",
    "trigger", "view",
})  # fmt: skip

# Such aspects of what a mapping can tell, with what they are where nothing was said.
_ASPECTS: Final = {
    ("table", "row security"): "no",
    ("table", "forced row security"): "no",
    ("table", "replica identity"): "default",
    ("column", "storage"): None,
    ("column", "compression"): None,
    ("column", "statistics target"): None,
    ("column", "options"): None,
    ("index", "clustered"): "no",
}

_LOSES_VALUES: Final = "-- The values of the column are lost."


def with_unmapped(
    mapping: Catalog, head: Catalog, *, kinds: Collection[str] = (), borrowed: Collection[str] = ()
) -> Catalog:
    """What the mapping makes, and what only the migrations make beside it: what is to be expected of a database.

    Args:
        mapping: What the mapping makes.
        head: What the migrations make.
        kinds: Kinds of which the mapping makes all that there should be.
        borrowed: The labels of what is in `mapping` only because the migrations make it.
    """
    told = _told(mapping, borrowed).union(kinds)
    merged = {label: _with_aspects(one, head.get(label), told) for label, one in mapping.items()}
    owners = {one.name: one.label for one in (*head.values(), *mapping.values()) if one.table is None}
    whole: set[str] = set()
    for label, one in head.items():
        owner = owners.get(one.table or "")
        if label in merged or (owner is not None and owner not in merged):
            continue
        unmapped = _kind(one) in _KINDS - told and not any(clash(one, other) for other in mapping.values())
        if unmapped or owner in whole:
            merged[label] = one
            whole |= {label} if one.table is None else set()
    return merged


def has_unmapped(
    mapping: Catalog, found: Catalog, *, kinds: Collection[str] = (), borrowed: Collection[str] = ()
) -> bool:
    """Whether something was found that a mapping cannot tell, and this one does not make."""
    expected = with_unmapped(mapping, found, kinds=kinds, borrowed=borrowed)
    return any(label not in mapping or mapping[label] is not one for label, one in expected.items())


def unmapped_kinds(mapping: Catalog, *, kinds: Collection[str] = (), borrowed: Collection[str] = ()) -> frozenset[str]:
    """The kinds, and the aspects as `kind.aspect`, of which the migrations alone say what there should be."""
    every = _KINDS | {f"{kind}.{aspect}" for kind, aspect in _ASPECTS}
    return every - _told(mapping, borrowed).union(kinds)


def keeping(one: Difference) -> Difference:
    """The difference with a fix that destroys nothing: how to keep what was found, and the rest in comments."""
    if one.expected is None and one.aspect == "existence":
        kind = next((kind for kind in _KINDS if one.object.startswith(f"{kind} ")), None)
        place = "write it in a migration" if kind and kind != "sequence" else "add it to the tables of the mapping"
        return replace(one, fix=f"-- To keep it, {place}. To drop it:\n{_commented(one.fix)}")
    if one.fix.startswith(_LOSES_VALUES):
        return replace(one, fix=_commented(one.fix))
    return one


def _commented(fix: str) -> str:
    return "\n".join(line if line.startswith("--") else f"-- {line}" for line in fix.splitlines())


def _told(mapping: Catalog, borrowed: Collection[str]) -> frozenset[str]:
    """The kinds, and the aspects as `kind.aspect`, that the mapping itself makes."""
    own = [one for label, one in mapping.items() if label not in borrowed]
    return frozenset(_kind(one) for one in own) | frozenset(
        f"{kind}.{aspect}"
        for (kind, aspect), usual in _ASPECTS.items()
        if any(one.kind == kind and one.aspects.get(aspect, usual) != usual for one in own)
    )


def _kind(one: CatalogObject) -> str:
    # The sequence of a serial column is the column's, which a mapping tells.
    return "sequence of a column" if one.kind == "sequence" and one.table is not None else one.kind


def _with_aspects(one: CatalogObject, head: CatalogObject | None, told: Collection[str]) -> CatalogObject:
    if head is None:
        return one
    unmapped = {
        aspect for aspect in _unmapped_aspects(one.kind, told) if head.aspects.get(aspect) != one.aspects.get(aspect)
    }
    if not unmapped:
        return one
    aspects = {name: value for name, value in one.aspects.items() if name not in unmapped}
    alter = {name: statement for name, statement in one.alter.items() if name not in unmapped}
    return replace(
        one,
        aspects=aspects | {name: value for name, value in head.aspects.items() if name in unmapped},
        alter=alter | {name: statement for name, statement in head.alter.items() if name in unmapped},
    )


def _unmapped_aspects(kind: str, told: Collection[str]) -> Iterator[str]:
    return (aspect for of, aspect in _ASPECTS if of == kind and f"{kind}.{aspect}" not in told)
