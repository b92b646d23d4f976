"""When a storage says that it can serve."""

import time

import pytest

from application.errors import ApplicationError, MigrationsPending, StorageUnavailable
from contract.storages import Service, open_service
from plain_sql import connected

pytestmark = pytest.mark.anyio


async def test_a_storage_that_is_migrated_can_serve(service: Service) -> None:
    await service.readiness.check()
    await service.readiness.check()


async def test_a_database_without_tables_waits_for_its_migrations(unmigrated_url: str) -> None:
    async with open_service(unmigrated_url) as service:
        with pytest.raises(MigrationsPending):
            await service.readiness.check()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE alembic_version SET version_num = 'another'",
        "DELETE FROM alembic_version",
        "INSERT INTO alembic_version VALUES ('another')",
    ],
    ids=["at another revision", "at none", "at two"],
)
async def test_a_database_at_another_revision_cannot_serve(sql_url: str, statement: str) -> None:
    with connected(sql_url) as connection:
        before = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
        connection.exec_driver_sql(statement)
    try:
        async with open_service(sql_url) as service:
            with pytest.raises(MigrationsPending):
                await service.readiness.check()
    finally:
        with connected(sql_url) as connection:
            connection.exec_driver_sql("DELETE FROM alembic_version")
            connection.exec_driver_sql(f"INSERT INTO alembic_version VALUES ('{before}')")  # noqa: S608 -- read above


async def test_a_server_that_is_not_there_is_unavailable_within_three_seconds(unreachable_url: str) -> None:
    async with open_service(unreachable_url) as service:
        began = time.monotonic()
        with pytest.raises(StorageUnavailable):
            await service.readiness.check()
        assert time.monotonic() - began < 3


async def test_a_busy_pool_does_not_hide_that_the_storage_can_serve(sql_url: str) -> None:
    async with (
        open_service(sql_url, database_pool_size=1, database_pool_timeout=0.1) as service,
        service.container.database().reader.connect(),
    ):
        await service.readiness.check()


async def test_no_reason_shows_the_url(unreachable_url: str) -> None:
    async with open_service(unreachable_url) as service:
        with pytest.raises(ApplicationError) as error:
            await service.readiness.check()
    assert "127.0.0.1" not in str(error.value)
