"""Entities in a relational database: the write side."""

from collections.abc import AsyncIterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Generic

from foundation.kernel.access.policy import EVERY_ROW, Restriction, admits
from foundation.kernel.access.tenancy import check_tenant
from foundation.kernel.audit_trail import AuditAction
from foundation.kernel.bulk_loading import Loaded, Numbered
from foundation.kernel.constraints import several_taken, taken_positions
from foundation.kernel.errors import AlreadyTaken, WriteConflict
from foundation.kernel.views import plain
from foundation.sqlalchemy.adapter import Entity, Id, SqlAlchemyAdapter
from foundation.sqlalchemy.audit_trail import SqlAlchemyAuditTrail
from foundation.sqlalchemy.errors import DatabaseErrors
from foundation.sqlalchemy.loading.loader import load_rows
from foundation.sqlalchemy.mapped import KEY, VERSION, MappedStatements, mapped_statements, unique_values
from foundation.sqlalchemy.restrictions import restricting
from foundation.sqlalchemy.tenancy import TENANT_ID, of_tenant
from foundation.sqlalchemy.transaction import Change, Transaction


class SqlAlchemyRepository(Generic[Entity, Id]):
    """The entities of one class in one transaction. It has the one identity map of that class.

    Changes of the entities are found by comparing their values with those that are stored.
    """

    def __init__(
        self,
        adapter: SqlAlchemyAdapter[Entity, Id, Any],
        transaction: Transaction,
        errors: DatabaseErrors,
        bulk_timeout: timedelta,
        trail: SqlAlchemyAuditTrail | None = None,
    ) -> None:
        self._adapter = adapter
        self._transaction = transaction
        self._errors = errors
        self._bulk_timeout = bulk_timeout
        self._trail = trail
        self._within = of_tenant(adapter.table)
        self._tenant = restricting(self._within)
        self._statements: MappedStatements[Entity] = mapped_statements(adapter.entity)  # type: ignore[arg-type]  # a class is hashable
        self._stored: dict[Any, tuple[Entity, tuple[Any, ...]]] = {}
        transaction.write_from(self._changes)

    async def add(self, entity: Entity) -> None:
        """See `Repository.add`; the INSERT is sent at once, because it returns the id."""
        self._check_tenant()
        values = self._values(entity)
        await self._flush()
        with self._errors.adding(entity):
            [key] = await self._transaction.added(self._statements.insert, [self._named(values)])
        self._keep_new(entity, key, values)

    async def add_all(self, entities: Sequence[Entity]) -> None:
        """See `Repository.add_all`; one SELECT finds every value that is taken.

        Raises:
            WriteConflict: a value was taken between the two; a new unit of work will see it.
        """
        self._check_tenant()
        if not entities:
            return
        await self._check_unique_values(entities)
        rows = [self._values(entity) for entity in entities]
        try:
            with self._errors.translated:
                keys = await self._transaction.added(self._statements.insert, [self._named(values) for values in rows])
        except AlreadyTaken as error:
            raise WriteConflict from error
        for entity, key, values in zip(entities, keys, rows, strict=True):
            self._keep_new(entity, key, values)

    async def get(self, entity_id: Id, within: Restriction = EVERY_ROW) -> Entity:
        """See `Repository.get`; the row is locked, and SQLite has locked the database when the transaction began."""
        if entity_id in self._stored:
            entity = self._stored[entity_id][0]
            if not admits(within, entity):
                raise self._adapter.not_found(entity_id)
            return entity
        statements = self._statements
        within = {**within, **self._within}
        given = {KEY: entity_id, **restricting(within)} if within else {KEY: entity_id}
        with self._errors.translated:
            rows = await self._transaction.rows(statements.select(tuple(within)), given, tuple)
        if not rows:
            raise self._adapter.not_found(entity_id)
        entity = statements.restored(rows[0])
        self._stored[entity_id] = entity, self._values(entity)
        return entity

    async def remove(self, entity: Entity) -> None:
        """See `Repository.remove`; the DELETE is sent at once, so that unique values are free for an `add`."""
        key = getattr(entity, self._statements.key)
        _, stored = self._stored.pop(key, (entity, self._values(entity)))
        await self._flush()
        with self._errors.removing:
            removed = await self._transaction.changed(Change(self._statements.delete, self._identity(key, stored)))
        if not removed:
            raise WriteConflict
        self._note(AuditAction.DELETE, key)

    async def load(self, batches: AsyncIterable[Sequence[Numbered[Any]]], at: datetime, reported: int) -> Loaded:
        """See `BulkLoader.load`. Entities that are loaded are rows only: they do not enter the identity map."""
        self._check_tenant()
        loaded = await load_rows(
            self._adapter,
            self._transaction,
            self._errors,
            batches,
            at=at,
            reported=reported,
            bulk_timeout=self._bulk_timeout,
        )
        if self._trail is not None and loaded.added:
            name = self._adapter.table.name
            self._trail.note(AuditAction.IMPORT, name, None, entities=loaded.added, at=at)
        return loaded

    async def _check_unique_values(self, entities: Sequence[Entity]) -> None:
        constraints = self._adapter.unique_constraints
        if not constraints:
            return
        statement = unique_values(self._adapter, self._transaction.dialect)
        names = statement.selected_columns.keys()
        given: dict[str, Any] = {
            name: [value for one in entities if (value := getattr(one, name)) is not None] for name in names
        }
        await self._flush()
        with self._errors.translated:
            found = await self._transaction.rows(statement, given | self._tenant, tuple)
        for unique, columns in constraints:
            at = [names.index(column.key) for column in columns]
            known = {tuple(row[position] for position in at) for row in found}
            values = [tuple(getattr(one, column.key) for column in columns) for one in entities]
            if positions := taken_positions(values, known):
                raise several_taken(unique, positions, values)

    def _check_tenant(self) -> None:
        if self._within:
            check_tenant(self._within[TENANT_ID])

    async def _flush(self) -> None:
        """Send the changes first, so that what they violate is not reported as the error of what comes next."""
        with self._errors.translated:
            await self._transaction.flush()

    def _changes(self) -> list[Change]:
        """The statements that write what was changed since it was stored, or since this was called last."""
        changes: list[Change] = []
        for key, (entity, stored) in self._stored.items():
            values = self._values(entity)
            if values != stored:
                changes.append(Change(self._statements.update, self._named(values) | self._identity(key, stored)))
                self._stored[key] = entity, values
                if self._is_audited(values, stored):
                    self._note(AuditAction.UPDATE, key)
        return changes

    def _keep_new(self, entity: Entity, key: Any, values: tuple[Any, ...]) -> None:
        setattr(entity, self._statements.key, key)
        self._stored[key] = entity, values
        self._note(AuditAction.CREATE, key)

    def _is_audited(self, values: tuple[Any, ...], stored: tuple[Any, ...]) -> bool:
        unaudited = self._adapter.unaudited
        if not unaudited:
            return True
        named = zip(self._statements.written, values, stored, strict=True)
        return any(now != before for name, now, before in named if name not in unaudited)

    def _note(self, action: AuditAction, key: Any) -> None:
        if self._trail is not None:
            self._trail.note(action, self._adapter.table.name, plain(key))

    def _values(self, entity: Entity) -> tuple[Any, ...]:
        return tuple([getattr(entity, name) for name in self._statements.written])

    def _named(self, values: tuple[Any, ...]) -> dict[str, Any]:
        return dict(zip(self._statements.written, values, strict=True)) | self._tenant

    def _identity(self, key: object, stored: tuple[Any, ...]) -> dict[str, Any]:
        return {KEY: key, VERSION: stored[self._statements.version_at], **self._tenant}
