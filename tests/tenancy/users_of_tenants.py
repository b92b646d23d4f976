"""The service as it would be if each tenant had users of its own: its tables, adapters and storages."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Column, Identity, Index, Integer, String, Table, UniqueConstraint, make_url

from adapters.memory.api_keys import ADAPTER as API_KEYS_IN_MEMORY
from adapters.memory.revocations import ADAPTER as REVOCATIONS_IN_MEMORY
from adapters.memory.users import ADAPTER as USERS_IN_MEMORY
from adapters.sqlalchemy.users import ADAPTER as USERS_IN_SQL
from domain.users.email_address import EmailAddress
from domain.users.user import User
from domain.users.user_id import UserId
from domain.users.user_name import MAX_NAME_LENGTH, UserName
from foundation.kernel.storage import Storage
from foundation.memory.storage import InMemoryStorage
from foundation.sqlalchemy.api_keys import api_keys_adapter, api_keys_table
from foundation.sqlalchemy.audit_trail import audit_trail_table
from foundation.sqlalchemy.database import open_database
from foundation.sqlalchemy.ddl import timestamped
from foundation.sqlalchemy.limits import Limits, Replica
from foundation.sqlalchemy.postgresql.pooler import DIRECT, ServerAccess
from foundation.sqlalchemy.revocations import revocations_adapter, revocations_table
from foundation.sqlalchemy.tables import (
    created_at,
    idempotency_keys_table,
    named_metadata,
    rate_limits_table,
    updated_at,
)
from foundation.sqlalchemy.tenancy import per_tenant, tenant_id
from foundation.sqlalchemy.types import ValueObjectType
from plain_sql import connected
from role_databases import RoleDatabase, three_roles
from schema_tools.roles.names import RoleNames
from schema_tools.roles.script import roles_script

PATIENT: Final = timedelta(seconds=60)  # a slow machine is no failing test
LIMITS: Final = Limits(4, 40, PATIENT, PATIENT, PATIENT, PATIENT, PATIENT, PATIENT)

METADATA: Final = named_metadata()
USERS: Final = per_tenant(
    timestamped(
        Table(
            "users",
            METADATA,
            Column("id", ValueObjectType(UserId, Integer()), Identity(), primary_key=True),
            tenant_id(),
            Column("email", ValueObjectType(EmailAddress, String(255)), nullable=False),
            Column("name", ValueObjectType(UserName, String(MAX_NAME_LENGTH)), nullable=False),
            created_at(),
            updated_at(),
            UniqueConstraint("tenant_id", "email"),
            Index(None, "tenant_id", "created_at", "id"),
            Index(None, "tenant_id", "updated_at", "id"),
            sqlite_autoincrement=True,
        )
    )
)
API_KEYS: Final = api_keys_table(METADATA, scopes="users:read")
REVOCATIONS: Final = revocations_table(METADATA)
idempotency_keys_table(METADATA, operation="POST /api/v1/users", answer="[]")
audit_trail_table(METADATA, entity="users")
rate_limits_table(METADATA)


class UserOfTenant(User):
    """A class has one mapping, and that of `User` is the service's."""


IN_MEMORY: Final[dict[str, Any]] = {
    "api_keys": API_KEYS_IN_MEMORY,
    "revocations": REVOCATIONS_IN_MEMORY,
    "users": replace(USERS_IN_MEMORY, per_tenant=True),
}
IN_SQL: Final[dict[str, Any]] = {
    "api_keys": api_keys_adapter(API_KEYS),
    "revocations": revocations_adapter(REVOCATIONS),
    "users": replace(
        USERS_IN_SQL,
        entity=UserOfTenant,
        table=USERS,
        version=USERS.c.updated_at,
        unique={"uq_users_tenant_id_email": USERS_IN_SQL.unique["uq_users_email"]},
    ),
}


def storage_at(url: str, access: ServerAccess = DIRECT, replica: Replica | None = None) -> Storage:
    """The storage at `url`, whose tables are there."""
    if url == "memory://":
        return InMemoryStorage(IN_MEMORY, audited=True)
    return open_database(url, LIMITS, METADATA, IN_SQL, access=access, replica=replica, audited=True)


def new_file(directory: Path) -> str:
    """The URL of a new SQLite database with the tables."""
    url = f"sqlite+aiosqlite:///{directory / uuid4().hex}.db"
    with connected(url) as connection:
        METADATA.create_all(connection)
    return url


@contextmanager
def roles_in(url: str) -> Iterator[RoleDatabase]:
    """The empty PostgreSQL database at `url`, with the three roles, and the tables, which the migrator owns."""
    names = RoleNames.of(f"tenants_{uuid4().hex}")
    script = roles_script(METADATA, str(make_url(url).database), names)
    with three_roles(url, script, names) as roles:
        with connected(roles.migrator) as connection:
            METADATA.create_all(connection)
        yield roles
