"""What every storage promises of users who are added in bulk."""

import asyncio
import gc
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from application.users.create_user import CreateUser
from application.users.ports import UserFilter, UserView
from contract.interruptions import terminate_sessions
from contract.sources import batches, many, numbered
from contract.storages import Service, ada, open_service, pool_of
from domain.users.email_address import EmailAddress
from domain.users.errors import EmailAlreadyTaken
from domain.users.user import NewUser
from domain.users.user_id import UserId
from domain.users.user_name import UserName
from foundation.kernel.bulk_loading import Loaded, Numbered
from foundation.kernel.errors import DeadlineExceeded, StorageUnavailable, WriteConflict
from foundation.memory.storage import InMemoryStorage
from foundation.sqlalchemy.database import PostgresDatabase
from foundation.sqlalchemy.errors import StatementRefused
from foundation.testing.clocks import NOON
from plain_sql import connected

pytestmark = pytest.mark.anyio

Source = AsyncIterator[Sequence[Numbered[NewUser]]]


async def load(service: Service, source: Source, reported: int = 100) -> Loaded:
    async with service.unit_of_work() as uow:
        loaded = await uow.users.load(source, NOON, reported)
        await uow.commit()
    return loaded


async def all_users(service: Service) -> list[UserView]:
    return [user async for page in service.queries.iterate_all() for user in page]


async def addresses(service: Service) -> list[str]:
    return [user.email.removesuffix("@example.com") for user in await all_users(service)]


async def works(service: Service) -> None:
    """Every connection is back, and the storage takes the next load."""
    if not isinstance(service.container.storage(), InMemoryStorage):
        assert pool_of(service).checkedout() == 0
    assert await load(service, batches([numbered(1, "next")])) == Loaded(1, 0, ())


class SlowSource:
    """A source that sends one user, says so, and waits to be told to go on; then it sends another."""

    def __init__(self) -> None:
        self.has_sent = asyncio.Event()
        self.goes_on = asyncio.Event()

    async def __aiter__(self) -> Source:
        yield [numbered(1, "slow1")]
        self.has_sent.set()
        await self.goes_on.wait()
        yield [numbered(2, "slow2")]


class TestLoading:
    async def test_stores_exactly_what_was_given_in_the_order_given(self, service: Service) -> None:
        first = [numbered(1, "z", "Żółć 李 👩\u200d👧 'quoted' %s \\N \\. \\t"), numbered(2, "y", '"')]
        assert await load(service, batches(first, [numbered(7, "x")])) == Loaded(3, 0, ())
        assert await all_users(service) == [
            UserView(n, one.value.email.value, one.value.name.value, NOON, NOON)
            for n, one in enumerate([*first, numbered(7, "x")], 1)
        ]

    @pytest.mark.parametrize("name", ["a\tb", "a\nb", "a\rb", "a\\b", "\\."])
    async def test_stores_also_what_is_no_name(self, service: Service, name: str) -> None:
        user = Numbered(1, NewUser(EmailAddress("ada@example.com"), UserName.trusted(name)))
        assert await load(service, batches([user])) == Loaded(1, 0, ())
        assert [user.name for user in await all_users(service)] == [name]

    async def test_nobody_adds_nobody_and_does_not_touch_the_storage(self, unreachable_url: str) -> None:
        async with open_service(unreachable_url) as service, service.unit_of_work() as uow:
            assert await uow.users.load(batches(), NOON, 100) == Loaded(0, 0, ())

    async def test_nobody_adds_nobody(self, service: Service) -> None:
        assert await load(service, batches()) == Loaded(0, 0, ())
        assert await load(service, batches([])) == Loaded(0, 0, ())
        assert await all_users(service) == []

    async def test_leaves_out_whose_address_is_taken_by_others_or_by_an_earlier_one(self, service: Service) -> None:
        await service.add(ada(email="owned@example.com"))
        users = [numbered(n, address) for n, address in enumerate(["a", "owned", "b", "a", "owned", "b", "c"], 10)]
        assert await load(service, batches(users[:4], users[4:])) == Loaded(3, 4, (11, 13, 14, 15))
        assert await addresses(service) == ["owned", "a", "b", "c"]
        assert (await all_users(service))[1].name == "Ada"

    @pytest.mark.parametrize("reported", [0, 1, 3, 9])
    async def test_reports_no_more_lines_than_it_is_told_to_and_the_first_of_them(
        self, service: Service, reported: int
    ) -> None:
        await load(service, many(range(5)))
        assert await load(service, many(range(6)), reported) == Loaded(1, 5, (1, 2, 3, 4, 5)[:reported])

    async def test_gives_ids_that_nobody_had_and_wastes_none_on_those_left_out(self, service: Service) -> None:
        await load(service, many(range(50)))
        await load(service, many(range(50)))
        assert (await service.add(ada())).id == 51

    async def test_in_a_unit_of_work_that_does_more_is_one_with_it(self, service: Service) -> None:
        await service.add(ada(email="gone@example.com"))
        async with service.unit_of_work() as uow:
            await uow.users.remove(await uow.users.get(UserId(1)))
            await uow.users.add(ada(email="new@example.com"))
            source = batches([numbered(1, "new"), numbered(2, "gone"), numbered(3, "other")])
            assert await uow.users.load(source, NOON, 100) == Loaded(2, 1, (1,))
            assert await uow.users.load(batches([numbered(1, "gone")]), NOON, 100) == Loaded(0, 1, (1,))
            await uow.commit()
        assert await addresses(service) == ["new", "gone", "other"]

    async def test_sees_an_address_that_was_changed_in_the_same_unit_of_work(self, service: Service) -> None:
        await service.add(ada(email="old@example.com"))
        async with service.unit_of_work() as uow:
            (await uow.users.get(UserId(1))).change_email(EmailAddress("new@example.com"), at=NOON)
            source = batches([numbered(1, "new"), numbered(2, "old")])
            assert await uow.users.load(source, NOON, 100) == Loaded(1, 1, (1,))
            await uow.commit()
        assert await addresses(service) == ["new", "old"]

    async def test_without_a_commit_leaves_nothing(self, service: Service) -> None:
        async with service.unit_of_work() as uow:
            assert (await uow.users.load(many(range(10)), NOON, 100)).added == 10
        assert await all_users(service) == []
        await works(service)


class TestASource:
    async def test_that_fails_is_heard_and_leaves_nothing(self, service: Service) -> None:
        async def failing() -> Source:
            async for batch in many(range(2000)):
                yield batch
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await load(service, failing())
        assert await all_users(service) == []
        await works(service)

    async def test_that_fails_at_once_does_not_touch_the_storage(self, unreachable_url: str) -> None:
        async def failing() -> Source:
            raise ZeroDivisionError
            yield []

        async with open_service(unreachable_url) as service:
            with pytest.raises(ZeroDivisionError):
                await load(service, failing())

    async def test_that_is_slow_keeps_no_other_writer_waiting(self, service: Service) -> None:
        source = SlowSource()
        loading = asyncio.create_task(load(service, aiter(source)))
        await source.has_sent.wait()
        async with asyncio.timeout(5):
            for name in ("a", "b"):
                await service.create(CreateUser(NewUser(EmailAddress(f"{name}@example.com"), UserName("A"))))
            await load(service, batches([numbered(1, "c")]))
        source.goes_on.set()
        assert await loading == Loaded(2, 0, ())
        assert sorted(await addresses(service)) == ["a", "b", "c", "slow1", "slow2"]

    @pytest.mark.parametrize("repeatedly", [False, True], ids=["once", "repeatedly"])
    async def test_whose_reader_is_cancelled_leaves_nothing(self, service: Service, *, repeatedly: bool) -> None:
        source = SlowSource()
        loading = asyncio.create_task(load(service, aiter(source)))
        await source.has_sent.wait()
        loading.cancel()
        while repeatedly and not loading.done():
            await asyncio.sleep(0)
            loading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await loading
        gc.collect()
        await asyncio.sleep(0.05)
        assert await all_users(service) == []
        await works(service)

    async def test_whose_reader_is_cancelled_at_any_moment_leaves_nothing(self, sql_url: str) -> None:
        async with open_service(sql_url, database_pool_size=2) as service:
            for milliseconds in range(0, 60, 3):
                loading = asyncio.create_task(load(service, many(range(1500))))
                await asyncio.sleep(milliseconds / 1000)
                if not loading.cancel():
                    break  # it was that fast
                await asyncio.gather(loading, return_exceptions=True)
            assert await service.queries.count(UserFilter()) in {0, 1500}
            assert pool_of(service).checkedout() == 0
            await asyncio.gather(*(service.add(ada(email=f"b{n}@example.com")) for n in range(4)))


class TestMeanwhile:
    async def test_an_address_that_somebody_else_takes_is_not_taken_twice(self, service: Service) -> None:
        async def taken_meanwhile() -> Source:
            yield [numbered(1, "a"), numbered(2, "b")]
            await service.create(CreateUser(NewUser(EmailAddress("b@example.com"), UserName("Other"))))
            yield [numbered(3, "c")]

        try:
            loaded = await load(service, taken_meanwhile())
        except WriteConflict:
            assert await addresses(service) == ["b"]
        else:
            assert loaded == Loaded(2, 1, (2,))
            assert sorted(await addresses(service)) == ["a", "b", "c"]

    async def test_an_address_that_is_taken_between_the_look_and_the_insert_is_named(self, server_url: str) -> None:
        # The other writer holds the address, uncommitted, so the load sees nobody and then has to wait for it.
        async with open_service(server_url) as service:
            with connected(server_url) as other:
                other.execute(text("INSERT INTO users (email, name) VALUES ('b@example.com', 'Other')"))
                source = batches([numbered(4, "a"), numbered(5, "b"), numbered(6, "a"), numbered(7, "c")])
                loading = asyncio.create_task(load(service, source))
                await asyncio.sleep(0.3)
                assert not loading.done()
            assert await loading == Loaded(2, 2, (5, 6))
            assert sorted(await addresses(service)) == ["a", "b", "c"]

    async def test_addresses_that_are_taken_one_after_the_other_are_named_in_a_unit_of_work_that_loaded_before(
        self, server_url: str
    ) -> None:
        async with open_service(server_url) as service, service.unit_of_work() as uow:
            assert await uow.users.load(batches([numbered(1, "first")]), NOON, 100) == Loaded(1, 0, ())
            source = batches([numbered(1, "a"), numbered(2, "b"), numbered(3, "first"), numbered(4, "c")])
            with connected(server_url) as slowest:
                slowest.execute(text("INSERT INTO users (email, name) VALUES ('c@example.com', 'Slowest')"))
                with connected(server_url) as other:
                    other.execute(text("INSERT INTO users (email, name) VALUES ('b@example.com', 'Other')"))
                    loading = asyncio.create_task(uow.users.load(source, NOON, 100))
                    await asyncio.sleep(0.3)
                    assert not loading.done()
                await asyncio.sleep(0.3)
                assert not loading.done()
            assert await loading == Loaded(1, 3, (2, 3, 4))

    async def test_two_loads_of_the_same_users_add_each_of_them_once(self, service: Service) -> None:
        found = await asyncio.gather(
            load(service, many(range(1000))), load(service, many(range(1000))), return_exceptions=True
        )
        loaded = [one for one in found if isinstance(one, Loaded)]
        assert all(isinstance(one, Loaded | WriteConflict) for one in found)
        assert sum(one.added for one in loaded) == 1000
        assert all(one.added + one.taken == 1000 for one in loaded)
        assert len(set(await addresses(service))) == 1000

    async def test_a_creation_is_told_that_its_address_is_taken(self, service: Service) -> None:
        source = SlowSource()
        loading = asyncio.create_task(load(service, aiter(source)))
        await source.has_sent.wait()
        source.goes_on.set()
        await loading
        with pytest.raises(EmailAlreadyTaken):
            await service.create(CreateUser(NewUser(EmailAddress("slow2@example.com"), UserName("A"))))


class TestTimeLimits:
    async def test_of_other_statements_do_not_end_a_load(self, server_url: str) -> None:
        async with open_service(server_url, database_statement_timeout=0.3, database_idle_timeout=0.3) as service:
            source = SlowSource()
            loading = asyncio.create_task(load(service, aiter(source)))
            await asyncio.sleep(0.8)
            source.goes_on.set()
            assert (await loading).added == 2
            # The limit was for that transaction alone.
            setting = select(func.current_setting("statement_timeout"))
            database = service.container.storage()
            assert isinstance(database, PostgresDatabase)
            assert await database.reader.rows(setting, {}, tuple) == [("300ms",)]

    async def test_end_a_load_that_takes_too_long(self, server_url: str) -> None:
        async with open_service(server_url, database_bulk_timeout=0.3) as service:
            source = SlowSource()
            loading = asyncio.create_task(load(service, aiter(source)))
            await asyncio.sleep(0.8)
            source.goes_on.set()
            with pytest.raises(DeadlineExceeded):
                await loading
            assert await all_users(service) == []
            await works(service)


async def test_a_connection_that_breaks_during_a_load_is_reported_and_replaced(server_url: str) -> None:
    async with open_service(server_url) as service:
        source = SlowSource()
        loading = asyncio.create_task(load(service, aiter(source)))
        await source.has_sent.wait()
        assert terminate_sessions(server_url) > 0
        source.goes_on.set()
        with pytest.raises(StorageUnavailable):
            await loading
        assert await all_users(service) == []
        await works(service)


async def test_a_row_that_does_not_fit_is_a_defect_that_is_told_without_the_row(server_url: str) -> None:
    async with open_service(server_url) as service:
        user = Numbered(1, NewUser(EmailAddress("ada@example.com"), UserName.trusted("n" * 201)))
        with pytest.raises(StatementRefused) as failed:
            await load(service, batches([user]))
        assert str(failed.value) == "a statement failed with SQLSTATE 22001"
        assert failed.value.__suppress_context__
        await works(service)


async def test_a_server_that_cannot_be_reached_is_reported(unreachable_url: str) -> None:
    async with open_service(unreachable_url) as service:
        with pytest.raises(StorageUnavailable):
            await load(service, many(range(1)))


async def test_an_id_that_plain_sql_chose_is_a_conflict_and_no_address_that_is_taken(server_url: str) -> None:
    with connected(server_url) as connection:
        connection.execute(text("INSERT INTO users (id, email, name) VALUES (2, 'sql@example.com', 'SQL')"))
    async with open_service(server_url) as service:
        with pytest.raises(WriteConflict):
            await load(service, many(range(3)))
        # A single creation tries again, and gets the next id.
        await service.add(ada(email="first@example.com"))
        assert await addresses(service) == ["sql", "first"]


def test_memory_does_not_grow_with_the_number_of_users(sql_url: str) -> None:
    # In a process of its own, whose peak nobody else has raised. 50,000 users more take 14 MB when they are kept;
    # SQLite's caches grow by 4 MB, and then no more.
    command = [sys.executable, "-m", "contract.peak_memory", sql_url]
    tests = Path(__file__).parents[1]
    measured = subprocess.run(command, cwd=tests, capture_output=True, text=True, check=True)
    assert int(measured.stdout) < 8_000_000
