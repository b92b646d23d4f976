"""Entities in memory: the write side."""

import asyncio
from collections.abc import AsyncIterable, Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, Generic

from foundation.kernel.access.policy import EVERY_ROW, Restriction, admits
from foundation.kernel.access.tenancy import check_tenant, current_tenant
from foundation.kernel.audit_trail import AuditAction
from foundation.kernel.bulk_loading import Loaded, Numbered
from foundation.kernel.constraints import several_taken, taken_positions
from foundation.kernel.errors import AlreadyTaken, WriteConflict
from foundation.kernel.views import plain
from foundation.memory.adapter import Entity, Id, InMemoryAdapter, Values, View, attributes_of, plain_values
from foundation.memory.store import InMemoryTable


class InMemoryRepository(Generic[Entity, Id, View]):
    """The entities of one unit of work: those loaded or added, the views they came from, and the ids of those removed.

    Nothing locks. As in a database without locks, the first to commit wins and the other meets a conflict.
    `table` has what is committed, and `of_other_tenants` yields what it does not have of entities that are kept for
    each tenant. `others` has all repositories of the unit of work, this one included.
    """

    def __init__(
        self,
        adapter: InMemoryAdapter[Entity, Id, View],
        table: InMemoryTable[View],
        others: Mapping[str, "InMemoryRepository[Any, Any, Any]"],
        of_other_tenants: Callable[[], Iterable[View]] = tuple,
    ) -> None:
        self._adapter = adapter
        self.table = table
        self._others = others
        self._of_other_tenants = of_other_tenants
        self._tenant = current_tenant()
        self._entities: dict[int, Entity] = {}
        self._seen: dict[int, View] = {}
        self._removed: set[int] = set()
        self._added_together = False
        self._loaded: dict[int, datetime] = {}

    async def add(self, entity: Entity) -> None:
        """See `Repository.add`."""
        await asyncio.sleep(0)
        self._check_tenant()
        for key, unique in self._adapter.unique.items():
            values = plain_values(entity, attributes_of(key))
            if self._has_owner(key, values) or values in self._values_in_use(key):
                raise unique.taken(*(getattr(entity, name) for name in attributes_of(key)))
        self._check_references(entity)
        self._keep_new(entity)

    async def add_all(self, entities: Sequence[Entity]) -> None:
        """See `Repository.add_all`."""
        await asyncio.sleep(0)
        self._check_tenant()
        for key, unique in self._adapter.unique.items():
            positions = self._taken(key, entities, self._values_in_use(key))
            if positions:
                values = [tuple(getattr(one, name) for name in attributes_of(key)) for one in entities]
                raise several_taken(unique, positions, values)
        self._keep_all(entities)

    async def get(self, entity_id: Id, within: Restriction = EVERY_ROW) -> Entity:
        """See `Repository.get`."""
        await asyncio.sleep(0)
        number: Any = plain(entity_id)
        if number in self._entities and admits(within, self._entities[number]):
            return self._entities[number]
        view = self.table.rows.get(number)
        if view is None or number in self._removed or number in self._entities or not admits(within, view):
            raise self._adapter.not_found(entity_id)
        self._seen[number] = view
        self._entities[number] = self._adapter.restored(view)
        return self._entities[number]

    async def remove(self, entity: Entity) -> None:
        """See `Repository.remove`."""
        number = self._number(entity)
        for other in self._others.values():
            other.check_unused(self, number)
        self._entities.pop(number, None)
        self._removed.add(number)

    async def load(self, batches: AsyncIterable[Sequence[Numbered[Any]]], at: datetime, reported: int) -> Loaded:
        """See `BulkLoader.load`. Memory is the storage, so here it does grow with the number of entities."""
        self._check_tenant()
        added = 0
        lines: list[int] = []
        known = {key: self._values_in_use(key) for key in self._adapter.unique}
        async for batch in batches:
            await asyncio.sleep(0)
            entities = [self._adapter.new(one.value, at=at) for one in batch]
            taken = {position for key in known for position in self._taken(key, entities, known[key])}
            free = [entity for position, entity in enumerate(entities) if position not in taken]
            self._keep_all(free)
            self._loaded |= dict.fromkeys((self._number(entity) for entity in free), at)
            added += len(free)
            lines += [batch[position].line for position in taken]
        return Loaded(added, len(lines), tuple(sorted(lines)[:reported]))

    def changes(self) -> tuple[dict[int, View], set[int]]:
        """The views of what was added or changed, and the ids of what was removed.

        Raises:
            WriteConflict: another unit of work changed or removed one of them first.
        """
        views = {number: self._adapter.view(entity) for number, entity in self._entities.items()}
        changed = {number: view for number, view in views.items() if view != self._seen.get(number)}
        for number in changed.keys() | self._removed:
            if self.table.rows.get(number) != self._seen.get(number):
                raise WriteConflict
        return changed, self._removed

    def acts(
        self, changed: Mapping[int, View], removed: set[int]
    ) -> Iterator[tuple[AuditAction, int | None, int, datetime | None]]:
        """What the audit trail has of changes: the act, the id, how many entities, and of an import its time."""
        for at in sorted(set(self._loaded.values())):
            yield AuditAction.IMPORT, None, sum(other == at for other in self._loaded.values()), at
        for number, view in changed.items():
            if number not in self._seen and number not in self._loaded:
                yield AuditAction.CREATE, number, 1, None
            elif number in self._seen and self._is_audited(view, self._seen[number]):
                yield AuditAction.UPDATE, number, 1, None
        for number in removed:
            yield AuditAction.DELETE, number, 1, None

    def _is_audited(self, view: Any, seen: Any) -> bool:
        names = zip(view._fields, view, seen, strict=True)
        return any(now != before for name, now, before in names if name not in self._adapter.unaudited)

    def violation(self, key: str) -> AlreadyTaken | WriteConflict:
        """The error of a commit that violates a unique key.

        Among entities that were added together, only a new look can tell which of them it was.
        """
        return WriteConflict() if self._added_together else self._adapter.unique[key].taken()

    def check_references(self, changed: Mapping[int, View]) -> None:
        """Raise the error of the first of these that refers to an entity which does not exist."""
        for view in changed.values():
            self._check_references(view)

    def check_unused(self, target: "InMemoryRepository[Any, Any, Any]", number: int) -> None:
        """Raise the error of removing the entity of `target` with this id if one of these refers to it."""
        for attribute, (name, reference) in self._adapter.references.items():
            if self._others[name] is not target:
                continue
            # Ids are never shared by tenants, so that rows of others refer to what all of them share.
            rows = chain(self._rows(), self._of_other_tenants())
            if any(plain(getattr(one, attribute)) == number for one in rows):
                raise reference.in_use()

    def _check_tenant(self) -> None:
        if self._adapter.per_tenant:
            check_tenant(self._tenant)

    def _check_references(self, one: Entity | View) -> None:
        for attribute, (name, reference) in self._adapter.references.items():
            value = getattr(one, attribute)
            if value is not None and not self._others[name].exists(plain(value)):
                raise reference.missing(value) if isinstance(one, self._adapter.entity) else reference.missing()

    def exists(self, number: Any) -> bool:
        """Whether there will be an entity with this id after a commit."""
        added_here = number in self._entities and number not in self._seen
        return added_here or (number in self.table.rows and number not in self._removed)

    def _rows(self) -> Iterator[Entity | View]:
        """All as they would be after a commit."""
        yield from self._entities.values()
        gone = self._entities.keys() | self._removed
        yield from (view for number, view in self.table.rows.items() if number not in gone)

    def _taken(self, key: str, entities: Sequence[Entity], known: set[Values]) -> list[int]:
        values = [plain_values(entity, attributes_of(key)) for entity in entities]
        known |= {one for one in values if self._has_owner(key, one)}
        return taken_positions(values, known)

    def _values_in_use(self, key: str) -> set[Values]:
        found = (plain_values(entity, attributes_of(key)) for entity in self._entities.values())
        return {values for values in found if None not in values}

    def _has_owner(self, key: str, values: Values) -> bool:
        owner = self.table.owner_of(key, values)
        # The values of entities loaded here are their own, which may no longer be those stored.
        return owner is not None and owner not in self._removed and owner not in self._entities

    def _keep_all(self, entities: Sequence[Entity]) -> None:
        for entity in entities:
            self._check_references(entity)
        self._added_together = True
        for entity in entities:
            self._keep_new(entity)

    def _keep_new(self, entity: Entity) -> None:
        number = self.table.next_id()
        entity.id = self._adapter.restorers["id"](number)  # type: ignore[attr-defined]  # every entity has one
        self._entities[number] = entity

    @staticmethod
    def _number(entity: Any) -> int:
        number: Any = plain(entity.id)
        return int(number)
