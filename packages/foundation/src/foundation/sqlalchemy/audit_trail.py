"""The audit trail, as rows."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Identity,
    Index,
    Insert,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    bindparam,
    delete,
    insert,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from foundation.kernel.access.principal import current_caller
from foundation.kernel.audit_trail import AUDIT_TRAIL, AuditAction, AuditEntry, AuditEntryNotFound
from foundation.sqlalchemy.adapter import SqlAlchemyAdapter
from foundation.sqlalchemy.ddl import append_only, readable
from foundation.sqlalchemy.errors import DatabaseErrors
from foundation.sqlalchemy.tables import created_at, known_choice
from foundation.sqlalchemy.transaction import Change


def audit_trail_table(metadata: MetaData, *, entity: str) -> Table:
    """The table of the audit trail; `entity` is the example of the document of the schema."""
    return append_only(
        readable(
            Table(
                AUDIT_TRAIL,
                metadata,
                Column(
                    "id",
                    BigInteger().with_variant(Integer(), "sqlite"),
                    Identity(),
                    comment="Entry ID (auto-increment)",
                    info={"example": 1},
                ),
                created_at(),
                _text("principal", String(255), "Who did it", "api-key:7"),
                _text(
                    "request_id",
                    String(128),
                    "The request, as it is logged",
                    "5f2b9a0c7d1e4f6a",
                    nullable=True,
                    no_reference="It identifies a request in the log.",
                ),
                _text("action", String(20), "What was done", AuditAction.UPDATE.value),
                _text("entity", String(63), "The table of the row", entity),
                _number(
                    "entity_id",
                    "The id of the row; none for an import",
                    42,
                    nullable=True,
                    no_reference="An entry outlives the row, which may be one of any table.",
                ),
                _number("entities", "How many rows: 1, but for an import", 1),
                PrimaryKeyConstraint("id"),
                known_choice("action", AuditAction),
                # What became of a row, what a principal did, and what is old enough to be forgotten.
                Index(None, "entity", "entity_id", "id"),
                Index(None, "principal", "id"),
                Index(None, "created_at"),
                comment="Stores who did what to which row, without any value of the row.",
                info={
                    "append_only": "An entry is written once, and removed when it has been kept for its time.",
                    "privileges": ("SELECT", "INSERT", "DELETE"),
                },
                sqlite_autoincrement=True,
            )
        )
    )


def audit_trail_adapter(table: Table) -> SqlAlchemyAdapter[Any, int, AuditEntry]:
    """The trail, for the read side. It is written by `SqlAlchemyAuditTrail` only, and so is mapped onto no class."""
    return SqlAlchemyAdapter(
        entity=AuditEntry,
        table=table,
        version=table.c.created_at,
        view=AuditEntry,
        new=AuditEntry,
        not_found=AuditEntryNotFound,
    )


class SqlAlchemyAuditTrail:
    """Notes what one unit of work does, for the rows that its commit writes."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._noted: list[tuple[AuditAction, str, int | None, int, datetime | None]] = []

    def note(
        self,
        action: AuditAction,
        entity: str,
        entity_id: int | None,
        *,
        entities: int = 1,
        at: datetime | None = None,
    ) -> None:
        """Note a change, made `at` a time, or when the database writes the entry."""
        self._noted.append((action, entity, entity_id, entities, at))

    def entries(self) -> list[Change]:
        """The statements that write what was noted since this was called last."""
        noted, self._noted = self._noted, []
        caller = current_caller() if noted else None
        changes = []
        for action, entity, entity_id, entities, at in noted:
            values: dict[str, Any] = {
                "principal": caller.principal.name if caller else None,
                "request_id": caller.request_id if caller else None,
                "action": action.value,
                "entity": entity,
                "entity_id": entity_id,
                "entities": entities,
            }
            if at is not None:
                values["created_at"] = at
            changes.append(Change(_insert(self._table, timed=at is not None), values))
        return changes


class SqlAlchemyAuditRetention:
    """The end of old entries. See `AuditRetention`."""

    def __init__(
        self, table: Table, connected: Callable[[], Awaitable[AsyncConnection]], errors: DatabaseErrors
    ) -> None:
        self._table = table
        self._connected = connected
        self._translated = errors.translated

    async def forget(self, before: datetime, most: int) -> int:
        """See `AuditRetention.forget`. On PostgreSQL, rows that others lock are left to the next call."""
        rows = self._table.c
        old = (
            select(rows.id)
            .where(rows.created_at < before)
            .order_by(rows.created_at)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        with self._translated:
            connection = await self._connected()
            return (await connection.execute(delete(self._table).where(rows.id.in_(old)))).rowcount


# Made once, so that it can be compiled and prepared.
@cache
def _insert(table: Table, *, timed: bool) -> Insert:
    given = [column for column in table.c if column.name != "id" and (timed or column.name != "created_at")]
    return insert(table).values({column.name: bindparam(column.name, type_=column.type) for column in given})


def _text(
    name: str, kind: String, comment: str, example: str, *, nullable: bool = False, no_reference: str = ""
) -> Column[Any]:
    return Column(name, kind, nullable=nullable, comment=comment, info=_info(example, no_reference))


def _number(name: str, comment: str, example: int, *, nullable: bool = False, no_reference: str = "") -> Column[Any]:
    return Column(name, Integer(), nullable=nullable, comment=comment, info=_info(example, no_reference))


def _info(example: object, no_reference: str) -> dict[str, Any]:
    return {"example": example} | ({"not_a_reference": no_reference} if no_reference else {})
