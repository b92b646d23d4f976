"""Connections: bounded, and always given back."""

import asyncio
import gc
import random
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import pytest

from application.users.create_user import CreateUser
from application.users.create_users import CreateUsers
from application.users.delete_user import DeleteUser
from application.users.get_user import GetUser
from application.users.import_users import ImportUsers
from application.users.list_users import ListUsers
from application.users.ports import UserFilter, UserSort
from application.users.update_user import UpdateUser
from contract.interruptions import BreakingProxy
from contract.sources import many
from contract.storages import Service, ada, open_service, pool_of
from domain.users.email_address import EmailAddress
from domain.users.user import NewUser, UserChanges
from domain.users.user_id import UserId
from domain.users.user_name import UserName
from foundation.kernel.bulk_import import OnConflict
from foundation.kernel.errors import DomainError, StorageOverloaded
from foundation.kernel.idempotency_keys import IdempotencyKey
from plain_sql import connected

pytestmark = pytest.mark.anyio

POOL_SIZE = 4


def some_call(service: Service, dice: random.Random) -> Awaitable[object]:
    user_id = UserId(dice.randint(1, 20))
    email = EmailAddress(f"a{dice.randint(1, 20)}@example.com")
    name = UserName(f"Ada {dice.randint(1, 20)}")
    calls: list[Callable[[], Awaitable[object]]] = [
        lambda: service.create(CreateUser(NewUser(email, name))),
        lambda: service.create(
            CreateUser(NewUser(email, name), IdempotencyKey("anonymous", "POST /users", str(dice.random())))
        ),
        lambda: service.create_all(CreateUsers((NewUser(email, name), NewUser(EmailAddress(f"b{email}"), name)))),
        lambda: service.import_all(ImportUsers(many(range(5)), OnConflict.SKIP)),
        lambda: service.update(UpdateUser(user_id, UserChanges(email=email, name=name))),
        lambda: service.update(UpdateUser(user_id, UserChanges(name=name))),
        lambda: service.delete(DeleteUser(user_id)),
        lambda: service.get(GetUser(user_id)),
        lambda: service.list(ListUsers(limit=5)),
    ]
    return dice.choice(calls)()


async def cancelled_after(seconds: float, call: Awaitable[object]) -> object:
    """What the call came to: its result, its error, or its cancellation."""
    task = asyncio.ensure_future(call)
    await asyncio.sleep(seconds)
    task.cancel()
    [outcome] = await asyncio.gather(task, return_exceptions=True)
    return outcome


async def test_calls_that_are_cancelled_at_any_moment_give_their_connections_back(sql_url: str) -> None:
    dice = random.Random(20251216)  # noqa: S311 -- a seed, not a secret
    async with open_service(sql_url, database_pool_size=POOL_SIZE) as service:
        found: list[object] = []
        for _ in range(20):
            calls = [cancelled_after(dice.uniform(0, 0.02), some_call(service, dice)) for _ in range(10)]
            found += await asyncio.gather(*calls)
        cancelled = [outcome for outcome in found if isinstance(outcome, asyncio.CancelledError)]
        assert 20 < len(cancelled) <= 200
        unexpected = [
            outcome
            for outcome in found
            if isinstance(outcome, BaseException) and not isinstance(outcome, DomainError | asyncio.CancelledError)
        ]
        assert unexpected == []
        assert pool_of(service).checkedout() == 0
        # Every connection of the pool works, and none holds a lock.
        created = await asyncio.gather(*(service.add(ada(email=f"b{n}@example.com")) for n in range(2 * POOL_SIZE)))
        assert len({user.id for user in created}) == 2 * POOL_SIZE
        page = await service.queries.list(UserFilter(), UserSort.ID, 100, None)
        assert len({user.email for user in page.items}) == len(page.items)
        assert pool_of(service).checkedout() == 0


async def test_an_opening_that_is_cancelled_at_any_moment_leaves_no_connection_behind(server_url: str) -> None:
    proxy = BreakingProxy()
    async with proxy.to(server_url) as url:
        gc.disable()  # It would close what was left behind, some time.
        try:
            for milliseconds in range(30):
                async with open_service(url) as service:
                    await cancelled_after(milliseconds / 1000, service.list(ListUsers()))
            await until(lambda: proxy.open == 0)
        finally:
            gc.enable()


async def test_a_crowd_of_calls_uses_no_more_connections_than_the_pool_has(sql_url: str) -> None:
    async with open_service(sql_url, database_pool_size=POOL_SIZE, database_pool_queue=100) as service:
        pool = pool_of(service)
        most = 0

        async def watched(number: int) -> None:
            nonlocal most
            async with service.unit_of_work() as uow:
                await uow.users.add(ada(email=f"a{number}@example.com"))
                most = max(most, pool.checkedout())
                await uow.commit()
            await service.list(ListUsers())

        await asyncio.gather(*(watched(number) for number in range(50)))
        assert 1 <= most <= POOL_SIZE
        assert pool.checkedout() == 0
        assert pool.checkedin() <= POOL_SIZE
        assert len((await service.list(ListUsers(limit=100))).items) == 50


async def test_the_server_sees_no_more_connections_than_the_pool_has(server_url: str) -> None:
    with sessions_counted(server_url) as count:
        await until(lambda: count() == 0)
        async with open_service(server_url, database_pool_size=POOL_SIZE, database_pool_queue=100) as service:
            crowd = asyncio.gather(*(service.add(ada(email=f"a{number}@example.com")) for number in range(50)))
            seen = set()
            while not crowd.done():
                seen.add(count())
                await asyncio.sleep(0)
            await crowd
            assert 1 < max(seen) <= POOL_SIZE
            # The probe of readiness checks is the one connection beside the pool.
            await service.readiness.check()
            assert count() <= POOL_SIZE + 1
        await until(lambda: count() == 0)


async def test_who_finds_no_free_connection_in_time_is_told_that_the_storage_is_overloaded(sql_url: str) -> None:
    async with open_service(sql_url, database_pool_size=1, database_pool_timeout=0.1) as service:
        await service.add(ada())
        async with service.unit_of_work() as uow:
            await uow.users.get(UserId(1))
            if pool_of(service).serves_readers:
                with pytest.raises(StorageOverloaded):
                    await service.get(GetUser(UserId(1)))
            else:
                assert (await service.get(GetUser(UserId(1)))).id == 1
            with pytest.raises(StorageOverloaded):
                await service.create(CreateUser(NewUser(EmailAddress("b@example.com"), UserName("B"))))
        assert (await service.get(GetUser(UserId(1)))).id == 1
        assert pool_of(service).checkedout() == 0


async def test_a_unit_of_work_takes_its_connection_with_its_first_statement(sql_url: str) -> None:
    async with (
        open_service(sql_url, database_pool_size=1, database_pool_timeout=0.1) as service,
        service.unit_of_work(),
    ):
        assert (await service.list(ListUsers())).items == ()
        assert pool_of(service).checkedout() == 0


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what a server does in its own time."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 -- a server sends no event
            await asyncio.sleep(0.01)


@contextmanager
def sessions_counted(url: str) -> Iterator[Callable[[], int]]:
    """A function that counts the sessions of the service on the database at `url`."""
    with connected(url) as connection:

        def count() -> int:
            found: int = connection.exec_driver_sql(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name = 'fastapi-service'"
            ).scalar_one()
            # Statistics are read once in a transaction, unless it is told otherwise.
            connection.exec_driver_sql("SELECT pg_stat_clear_snapshot()")
            return found

        yield count


async def test_of_those_who_wait_for_a_connection_one_too_many_is_refused_at_once(server_url: str) -> None:
    opened = open_service(server_url, database_pool_size=1, database_pool_queue=2, database_pool_timeout=30)
    async with opened as service, service.unit_of_work() as uow:
        await uow.users.add(ada())
        waiting = [asyncio.create_task(service.list(ListUsers())) for _ in range(2)]
        await asyncio.sleep(0)
        began = asyncio.get_running_loop().time()
        with pytest.raises(StorageOverloaded):
            await service.list(ListUsers())
        assert asyncio.get_running_loop().time() - began < 1
        assert not any(one.done() for one in waiting)
        await uow.__aexit__(None, None, None)
        assert [page.items for page in await asyncio.gather(*waiting)] == [(), ()]
