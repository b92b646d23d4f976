"""Tables whose rows belong to tenants: see `foundation.kernel.access.tenancy`.

Each statement names the tenant, on every database. On PostgreSQL, row-level security asks for it again: a statement
that forgot it would find no row, and write none.
"""

from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    func,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.schema import ColumnCollectionConstraint

from foundation.kernel.access.api_keys.values import MAX_TENANT_LENGTH
from foundation.kernel.access.policy import EVERY_ROW, Restriction
from foundation.kernel.access.tenancy import current_tenant
from foundation.kernel.errors import StorageMisconfigured
from foundation.sqlalchemy.ddl import create_with

_Key: TypeAlias = ColumnCollectionConstraint | Index

TENANT_ID: Final = "tenant_id"
"""The column."""

_MARK: Final = "per_tenant"
_SETTING: Final = "app.tenant_id"

SET_TENANT: Final = select(func.set_config(_SETTING, bindparam("tenant", type_=String), true()))
"""Tells PostgreSQL the tenant, up to the end of the transaction (PostgreSQL manual, 9.28.1)."""

# Without a tenant the setting is NULL, or empty once it was set in the session; both equal no tenant.
_POLICY: Final = f"""\
CREATE POLICY {{table}}_own_tenant ON {{table}}
USING (tenant_id = current_setting('{_SETTING}', true))"""

_ROW_SECURITY: Final = (
    "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
    # For the owner of the table, too.
    "ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
    _POLICY,
)


def tenant_id() -> Column[Any]:
    """The tenant that a row belongs to. The table must be wrapped in `per_tenant(...)`."""
    return Column(
        TENANT_ID,
        String(MAX_TENANT_LENGTH),
        nullable=False,
        comment="Tenant the row belongs to",
        info={
            _MARK: True,
            "example": "acme",
            "not_a_reference": "Tenants are known to what issues credentials, and have no table.",
        },
    )


def per_tenant(table: Table) -> Table:
    """Keep the rows of the table for the tenant that `tenant_id()` names. Returns the table.

    It gets the key `(tenant_id, id)`, which foreign keys refer to and lists are read by. The primary key stays the id,
    which no two tenants share: SQLite gives ids to a primary key of one column only. On PostgreSQL it gets row
    security, which holds for the owner of the table as well.

    Raises:
        StorageMisconfigured: a unique key or an index does not begin with the tenant, or the primary key is not the id.
    """
    if table.primary_key.columns.keys() != ["id"]:
        # Any other key would be a value that only one tenant may have.
        raise StorageMisconfigured(f"The primary key of the table {table.name}, which has {TENANT_ID}, must be its id.")
    table.append_constraint(UniqueConstraint(TENANT_ID, "id"))
    table.append_constraint(CheckConstraint(f"{TENANT_ID} <> ''", name=TENANT_ID))
    table.info[_MARK] = True
    _check(table, _own_keys(table))
    for statement in _ROW_SECURITY:
        create_with(table, "postgresql", statement.format(table=table.name))
    return table


def is_per_tenant(table: Table) -> bool:
    """Whether `per_tenant` was called with it."""
    return _MARK in table.info


def of_tenant(table: Table) -> Restriction:
    """The rows of the present principal's tenant; every row where the table is not kept for each tenant."""
    return {TENANT_ID: current_tenant()} if is_per_tenant(table) else EVERY_ROW


def check_tenancy(table: Table) -> None:
    """Check that what must be unique or found is so within a tenant, and that rows refer to rows of their own tenant.

    An index may begin with a foreign key, by which it is looked for whether a row can be deleted.

    Raises:
        StorageMisconfigured: a unique key, an index or a foreign key does not begin with the tenant, or `per_tenant`
            was not called with a table that has `tenant_id()`.
    """
    if not is_per_tenant(table) and any(_MARK in column.info for column in table.c):
        raise StorageMisconfigured(
            f"The table {table.name} has {TENANT_ID}, and nothing keeps its rows apart: call per_tenant({table.name})."
        )
    references = [one for one in table.foreign_key_constraints if is_per_tenant(one.referred_table)]
    _check(table, [*references, *_own_keys(table)])


def _own_keys(table: Table) -> list[_Key]:
    """The unique keys and indexes of a table of tenants, but for indexes of foreign keys to other tables."""
    if not is_per_tenant(table):
        return []
    referring = {column.key for one in table.foreign_key_constraints for column in one.columns}
    unique = [one for one in table.constraints if isinstance(one, UniqueConstraint | ExcludeConstraint)]
    return [*unique, *(one for one in table.indexes if one.unique or _first(one) not in referring)]


def _check(table: Table, keys: Iterable[_Key]) -> None:
    wrong = sorted(str(one.name) for one in keys if not _begins_with_the_tenant(one))
    if wrong:
        raise StorageMisconfigured(f"{' and '.join(wrong)} of the table {table.name} must begin with {TENANT_ID}.")


def _begins_with_the_tenant(key: _Key) -> bool:
    if isinstance(key, ForeignKeyConstraint):
        first = key.elements[0]
        return first.parent.key == first.column.key == TENANT_ID
    return _first(key) == TENANT_ID


def _first(key: ColumnCollectionConstraint | Index) -> str | None:
    """The first column, unless an expression comes first."""
    first = next(iter(key.expressions if isinstance(key, Index) else key.columns), None)
    return first.key if isinstance(first, Column) else None
