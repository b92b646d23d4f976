"""Row security on PostgreSQL: it holds for every statement, whichever was forgotten to name the tenant."""

from collections.abc import Callable

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from foundation.kernel.access.principal import acting_as
from foundation.sqlalchemy.database import PostgresDatabase
from foundation.sqlalchemy.postgresql.pooler import ServerAccess
from foundation.testing.tenancy_contract import ONE, OTHER
from postgres_fixtures import POSTGRES_NAMES
from role_databases import RoleDatabase, plain
from tenancy.users_of_tenants import storage_at

pytestmark = pytest.mark.anyio

ADD = "INSERT INTO users (tenant_id, email, name) VALUES (%s, %s, %s)"
FORGOTTEN = (
    "SELECT * FROM users",
    "SELECT * FROM users WHERE tenant_id = 'acme'",
    "UPDATE users SET name = 'Changed' RETURNING id",
    "DELETE FROM users RETURNING id",
)


@pytest.fixture(params=POSTGRES_NAMES)
def roles(request: pytest.FixtureRequest, role_databases: Callable[[str], RoleDatabase]) -> RoleDatabase:
    """The database on each release, with a user of the tenant acme."""
    roles = role_databases(request.param)
    with psycopg.connect(plain(roles.application)) as connection:
        connection.execute("SELECT set_config('app.tenant_id', 'acme', true)")
        connection.execute(ADD, ["acme", "ada@example.com", "Ada"])
    return roles


@pytest.mark.parametrize("role", ["application", "migrator", "reader"])
def test_a_statement_finds_and_changes_no_row_without_the_tenant(roles: RoleDatabase, role: str) -> None:
    """For the owner of the table, too."""
    allowed = FORGOTTEN[:2] if role == "reader" else FORGOTTEN
    with psycopg.connect(plain(getattr(roles, role))) as connection:
        for tenant in (None, "", "globex", "acme' OR '1' = '1"):
            if tenant is not None:
                connection.execute("SELECT set_config('app.tenant_id', %s, true)", [tenant])
            for statement in allowed:
                assert connection.execute(statement.encode()).fetchall() == [], (tenant, statement)
        connection.rollback()
        connection.execute("SELECT set_config('app.tenant_id', 'acme', true)")
        assert [len(connection.execute(statement.encode()).fetchall()) for statement in allowed] == [1] * len(allowed)


def test_no_row_is_written_for_another_tenant(roles: RoleDatabase) -> None:
    with psycopg.connect(plain(roles.application)) as connection:
        for statement in (
            "INSERT INTO users (tenant_id, email, name) VALUES ('globex', 'bob@example.com', 'Bob')",
            "UPDATE users SET tenant_id = 'globex'",
        ):
            connection.execute("SELECT set_config('app.tenant_id', 'acme', true)")
            with pytest.raises(InsufficientPrivilege, match="row-level security"):
                connection.execute(statement.encode())
            connection.rollback()


@pytest.mark.parametrize("access", [ServerAccess(), ServerAccess(prepared=False), ServerAccess(pooler=True)])
async def test_the_tenant_is_set_for_one_transaction(roles: RoleDatabase, access: ServerAccess) -> None:
    """A connection that has served one tenant knows none, and then another one."""
    storage = storage_at(roles.application, access)
    assert isinstance(storage, PostgresDatabase)
    try:
        with acting_as(ONE):
            assert [len(batch) async for batch in storage.queries("users").iterate_all()] == [1]
        with acting_as(OTHER):
            assert [len(batch) async for batch in storage.queries("users").iterate_all()] == []
        assert storage.pool.idle == 1
        pooled = await storage.pool.acquire()
        pooled.pipeline.detach()
        try:
            for statement in FORGOTTEN:
                found = await pooled.driver.execute(statement.encode())
                assert await found.fetchall() == [], statement
            await pooled.driver.rollback()
        finally:
            await storage.pool.release(pooled)
    finally:
        await storage.dispose()
