"""What each revision changes in the catalog, from a rehearsal of the whole history on a throwaway database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from schema_tools.catalog.objects import Catalog, CatalogObject
from schema_tools.catalog.reading import read_catalog
from schema_tools.failures import explained
from schema_tools.rehearsal.scratch import Places
from schema_tools.rehearsal.spare import Databases
from schema_tools.rehearsal.steps import Revisions, StepFailed, Walker
from schema_tools.report.markup import anchor

Aspects: TypeAlias = Mapping[str, str | None]
"""The aspects of an object that a revision gave other values; None for one that it took away."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a revision changes: by the number of each object, its changed aspects, or None where it is gone.

    `counts` has how many objects it adds, changes and removes, without those that come or go with their table.
    """

    revision: str
    changed: Mapping[int, Aspects | None]
    counts: Mapping[str, int]


@dataclass(slots=True)
class Changes:
    """The history as a sequence of changes.

    Attributes:
        objects: Every object that there was at any time: kind, name without its table's, and the table's, or None.
        steps: In the order in which the revisions run.
        stopped: Why there are no more steps: the revision that failed; empty when all are there.
    """

    objects: list[tuple[str, str, str | None]] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    stopped: str = ""

    def as_document(self) -> dict[str, Any]:
        """For the script of the page."""
        return {
            "objects": self.objects,
            "steps": [
                {"anchor": anchor("changes", one.revision), "changed": list(one.changed.items())} for one in self.steps
            ],
        }


def changes(revisions: Revisions, dialect: str, places: Places) -> Changes:
    """Apply every revision to an empty database, and read the catalog after each.

    Raises:
        SchemaToolsError: The revisions cannot be read.
    """
    found = Changes()
    numbers = _Numbers(found.objects)
    with explained(None), Databases(revisions, dialect, places) as databases:
        walker = databases.empty()
        # A new database is not quite empty: it has the extension plpgsql.
        before = _read(walker)
        for script in revisions.in_order():
            try:
                walker.step(script, up=True)
            except StepFailed as failed:
                found.stopped = str(failed)
                break
            after = _read(walker)
            found.steps.append(_step(script.revision, before, after, numbers))
            before = after
    return found


def _read(walker: Walker) -> Catalog:
    with walker.transaction() as connection:
        return read_catalog(connection)


@dataclass(slots=True)
class _Numbers:
    """The number of each object, by its label; a new one is added to `objects`."""

    objects: list[tuple[str, str, str | None]]
    known: dict[str, int] = field(default_factory=dict)

    def of(self, one: CatalogObject) -> int:
        if one.label not in self.known:
            self.known[one.label] = len(self.objects)
            self.objects.append((one.kind, one.own_name, one.table))
        return self.known[one.label]


def _step(revision: str, before: Catalog, after: Catalog, numbers: _Numbers) -> Step:
    changed: dict[int, Aspects | None] = {}
    counts = {"added": 0, "changed": 0, "removed": 0}
    come, gone = _owners(after, before), _owners(before, after)
    for label, one in after.items():
        old = before[label].aspects if label in before else {}
        if label in before and old == one.aspects:
            continue
        values = {name: value for name, value in one.aspects.items() if old.get(name) != value}
        changed[numbers.of(one)] = values | dict.fromkeys(sorted(old.keys() - one.aspects.keys()))
        counts["changed"] += label in before
        counts["added"] += label not in before and one.table not in come
    for label, one in before.items():
        if label not in after:
            changed[numbers.of(one)] = None
            counts["removed"] += one.table not in gone
    return Step(revision, changed, counts)


def _owners(having: Catalog, without: Catalog) -> set[str]:
    """What has objects of its own, such as a table, and is in one catalog only."""
    return {one.name for label, one in having.items() if one.table is None and label not in without}
