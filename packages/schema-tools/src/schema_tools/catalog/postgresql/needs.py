"""What needs what in a schema, and so in which order its objects can be made."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection, text

from schema_tools.catalog.objects import Catalog, CatalogObject
from schema_tools.catalog.postgresql.found import Found

# Only objects that are not built in have such identifiers: FirstNormalObjectId in PostgreSQL's access/transam.h.
# An array type is dropped and made with its element's type.
_DEPENDENCIES: Final = """
SELECT d.classid::regclass::text, d.objid, d.objsubid,
       d.refclassid::regclass::text, coalesce(element.oid, d.refobjid), d.refobjsubid
FROM pg_depend d
LEFT JOIN pg_type element ON d.refclassid = 'pg_type'::regclass AND element.typarray = d.refobjid
WHERE d.objid >= 16384 AND d.refobjid >= 16384 AND d.deptype IN ('n', 'a', 'i')
  AND NOT EXISTS (
    SELECT FROM pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e'
  )
"""

# What no dependency says: which kinds come first, so that what a body of code reads is there.
_ORDER: Final = (
    "extension", "enum", "composite type", "domain", "domain constraint", "sequence", "table", "column",
    "primary key", "unique constraint", "check constraint", "exclusion constraint", "index", "foreign key",
    "statistics", "view", "materialized view", "function", "procedure", "trigger", "rule", "policy",
)  # fmt: skip


def in_order(connection: Connection, found: Sequence[Found]) -> Catalog:
    """The objects with what they need, in an order in which they can be made."""
    needs = _needs(connection, found)
    objects = {one.object.label: replace(one.object, needs=needs[one.object.label]) for one in found}
    by_kind = sorted(objects.values(), key=lambda one: (_ORDER.index(one.kind), one.name))
    order = _sorted([*_owners_in_order(by_kind), *(one.label for one in by_kind)], needs)
    return {label: objects[label] for label in order}


def _needs(connection: Connection, found: Sequence[Found]) -> dict[str, frozenset[str]]:
    owners = {one.object.name: one.object.label for one in found if one.object.table is None}
    needs = _dependencies(connection, found)
    for one in (each.object for each in found):
        owner = owners.get(one.table or "")
        if one.kind == "sequence":
            # It is made before the table whose column owns it.
            needs[one.label].clear()
        elif owner is not None:
            needs[one.label].add(owner)
        if one.kind == "column" and owner is not None:
            # A table is made with its columns.
            others = {label for label in needs[one.label] if not label.startswith(f"column {one.table}.")}
            needs[owner] |= others - {owner}
    return {one.object.label: frozenset(needs[one.object.label]) for one in found}


def _dependencies(connection: Connection, found: Sequence[Found]) -> dict[str, set[str]]:
    labels = {address: one.object.label for one in found for address in (one.address, *one.aliases)}
    needs: dict[str, set[str]] = defaultdict(set)
    for row in connection.execute(text(_DEPENDENCIES)):
        needing, needed = labels.get((row[0], row[1], row[2])), labels.get((row[3], row[4], row[5]))
        if needing and needed and needing != needed:
            needs[needing].add(needed)
    return needs


def _owners_in_order(by_kind: Sequence[CatalogObject]) -> list[str]:
    """What belongs to nothing else, each after what its members need, so that they can be made together with it."""
    owners = {one.name: one.label for one in by_kind if one.table is None}
    owner_of = {one.label: owners.get(one.table or "", one.label) for one in by_kind}
    before: dict[str, set[str]] = defaultdict(set)
    for one in by_kind:
        before[owner_of[one.label]] |= {owner_of[need] for need in one.needs}
    return _sorted(owner_of.values(), before)


def _sorted(labels: Iterable[str], before: Mapping[str, Collection[str]]) -> list[str]:
    """`labels` as they are, but each after what comes before it; a circle is cut somewhere."""
    begun: set[str] = set()
    done: dict[str, None] = {}
    waiting = [*labels][::-1]
    while waiting:
        label = waiting.pop()
        if label in begun:
            done.setdefault(label)
        else:
            begun.add(label)
            waiting += [label, *sorted({*before[label]} - begun, reverse=True)]
    return list(done)
