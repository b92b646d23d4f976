"""Tenants never see each other where lists are read on a standby, whose role does not own the tables either."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import make_url, text

from contract.test_user_contract import TestUsers as UserContract
from faults.standby import StreamingPair, streaming_pair
from foundation.sqlalchemy.limits import Replica
from foundation.testing.tenancy_contract import TenancyContract
from plain_sql import connected
from role_databases import RoleDatabase
from tenancy.conftest import ServiceOfTenants
from tenancy.users_of_tenants import METADATA, roles_in, storage_at


@pytest.fixture(scope="module")
def pair() -> Iterator[StreamingPair]:
    with streaming_pair() as running:
        yield running


@pytest.fixture(scope="module")
def roles(pair: StreamingPair) -> Iterator[RoleDatabase]:
    url = pair.primary.create_database("tenants").render_as_string(hide_password=False)
    with roles_in(url) as made:
        pair.catch_up()
        yield made


@pytest.fixture
async def service(pair: StreamingPair, roles: RoleDatabase) -> AsyncIterator[ServiceOfTenants]:
    with connected(roles.migrator) as connection:
        connection.execute(text(f"TRUNCATE {', '.join(METADATA.tables)} RESTART IDENTITY"))
    standby = make_url(roles.application).set(port=int(pair.standby.admin.port or 0))
    replica = Replica(standby.render_as_string(hide_password=False), timedelta(seconds=2))
    before = pair.reads()[1]
    storage = storage_at(roles.application, replica=replica)
    try:
        opened = ServiceOfTenants(storage)
        async for _batch in opened.queries.iterate_all():
            pass
        yield opened
    finally:
        await storage.dispose()
    assert pair.reads()[1] > before


class TestTenantsOnAReplica(TenancyContract):
    examples = replace(UserContract.examples, create=None)


del UserContract
