"""What the pipelined path promises beyond what every storage does: see `foundation.sqlalchemy.postgresql`."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC

import pytest
import uvloop
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, bindparam, func, make_url, select, text
from sqlalchemy.orm import registry, relationship

from application.users.create_user import CreateUser
from application.users.get_user import GetUser
from application.users.import_users import ImportUsers
from application.users.list_users import ListUsers
from application.users.update_user import UpdateUser
from contract.interruptions import terminate_sessions
from contract.sources import many
from contract.storages import ada, open_service, pool_of
from domain.users.email_address import EmailAddress
from domain.users.errors import EmailAlreadyTaken
from domain.users.user import NewUser, UserChanges
from domain.users.user_id import UserId
from domain.users.user_name import UserName
from foundation.kernel.errors import StorageUnavailable
from foundation.kernel.idempotency_keys import IdempotencyKey
from foundation.sqlalchemy.database import PostgresDatabase
from foundation.sqlalchemy.errors import StatementRefused
from foundation.sqlalchemy.mapped import mapped_statements
from foundation.sqlalchemy.postgresql.connection import Call
from foundation.sqlalchemy.postgresql.statements import pipelined
from plain_sql import connected

pytestmark = pytest.mark.anyio

ADA = UserId(1)
RENAME = UpdateUser(ADA, UserChanges(name=UserName("Countess")))


async def test_who_waits_longest_for_a_connection_gets_the_next_one(server_url: str) -> None:
    async with open_service(server_url, database_pool_size=1) as service:
        await service.add(ada())
        served: list[int] = []

        async def read(number: int) -> None:
            await service.get(GetUser(ADA))
            served.append(number)
            if number < 5:
                # Who has just been served comes again at once, and has to stand behind those that wait.
                await service.get(GetUser(ADA))
                served.append(number + 100)

        await asyncio.gather(*(read(number) for number in range(10)))
        assert served == [*range(10), *range(100, 105)]


async def test_a_connection_that_was_opened_before_a_migration_reads_what_the_migration_changed(
    server_url: str,
) -> None:
    async with open_service(server_url, database_pool_size=1) as service:
        await service.add(ada())
        assert (await service.get(GetUser(ADA))).name == "Ada Lovelace"
        with column_of_another_type(server_url):
            # PostgreSQL refuses to run what was prepared: its rows would have another type.
            assert (await service.get(GetUser(ADA))).name == "Ada Lovelace"
            assert (await service.update(RENAME)).name == "Countess"
        assert (await service.update(UpdateUser(ADA, UserChanges(name=UserName("Ada"))))).name == "Ada"


@contextmanager
def column_of_another_type(url: str) -> Iterator[None]:
    with connected(url) as connection:
        connection.execute(text("ALTER TABLE users ALTER COLUMN name TYPE text"))
    try:
        yield
    finally:
        with connected(url) as connection:
            connection.execute(text("ALTER TABLE users ALTER COLUMN name TYPE varchar(200)"))


async def test_connections_to_a_server_that_became_a_standby_are_replaced(server_url: str) -> None:
    async with open_service(server_url, database_pool_size=3) as service:
        await service.add(ada())
        database = service.container.storage()
        assert isinstance(database, PostgresDatabase)
        # As on a standby, each session refuses to write.
        refusing = select(func.set_config("default_transaction_read_only", "on", False))  # noqa: FBT003 -- SQL's order
        connections = [await database.pool.acquire() for _ in range(3)]
        for pooled in connections:
            await pooled.pipeline.run(Call(pipelined(refusing), {}))
            await database.pool.release(pooled)
        assert (await service.update(RENAME)).name == "Countess"
        # It found all three out.
        assert pool_of(service).checkedin() == 1


async def test_a_server_that_only_reads_cannot_be_written_to(server_url: str) -> None:
    async with open_service(server_url) as service:
        await service.add(ada())
    reading = make_url(server_url).update_query_dict({"options": "-c default_transaction_read_only=on"})
    async with open_service(reading.render_as_string(hide_password=False)) as service:
        assert (await service.get(GetUser(ADA))).name == "Ada Lovelace"
        with pytest.raises(StorageUnavailable):
            await service.update(RENAME)
        assert pool_of(service).checkedout() == 0


async def test_times_are_in_utc_whatever_the_time_zone_of_the_session(server_url: str) -> None:
    with connected(server_url) as connection:
        role = connection.execute(text("SELECT current_user")).scalar_one()
        connection.execute(text(f"ALTER ROLE {role} SET timezone = 'Asia/Kathmandu'"))
    elsewhere = make_url(server_url).update_query_dict({"options": "-c timezone=Asia/Kathmandu"})
    try:
        async with open_service(elsewhere.render_as_string(hide_password=False)) as service:
            created = await service.add(ada())
            found = await service.get(GetUser(ADA))
            assert found == created
            assert found.created_at.tzinfo is UTC
    finally:
        with connected(server_url) as connection:
            connection.execute(text(f"ALTER ROLE {role} RESET timezone"))


async def test_a_value_that_fills_every_buffer_is_sent_whole(server_url: str) -> None:
    async with open_service(server_url) as service:
        statement = select(func.length(bindparam("value", type_=String)))
        size = 32 << 20
        database = service.container.storage()
        assert isinstance(database, PostgresDatabase)
        assert await database.reader.rows(statement, {"value": "n" * size}, tuple) == [(size,)]
        assert pool_of(service).checkedin() == 1


async def test_a_statement_whose_caller_is_gone_is_cancelled_and_its_connection_lives_on(server_url: str) -> None:
    async with open_service(server_url, database_pool_size=1) as service:
        database = service.container.storage()
        assert isinstance(database, PostgresDatabase)
        session = select(func.pg_backend_pid())
        [before] = await database.reader.rows(session, {}, tuple)
        sleeping = asyncio.create_task(database.reader.rows(select(func.pg_sleep(20)), {}, tuple))
        await asyncio.sleep(0.1)
        sleeping.cancel()
        async with asyncio.timeout(5):
            await asyncio.gather(sleeping, return_exceptions=True)
            assert await database.reader.rows(session, {}, tuple) == [before]


def test_a_session_that_is_ended_before_it_has_read_its_query_goes_unnoticed_on_uvloop(server_url: str) -> None:
    async def read() -> None:
        async with open_service(server_url, database_pool_size=1) as service:
            await service.add(ada())
            database = service.container.storage()
            assert isinstance(database, PostgresDatabase)
            for _ in range(5):
                [(pid,)] = await database.reader.rows(select(func.pg_backend_pid()), {}, tuple)
                os.kill(pid, signal.SIGSTOP)
                try:
                    reading = asyncio.create_task(service.get(GetUser(ADA)))
                    await asyncio.sleep(0.05)
                    with connected(server_url) as connection:
                        connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
                finally:
                    os.kill(pid, signal.SIGCONT)
                async with asyncio.timeout(10):
                    assert (await reading).name == "Ada Lovelace"

    # The loop that the service runs on; it reports a reset in its own way.
    uvloop.run(read())


async def test_a_session_that_prepares_statements_of_its_own_keeps_those_of_the_pipeline(server_url: str) -> None:
    async with open_service(server_url, database_pool_size=1) as service:
        for number in range(12):
            key = IdempotencyKey("anonymous", "POST /users", f"key{number}")
            await service.create(CreateUser(NewUser(EmailAddress(f"key{number}@example.com"), UserName("Ada")), key))
        assert (await service.import_all(ImportUsers(many(range(3))))).imported == 3


async def test_what_failed_cannot_be_committed(server_url: str) -> None:
    async with open_service(server_url) as service:
        await service.add(ada())
        async with service.unit_of_work() as uow:
            await uow.users.add(ada(email="b@example.com"))
            with pytest.raises(EmailAlreadyTaken):
                await uow.users.add(ada())
            with pytest.raises(StatementRefused):
                await uow.commit()
        assert pool_of(service).checkedout() == 0
        assert len((await service.list(ListUsers())).items) == 1


async def test_a_connection_that_is_known_to_be_lost_is_no_unknown_outcome(server_url: str) -> None:
    async with open_service(server_url) as service:
        async with service.unit_of_work() as uow:
            await uow.users.add(ada())
            terminate_sessions(server_url)
            await asyncio.sleep(0.1)
            with pytest.raises(StorageUnavailable):
                await uow.commit()
        assert (await service.list(ListUsers())).items == ()


class TestMappingsThatAreMoreThanARow:
    @pytest.fixture
    def mappings(self) -> Iterator[registry]:
        mappings = registry(metadata=MetaData())
        yield mappings
        mappings.dispose()

    def test_such_as_those_with_a_relationship_need_a_repository_of_their_own(self, mappings: registry) -> None:
        shelves = Table("shelves", mappings.metadata, Column("id", Integer, primary_key=True))
        version = Column("version", Integer, nullable=False)
        shelf: Column[int] = Column("shelf_id", ForeignKey(shelves.c.id))
        books = Table("books", mappings.metadata, Column("id", Integer, primary_key=True), shelf, version)

        @dataclass(eq=False)
        class Shelf: ...

        @dataclass(eq=False)
        class Book: ...

        mappings.map_imperatively(Shelf, shelves)
        mappings.map_imperatively(Book, books, version_id_col=version, properties={"shelf": relationship(Shelf)})
        for entity in (Shelf, Book):
            with pytest.raises(TypeError, match="needs its own repository"):
                mapped_statements(entity)
