"""No query of the service reads a whole table: each is captured as the adapters send it, and explained."""

from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy import Connection, text

from application.pagination import Position
from application.ports.users import UserFilter, UserSort
from clocks import MICROSECOND, NOON
from contract.storages import ada, open_service
from domain.users.email_address import EmailAddress
from domain.users.user_id import UserId
from domain.users.user_name import UserName
from plain_sql import connected
from postgres_fixtures import POSTGRES_NAMES, PostgresServers
from schema_tools.query_plans import CapturedStatement, captured_statements, sequential_scans

pytestmark = pytest.mark.anyio

# Each kind of filter alone, and all of them together. Nearly everybody meets the ones by time.
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
    connection.execute(text("ANALYZE users"))


async def every_use(url: str) -> list[CapturedStatement]:
    """What each use of the repository and of the queries sends."""
    async with open_service(url) as service:
        with captured_statements() as captured:
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
    return captured


@pytest.mark.parametrize("server", POSTGRES_NAMES)
async def test_an_index_serves_every_query_of_the_service(postgres_servers: PostgresServers, server: str) -> None:
    with postgres_servers.migrated_database(server) as url:
        with connected(url) as connection:
            fill(connection)
        captured = await every_use(url)
        verbs = {one.sql.split()[0] for one in captured}

        with connected(url) as connection:
            assert sequential_scans(connection, captured) == []
            assert verbs >= {"SELECT", "INSERT", "UPDATE", "DELETE"}

            # The same queries are named where an index is missing.
            connection.execute(text("DROP INDEX ix_users_updated_at_id"))
            missed = sequential_scans(connection, captured)
        assert {one.mend for one in missed} == {"CREATE INDEX CONCURRENTLY ON users (updated_at, id);"}
        assert all("updated_at" in one.place for one in missed)
