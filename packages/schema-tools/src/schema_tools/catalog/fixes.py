"""The statements that make one aspect of an object what it should be."""

import re
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from schema_tools.catalog.objects import Catalog, CatalogObject
from schema_tools.catalog.statements import joined, script, unquoted

Catalogs: TypeAlias = tuple[Catalog, Catalog]
"""All that is expected, and all that was found."""

_GRANTABLE: Final = frozenset({"view", "materialized view", "function", "procedure"})


def fix_sql(expected: CatalogObject, found: CatalogObject, aspect: str, catalogs: Catalogs) -> str:
    """What makes `aspect` of the object that was `found` that of the one that is `expected`.

    An aspect that nothing can alter takes dropping the object and making it again, together with all that needs it.

    Args:
        expected: The object as it should be.
        found: The same object as it is.
        aspect: What differs.
        catalogs: All that is expected, and all that was found.
    """
    special = _SPECIAL.get((expected.kind, aspect))
    if special and (statements := special(expected, found, catalogs)) is not None:
        return statements
    if aspect in expected.alter or aspect in found.reset:
        return script(found.reset.get(aspect, ""), expected.alter.get(aspect, ""))
    return made_again(expected, found, catalogs)


def made_again(expected: CatalogObject, found: CatalogObject, catalogs: Catalogs) -> str:
    """What drops an object and makes it as it is expected, with all that needs it; a sentence where rows would go."""
    dependents = _dependents(found.label, catalogs[1])
    holders = [one.label for one in (found, *dependents) if _holds_rows(one) and one.label != found.label]
    if expected.kind == "table" or holders:
        because = f": {', '.join(holders[:3])} would go with it" if holders else ""
        return f"-- No statement changes this in place{because}; make a new one beside it, and move the rows."
    losses = []
    if _holds_rows(found):
        losses.append("-- The values of the column are lost.\n")
    if any(one.kind in _GRANTABLE for one in (found, *dependents)):
        losses.append("-- What was granted on it is to be granted again.\n")
    return "".join(losses) + _around(dependents, joined(found.drop, expected.create), catalogs[0])


def _around(dependents: list[CatalogObject], statements: str, expected: Catalog) -> str:
    """`statements` after `dependents` were dropped, which are then made again as they should be."""
    drops = [one.drop for one in reversed(dependents)]
    return script(*drops, statements, *(expected.get(one.label, one).create for one in dependents))


def _dependents(label: str, catalog: Catalog) -> list[CatalogObject]:
    """All that needs the object, directly or not, in the order of the catalog."""
    closure = {label}
    dependents = []
    for one in catalog.values():
        if one.needs & closure and one.label not in closure:
            closure.add(one.label)
            dependents.append(one)
    return dependents


def _holds_rows(one: CatalogObject) -> bool:
    return one.kind == "table" or (one.kind == "column" and "type" in one.aspects and "generated" not in one.aspects)


# PostgreSQL rebuilds the others by itself: ATPrepAlterColumnType and ATExecAlterColumnType in its tablecmds.c.
_IN_THE_WAY_OF_A_TYPE: Final = frozenset({"view", "materialized view", "rule", "policy", "trigger", "function"})
_TEXTS: Final = frozenset({"character varying", "character", "text"})


def _column_type(expected: CatalogObject, found: CatalogObject, catalogs: Catalogs) -> str | None:
    if "type" in expected.alter:
        return None
    column = f"ALTER TABLE {expected.table} ALTER COLUMN {expected.own_name}"
    new, old = expected.aspects["type"], found.aspects["type"]
    collation = expected.aspects.get("collation") or ('pg_catalog."default"' if "collation" in found.aspects else "")
    # An assignment fails where values do not fit; a cast would cut them.
    assigned = "generated" in expected.aspects or _base(new) == _base(old) or {_base(new), _base(old)} <= _TEXTS
    through_text = "text::" if f"enum {new}" in catalogs[0] else ""
    statements = joined(
        f"{column} DROP DEFAULT" if "default" in found.aspects else "",
        f"{column} TYPE {new}"
        + (f" COLLATE {collation}" if collation else "")
        + ("" if assigned else f" USING {expected.own_name}::{through_text}{new}"),
        expected.alter["default"] if "default" in expected.aspects else "",
    )
    direct = [one for one in catalogs[1].values() if found.label in one.needs and _refuses_a_type(one)]
    labels = {one.label for first in direct for one in (first, *_dependents(first.label, catalogs[1]))}
    return _around([one for one in catalogs[1].values() if one.label in labels], statements, catalogs[0])


def _refuses_a_type(one: CatalogObject) -> bool:
    return one.kind in _IN_THE_WAY_OF_A_TYPE or (one.kind == "column" and "generated" in one.aspects)


def _base(type_name: str) -> str:
    return re.sub(r"\(.*?\)", "", type_name)


def _identity(expected: CatalogObject, found: CatalogObject, _catalogs: Catalogs) -> str | None:
    column = f"ALTER TABLE {expected.table} ALTER COLUMN {expected.own_name}"
    if "identity" not in expected.aspects:
        return script(f"{column} DROP IDENTITY IF EXISTS")
    if "identity" in found.aspects:
        return None
    table, name = (one.replace("'", "''") for one in (str(expected.table), unquoted(expected.own_name)))
    return script(
        f"{column} DROP DEFAULT" if "default" in found.aspects else "",
        f"{column} SET NOT NULL" if found.aspects["not null"] == "no" else "",
        f"{column} ADD GENERATED {expected.aspects['identity']}",
        # Or it would begin with numbers that rows have.
        f"SELECT setval(pg_get_serial_sequence('{table}', '{name}'), max({expected.own_name})) FROM {expected.table}"  # noqa: S608 -- to paste
        f" HAVING max({expected.own_name}) IS NOT NULL",
    )


def _default(expected: CatalogObject, found: CatalogObject, catalogs: Catalogs) -> str | None:
    column = f"ALTER TABLE {expected.table} ALTER COLUMN {expected.own_name}"
    if "default" not in expected.aspects or "default" not in expected.alter:
        return None
    if "identity" in found.aspects:
        return script(f"{column} DROP IDENTITY IF EXISTS", expected.alter["default"])
    if found.aspects.get("generated", "").endswith(" STORED"):
        return script(f"{column} DROP EXPRESSION IF EXISTS", expected.alter["default"])
    return made_again(expected, found, catalogs) if "generated" in found.aspects else None


def _generated(expected: CatalogObject, found: CatalogObject, catalogs: Catalogs) -> str | None:
    new, old = (one.aspects.get("generated", "") for one in (expected, found))
    column = f"ALTER TABLE {expected.table} ALTER COLUMN {expected.own_name}"
    if expected.alter.get("generated", "").startswith("--"):
        return None
    if not new and old.endswith(" STORED"):
        return script(f"{column} DROP EXPRESSION IF EXISTS")
    if new and old and new.rpartition(" ")[2] == old.rpartition(" ")[2] and "generated" in expected.alter:
        return script(expected.alter["generated"])
    return made_again(expected, found, catalogs)


def _function(expected: CatalogObject, found: CatalogObject, catalogs: Catalogs) -> str | None:
    heads = {one.aspects["definition"].partition("\n LANGUAGE ")[0] for one in (expected, found)}
    # What it takes and returns cannot be replaced: https://www.postgresql.org/docs/current/sql-createfunction.html
    return None if len(heads) == 1 else made_again(expected, found, catalogs)


def _validity(expected: CatalogObject, found: CatalogObject, catalogs: Catalogs) -> str | None:
    return made_again(expected, found, catalogs) if found.aspects["validity"] == "not enforced" else None


_LABEL: Final = re.compile(r"E?'(?:[^']|'')*'")


def _labels(expected: CatalogObject, found: CatalogObject, _catalogs: Catalogs) -> str:
    new, old = (_LABEL.findall(one.aspects.get("labels", "")) for one in (expected, found))
    this = f"ALTER TYPE {expected.name}"
    changed = [(a, b) for a, b in zip(old, new, strict=False) if a != b]
    if len(new) == len(old) and len(changed) == 1:
        return script(f"{this} RENAME VALUE {changed[0][0]} TO {changed[0][1]}")
    if [label for label in new if label in old] != old:
        return (
            f"-- PostgreSQL neither drops nor moves a label. Make a type ({', '.join(new)}), turn the columns over to"
            f" it (ALTER TABLE ... ALTER COLUMN ... TYPE ... USING ...::text::...), drop {expected.name},"
            " and give the new type its name."
        )
    places = [f"BEFORE {old[0]}" if old else "", *(f"AFTER {label}" for label in new)]
    added = [(label, place) for label, place in zip(new, places, strict=False) if label not in old]
    # Before the first label that is there, each is added in its turn; after one, behind the one before it.
    return script(*(f"{this} ADD VALUE {label} {place}".rstrip() for label, place in added))


_SPECIAL: Final[Mapping[tuple[str, str], Callable[[CatalogObject, CatalogObject, Catalogs], str | None]]] = {
    ("column", "type"): _column_type,
    ("column", "collation"): _column_type,
    ("column", "default"): _default,
    ("column", "identity"): _identity,
    ("column", "generated"): _generated,
    ("function", "definition"): _function,
    ("procedure", "definition"): _function,
    ("enum", "labels"): _labels,
    ("check constraint", "validity"): _validity,
    ("foreign key", "validity"): _validity,
}
