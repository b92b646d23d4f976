"""Writers of one SQLite file: they are served in the order in which they come."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from application.users.ports import UserFilter, UserSort, UserView
from contract.storages import Service, ada, open_service
from foundation.kernel.deadline import time_limit
from foundation.kernel.errors import DeadlineExceeded, StorageOverloaded
from foundation.kernel.pagination import Page

pytestmark = pytest.mark.anyio


async def test_a_crowd_of_writers_is_served_in_the_order_in_which_it_comes(sqlite_url: str) -> None:
    async with open_service(sqlite_url, database_pool_size=2, database_pool_queue=100) as service:
        writing = [asyncio.create_task(service.add(ada(email=f"a{number}@example.com"))) for number in range(64)]
        assert [user.id for user in await asyncio.gather(*writing)] == list(range(1, 65))


async def test_a_turn_is_waited_for_as_long_as_a_connection_is(sqlite_url: str) -> None:
    async with open_service(sqlite_url, database_pool_timeout=0.2) as service:
        async with service.unit_of_work() as uow:
            await uow.users.add(ada())
            with pytest.raises(StorageOverloaded):
                await service.add(ada(email="b@example.com"))
            with time_limit(0.1), pytest.raises(DeadlineExceeded):
                await service.add(ada(email="b@example.com"))
            await uow.commit()
            # The commit ends its turn, and not only the end of the unit of work.
            await service.add(ada(email="c@example.com"))
        assert [user.email for user in (await everybody(service)).items] == ["ada@example.com", "c@example.com"]


async def test_a_writer_too_many_is_refused_at_once(sqlite_url: str) -> None:
    async with open_service(sqlite_url, database_pool_size=1, database_pool_queue=2) as service:
        async with service.unit_of_work() as uow:
            await uow.users.add(ada())
            waiting = [asyncio.create_task(service.add(ada(email=f"a{number}@example.com"))) for number in range(3)]
            await asyncio.sleep(0)
            began = asyncio.get_running_loop().time()
            with pytest.raises(StorageOverloaded):
                await service.add(ada(email="b@example.com"))
            assert asyncio.get_running_loop().time() - began < 1
        assert [user.id for user in await asyncio.gather(*waiting)] == [1, 2, 3]


async def test_a_writer_that_is_cancelled_gives_its_turn_away(sqlite_url: str) -> None:
    async with open_service(sqlite_url) as service:
        async with service.unit_of_work() as uow:
            await uow.users.add(ada())
            waiting = [asyncio.create_task(service.add(ada(email=f"a{number}@example.com"))) for number in range(3)]
            await asyncio.sleep(0.1)
            waiting[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting[0]
        assert [user.id for user in await asyncio.gather(*waiting[1:])] == [1, 2]


async def test_after_a_lock_that_was_not_had_nothing_is_written_without_a_commit(sqlite_url: str) -> None:
    async with open_service(sqlite_url, database_lock_timeout=0.1) as service:
        async with service.unit_of_work() as uow:
            with locked_by_another_process(sqlite_url), pytest.raises(DeadlineExceeded):
                await uow.users.add(ada())
            await uow.users.add(ada(email="b@example.com"))
        assert (await everybody(service)).items == ()
        async with service.unit_of_work() as uow:
            with locked_by_another_process(sqlite_url), pytest.raises(DeadlineExceeded):
                await uow.users.add(ada())
            await uow.users.add(ada(email="c@example.com"))
            await uow.commit()
        assert [user.email for user in (await everybody(service)).items] == ["c@example.com"]


async def everybody(service: Service) -> Page[UserView]:
    return await service.queries.list(UserFilter(), UserSort.ID, 100, None)


@contextmanager
def locked_by_another_process(url: str) -> Iterator[None]:
    """Another writer of the file has the lock meanwhile."""
    with closing(sqlite3.connect(url.partition("///")[2], isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
