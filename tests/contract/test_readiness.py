"""When a storage says that it can serve."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from psycopg import OperationalError
from sqlalchemy import text

from contract.storages import Service, ada, open_service, pool_of
from domain.users.user_id import UserId
from foundation.kernel.errors import ApplicationError, MigrationsPending, StorageUnavailable
from foundation.sqlalchemy.errors import NO_CONSTRAINTS
from plain_sql import connected

pytestmark = pytest.mark.anyio


async def test_a_storage_that_is_migrated_can_serve(service: Service) -> None:
    await service.readiness.check()
    await service.readiness.check()


async def test_a_database_without_tables_waits_for_its_migrations(unmigrated_url: str) -> None:
    async with open_service(unmigrated_url) as service:
        with pytest.raises(MigrationsPending):
            await service.readiness.check()


@contextmanager
def recorded_revision(url: str, revision: str | None) -> Iterator[None]:
    """The database says that it is at this revision, or at none."""
    with connected(url) as connection:
        before = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one()
        connection.exec_driver_sql("DELETE FROM alembic_version")
        if revision is not None:
            connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})
    try:
        yield
    finally:
        with connected(url) as connection:
            connection.exec_driver_sql("DELETE FROM alembic_version")
            connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": before})


async def test_a_database_at_no_revision_waits_for_its_migrations(sql_url: str) -> None:
    with recorded_revision(sql_url, None):
        async with open_service(sql_url) as service:
            with pytest.raises(MigrationsPending):
                await service.readiness.check()


async def test_a_database_at_an_older_revision_waits_for_its_migrations(sql_url: str) -> None:
    with recorded_revision(sql_url, "older"):
        async with open_service(sql_url) as service:
            readiness = service.container.storage().readiness(lambda: ["older", "newest"])
            with pytest.raises(MigrationsPending):
                await readiness.check()


async def test_a_release_goes_on_serving_from_a_database_that_a_newer_one_upgraded(sql_url: str) -> None:
    with recorded_revision(sql_url, "newer"):
        async with open_service(sql_url) as service:
            await service.readiness.check()


async def test_a_server_that_is_not_there_is_unavailable_within_three_seconds(unreachable_url: str) -> None:
    async with open_service(unreachable_url) as service:
        began = time.monotonic()
        with pytest.raises(StorageUnavailable):
            await service.readiness.check()
        assert time.monotonic() - began < 3


async def test_a_busy_pool_does_not_hide_that_the_storage_can_serve(sql_url: str) -> None:
    async with open_service(sql_url, database_pool_size=1, database_pool_timeout=0.1) as service:
        await service.add(ada())
        async with service.unit_of_work() as uow:
            await uow.users.get(UserId(1))
            assert pool_of(service).checkedout() == 1
            await service.readiness.check()


async def test_no_reason_shows_the_url(unreachable_url: str) -> None:
    async with open_service(unreachable_url) as service:
        with pytest.raises(ApplicationError) as error:
            await service.readiness.check()
    assert "127.0.0.1" not in str(error.value)


async def test_a_server_without_tls_is_told_from_one_that_is_not_there(server_url: str) -> None:
    asking = f"{server_url}{'&' if '?' in server_url else '?'}sslmode=require"
    async with open_service(asking) as service:
        with pytest.raises(StorageUnavailable, match="offers no TLS"):
            await service.readiness.check()


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (
            'FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "u", database "d", no encryption',
            "No rule",
        ),
        ('FATAL:  pg_hba.conf rejects connection for host "10.0.0.1", user "u"', "refuses the role"),
        ("SSL error: certificate verify failed", "not signed by an authority"),
        ('root certificate file "/x/root.crt" does not exist', "see sslrootcert"),
        ('server certificate for "a" does not match host name "b"', "for another host"),
    ],
)
def test_what_libpq_says_is_told_without_names(said: str, reason: str) -> None:
    with pytest.raises(StorageUnavailable, match=reason) as told, NO_CONSTRAINTS.translated:
        raise OperationalError(f"connection failed: {said}")
    assert "10.0.0.1" not in str(told.value)
