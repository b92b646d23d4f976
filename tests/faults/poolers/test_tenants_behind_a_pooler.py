"""Tenants never see each other behind a pooler, which lends one session of the server to all of them in turn."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import pytest
from sqlalchemy import text

from contract.test_user_contract import TestUsers as UserContract
from faults.poolers.pgbouncer import PgBouncer, program
from foundation.sqlalchemy.postgresql.pooler import ServerAccess
from foundation.testing.tenancy_contract import TenancyContract
from plain_sql import connected
from postgres_fixtures import POSTGRES_NAMES, PostgresServers
from role_databases import RoleDatabase
from tenancy.conftest import ServiceOfTenants
from tenancy.users_of_tenants import METADATA, roles_in, storage_at


@pytest.fixture(scope="module")
def roles(postgres_servers: PostgresServers) -> Iterator[RoleDatabase]:
    with postgres_servers.empty_database(POSTGRES_NAMES[-1]) as url, roles_in(url) as made:
        yield made


@pytest.fixture(params=["prepared", "unprepared"])
async def service(request: pytest.FixtureRequest, roles: RoleDatabase) -> AsyncIterator[ServiceOfTenants]:
    keeps = request.param == "prepared"
    with connected(roles.migrator) as connection:
        connection.execute(text(f"TRUNCATE {', '.join(METADATA.tables)} RESTART IDENTITY"))
    with PgBouncer(program(keeps_statements=keeps), roles.application) as pooler:
        storage = storage_at(pooler.url, ServerAccess(pooler=True, prepared=keeps))
        try:
            yield ServiceOfTenants(storage)
        finally:
            await storage.dispose()


class TestTenantsBehindAPooler(TenancyContract):
    examples = replace(UserContract.examples, create=None)


del UserContract
