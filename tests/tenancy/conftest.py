"""The storages on which tenants are kept apart. On PostgreSQL the service has a role that does not own the tables."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from dependency_injector import providers
from sqlalchemy import text

from entrypoints.container import Container
from foundation.kernel.storage import Storage
from foundation.testing.tenant_routes_contract import Tenants
from http_contract.protected import ProtectedService
from plain_sql import connected
from postgres_fixtures import POSTGRES_NAMES, PostgresServers
from role_databases import RoleDatabase
from tenancy.users_of_tenants import METADATA, new_file, roles_in, storage_at

STORAGES = ["memory", "sqlite", *POSTGRES_NAMES]


class ServiceOfTenants:
    """The service on a storage that keeps users for each tenant."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage
        self.queries = storage.queries("users")
        self.unit_of_work = storage.unit_of_work


@pytest.fixture(scope="session")
def role_databases(postgres_servers: PostgresServers) -> Iterator[Callable[[str], RoleDatabase]]:
    """A database on each server, with the roles, and without rows whenever it is asked for."""
    made: dict[str, RoleDatabase] = {}
    with ExitStack() as until_the_end:

        def emptied(name: str) -> RoleDatabase:
            if name not in made:
                url = until_the_end.enter_context(postgres_servers.empty_database(name))
                made[name] = until_the_end.enter_context(roles_in(url))
            with connected(made[name].migrator) as connection:
                connection.execute(text(f"TRUNCATE {', '.join(METADATA.tables)} RESTART IDENTITY"))
            return made[name]

        yield emptied


@pytest.fixture(params=STORAGES)
def storage_url(request: pytest.FixtureRequest, role_databases: Callable[[str], RoleDatabase], tmp_path: Path) -> str:
    """Each storage, as the service reaches it."""
    if request.param == "memory":
        return "memory://"
    return new_file(tmp_path) if request.param == "sqlite" else role_databases(request.param).application


@pytest.fixture
def tenants(storage_url: str) -> Iterator[Tenants]:
    """The service with AUTH_MODE=api-keys, and clients whose keys belong to different tenants and to none."""
    with Container.storage.override(providers.Object(storage_at(storage_url))):
        service = ProtectedService(storage_url)
    with service:
        keys = [service.issue(tenant=tenant) for tenant in ("acme", "globex", None)]
        yield Tenants(*(service.client(key.secret) for key in keys))


@pytest.fixture
async def service(storage_url: str) -> AsyncIterator[ServiceOfTenants]:
    """The service on each storage."""
    storage = storage_at(storage_url)
    try:
        yield ServiceOfTenants(storage)
    finally:
        await storage.dispose()
