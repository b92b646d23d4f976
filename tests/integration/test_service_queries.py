"""No query of the service reads a whole table: each is captured as the adapters send it, and explained."""

import asyncio
from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.schema import CreateTable

from adapters.sqlalchemy.tables import users
from application.users.ports import UserFilter, UserSort
from contract.sources import batches, numbered
from contract.storages import Service, ada, open_service
from domain.users.email_address import EmailAddress
from domain.users.user import NewUser
from domain.users.user_id import UserId
from domain.users.user_name import UserName
from foundation.kernel.bulk_loading import Loaded
from foundation.kernel.idempotency_keys import IdempotencyKey, RecordedAnswer
from foundation.kernel.pagination import Position
from foundation.sqlalchemy.loading.statements import staged_table
from foundation.testing.clocks import MICROSECOND, NOON
from foundation.testing.query_plans import CapturedStatement, sequential_scans
from integration.pipelined_statements import all_statements
from plain_sql import connected
from postgres_fixtures import POSTGRES_NAMES, PostgresServers

pytestmark = pytest.mark.anyio

# Each kind of filter alone, and all of them together. Nearly all users meet the ones by time.
FILTERS = [
    UserFilter(),
    UserFilter(email=EmailAddress("user7@example.com")),
    UserFilter(created_after=NOON),
    UserFilter(created_before=NOON + timedelta(days=1)),
    UserFilter(EmailAddress("user7@example.com"), NOON, NOON + timedelta(days=1)),
]


def fill(connection: Connection) -> None:
    """Several thousand users, all of different times."""
    connection.execute(
        text(
            "INSERT INTO users (email, name, created_at, updated_at)"
            " SELECT 'user' || n || '@example.com', 'John Doe', :noon + n * interval '1 second',"
            " :noon + (5000 - n) * interval '1 second' FROM generate_series(1, 5000) n"
        ),
        {"noon": NOON},
    )
    connection.execute(
        text(
            "INSERT INTO idempotency_keys (principal, operation, key, fingerprint, answer, expires_at)"
            " SELECT 'anonymous', 'POST /users', n::text, repeat('f', 64), '[]', :noon + n * interval '1 second'"
            " FROM generate_series(1, 5000) n"
        ),
        {"noon": NOON},
    )
    connection.execute(text("ANALYZE users, idempotency_keys"))


async def every_use(url: str) -> list[CapturedStatement]:
    """What each use of the repository and of the queries sends."""
    async with open_service(url) as service:
        with all_statements() as captured:
            for sort, where in product(UserSort, FILTERS):
                for after in (None, Position(2500 if sort.field == "id" else NOON + timedelta(minutes=40), 2500)):
                    await service.queries.list(where, sort, 50, after)
            await service.queries.get(UserId(7))
            async with service.unit_of_work() as uow:
                newcomer = ada()
                await uow.users.add(newcomer)
                user = await uow.users.get(UserId(8))
                user.rename(UserName("Jane Doe"), at=user.updated_at + MICROSECOND)
                await uow.commit()
            async with service.unit_of_work() as uow:
                await uow.users.remove(await uow.users.get(UserId(9)))
                await uow.commit()
            await several_users(service)
            await keys(service)
            await a_load_that_is_overtaken(service, url)
    return captured


async def several_users(service: Service) -> None:
    """All that is done with many at once, but for loading them."""
    for where in FILTERS[1:]:
        await service.queries.count(where)
    async for _ in service.queries.iterate_all():
        pass
    async with service.unit_of_work() as uow:
        await uow.users.add_all([ada(email=f"new{number}@example.com") for number in range(100)])
        await uow.commit()


async def keys(service: Service) -> None:
    """All that is done with idempotency keys."""
    key = IdempotencyKey("anonymous", "POST /users", "new")
    async with service.unit_of_work() as uow:
        await uow.idempotency_keys.claim(key, NOON)
        await uow.idempotency_keys.record(key, RecordedAnswer("f" * 64, "[]", NOON, NOON + timedelta(days=1)))
        await uow.idempotency_keys.forget_expired(NOON + timedelta(minutes=1), 500)
        await uow.commit()


async def a_load_that_is_overtaken(service: Service, url: str) -> None:
    """A load with an address that is taken before it, and one that somebody takes while it looks."""

    async def load() -> Loaded:
        users = [numbered(1, "user7"), numbered(2, "first"), numbered(3, "second"), numbered(4, "second")]
        async with service.unit_of_work() as uow:
            loaded = await uow.users.load(batches(users), NOON, 100)
            await uow.commit()
        return loaded

    with connected(url) as other:
        other.execute(text("INSERT INTO users (email, name) VALUES ('first@example.com', 'Other')"))
        loading = asyncio.create_task(load())
        await asyncio.sleep(0.5)
    assert await loading == Loaded(1, 3, (1, 2, 4))


@pytest.mark.parametrize("server", POSTGRES_NAMES)
async def test_an_index_serves_every_query_of_the_service(postgres_servers: PostgresServers, server: str) -> None:
    with postgres_servers.migrated_database(server) as url:
        with connected(url) as connection:
            fill(connection)
        captured = await every_use(url)
        verbs = {one.sql.split()[0] for one in captured}

        with connected(url) as connection:
            # Those that wait to be loaded are read as a whole, since the whole of them is loaded.
            connection.execute(CreateTable(staged_table(users, NewUser._fields)))
            found = sequential_scans(connection, captured)
            assert [one for one in found if "all of staged_users" not in one.message] == []
            assert verbs >= {"SELECT", "INSERT", "UPDATE", "DELETE"}

            # The same queries are named where an index is missing.
            connection.execute(text("DROP INDEX ix_users_updated_at_id"))
            lists = [one for one in captured if "staged_users" not in one.sql]
            missed = sequential_scans(connection, lists)
        assert {one.fix for one in missed} == {"CREATE INDEX CONCURRENTLY ON users (updated_at, id);"}
        assert all("updated_at" in one.place for one in missed)


@pytest.mark.parametrize("server", POSTGRES_NAMES)
async def test_counting_all_users_is_the_one_query_that_is_about_a_whole_table(
    postgres_servers: PostgresServers, server: str
) -> None:
    with postgres_servers.migrated_database(server) as url:
        async with open_service(url) as service:
            with all_statements() as captured:
                assert await service.queries.count(UserFilter()) == 0
        with connected(url) as connection:
            [found] = sequential_scans(connection, captured)
    assert found.message == "reads all of users: it has neither a condition nor a LIMIT"
