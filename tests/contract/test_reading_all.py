"""What every storage promises of reading all users, and of counting."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from itertools import cycle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from application.users.ports import UserFilter, UserSort, UserView
from application.users.update_user import UpdateUser
from contract.sources import many
from contract.storages import STORAGES, Service, Storages, ada, open_service, pool_of
from domain.users.email_address import EmailAddress
from domain.users.user import UserChanges
from domain.users.user_id import UserId
from domain.users.user_name import UserName
from foundation.kernel.errors import StorageUnavailable
from foundation.testing.clocks import MICROSECOND, NOON
from plain_sql import connected

pytestmark = pytest.mark.anyio

SEVERAL_READS = 2500


async def load(service: Service, numbers: range) -> None:
    async with service.unit_of_work() as uow:
        await uow.users.load(many(numbers), NOON, 0)
        await uow.commit()


async def remove(service: Service, ids: Sequence[int]) -> None:
    async with service.unit_of_work() as uow:
        for user_id in ids:
            await uow.users.remove(await uow.users.get(UserId(user_id)))
        await uow.commit()


async def all_users(service: Service) -> list[UserView]:
    return [user async for page in service.queries.iterate_all() for user in page]


class TestEverybody:
    async def test_of_nobody_is_nothing(self, service: Service) -> None:
        assert [page async for page in service.queries.iterate_all()] == []

    async def test_is_met_once_by_id(self, service: Service) -> None:
        await load(service, range(SEVERAL_READS))
        await remove(service, range(500, 1700, 3))
        users = await all_users(service)
        assert [user.id for user in users] == [n for n in range(1, SEVERAL_READS + 1) if n not in range(500, 1700, 3)]
        assert users[0] == await service.queries.get(UserId(1))

    async def test_comes_some_at_a_time(self, service: Service) -> None:
        await load(service, range(SEVERAL_READS))
        assert [len(page) async for page in service.queries.iterate_all()] == [1000, 1000, 500]

    async def test_holds_no_connection_between_two_reads(self, sql_url: str) -> None:
        async with open_service(sql_url, database_pool_size=1, database_pool_timeout=0.5) as service:
            await load(service, range(SEVERAL_READS))
            async for _ in service.queries.iterate_all():
                assert pool_of(service).checkedout() == 0
                await service.update(UpdateUser(UserId(1), UserChanges(name=UserName("Ada"))))

    async def test_may_be_left_before_the_end(self, service: Service) -> None:
        await load(service, range(SEVERAL_READS))
        async for page in service.queries.iterate_all():
            assert page[0].id == 1
            break
        await remove(service, [1])

    async def test_breaks_off_with_an_error_when_the_storage_fails_midway(self, sql_url: str) -> None:
        async with open_service(sql_url) as service:
            await load(service, range(SEVERAL_READS))
            pages = service.queries.iterate_all()
            assert len(await anext(pages)) == 1000
            with connected(sql_url) as connection:
                connection.execute(text("ALTER TABLE users RENAME TO away"))
            try:
                with pytest.raises(StorageUnavailable):
                    await anext(pages)
                assert pool_of(service).checkedout() == 0
            finally:
                with connected(sql_url) as connection:
                    connection.execute(text("ALTER TABLE away RENAME TO users"))


class TestCounting:
    async def test_nobody_is_zero(self, service: Service) -> None:
        assert await service.queries.count(UserFilter()) == 0

    @pytest.mark.parametrize(
        ("where", "count"),
        [
            (UserFilter(), 9),
            (UserFilter(email=EmailAddress("USER3@example.com")), 1),
            (UserFilter(email=EmailAddress("nobody@example.com")), 0),
            (UserFilter(created_after=NOON + 2 * MICROSECOND), 6),
            (UserFilter(created_before=NOON + 2 * MICROSECOND), 2),
            (UserFilter(None, NOON, NOON + 4 * MICROSECOND), 3),
            (UserFilter(EmailAddress("user3@example.com"), NOON + 3 * MICROSECOND), 0),
        ],
    )
    async def test_counts_whom_a_filter_admits(self, service: Service, where: UserFilter, count: int) -> None:
        async with service.unit_of_work() as uow:
            users = [ada(email=f"user{n}@example.com", created_at=NOON + n * MICROSECOND) for n in range(9)]
            await uow.users.add_all(users)
            await uow.commit()
        assert await service.queries.count(where) == count

    async def test_goes_beyond_what_a_page_holds(self, service: Service) -> None:
        await load(service, range(SEVERAL_READS))
        assert await service.queries.count(UserFilter()) == SEVERAL_READS
        assert await service.queries.count(UserFilter(created_after=NOON)) == 0


class Crowd:
    """Users who stay, and others who come, change and go while somebody walks past them.

    Every third user leaves when `which` meets them. `moves` says that changing a user moves them in the walk's order,
    so that those who stay are left as they are.
    """

    def __init__(self, service: Service, size: int, *, moves: bool) -> None:
        self._service = service
        self._moves = moves
        self._newcomers = 0
        self.leaving = list(range(3, size + 1, 3))
        self.staying = [number for number in range(1, size + 1) if number % 3]

    async def change(self, kind: str, which: int) -> None:
        """Let one of them do something."""
        if kind == "come":
            self._newcomers += 1
            moment = NOON + which * MICROSECOND
            await self._service.add(ada(email=f"newcomer{self._newcomers}@example.com", created_at=moment))
        elif kind == "change":
            crowd = self.leaving if self._moves else self.staying + self.leaving
            if crowd:
                user_id = UserId(crowd[which % len(crowd)])
                await self._service.update(UpdateUser(user_id, UserChanges(name=UserName(f"Ada {which}"))))
        elif self.leaving:
            await remove(self._service, [self.leaving.pop(which % len(self.leaving))])


# What others do between two reads.
CHANGES = st.lists(st.tuples(st.sampled_from(["come", "change", "go"]), st.integers(0, 3000)), max_size=4)


@pytest.mark.parametrize("storage", STORAGES)
@settings(max_examples=25)
@given(
    sort=st.sampled_from(UserSort),
    limit=st.integers(1, 5),
    after=st.sampled_from([None, NOON - MICROSECOND, NOON, NOON + MICROSECOND]),
    between=st.lists(CHANGES, min_size=3, max_size=6),
)
def test_walking_a_list_while_others_come_and_go_returns_each_user_who_stays_exactly_once(
    *,
    storages: Storages,
    storage: str,
    sort: UserSort,
    limit: int,
    after: datetime | None,
    between: list[list[tuple[str, int]]],
) -> None:
    async def walk() -> None:
        async with open_service(storages.fresh(storage)) as service:
            async with service.unit_of_work() as uow:
                users = [ada(email=f"user{n}@example.com", created_at=NOON + n % 4 * MICROSECOND) for n in range(15)]
                await uow.users.add_all(users)
                await uow.commit()
            crowd = Crowd(service, 15, moves=sort.field == "updated_at")
            where = UserFilter(created_after=after)
            admitted = {user.id.value for user in users if after is None or user.created_at > after}
            met: list[int] = []
            page = await service.queries.list(where, sort, limit, None)
            for changes in cycle(between):
                met += [user.id for user in page.items]
                if page.next is None:
                    break
                if len(met) < 60:  # newcomers must not make it endless
                    for kind, which in changes:
                        await crowd.change(kind, which)
                page = await service.queries.list(where, sort, limit, page.next)
            assert sorted(user_id for user_id in met if user_id in crowd.staying) == [
                user_id for user_id in crowd.staying if user_id in admitted
            ]
            assert sort.field == "updated_at" or len(set(met)) == len(met)

    asyncio.run(walk())


@pytest.mark.parametrize("storage", STORAGES)
@settings(max_examples=10)
@given(between=st.lists(CHANGES, min_size=3, max_size=3))
def test_reading_all_users_while_others_come_and_go_returns_each_user_who_stays_exactly_once(
    storages: Storages, storage: str, between: list[list[tuple[str, int]]]
) -> None:
    async def walk() -> None:
        async with open_service(storages.fresh(storage)) as service:
            await load(service, range(SEVERAL_READS))
            crowd = Crowd(service, SEVERAL_READS, moves=False)
            met: list[int] = []
            changes = iter(between)
            async for page in service.queries.iterate_all():
                met += [user.id for user in page]
                for kind, which in next(changes, []):
                    await crowd.change(kind, which)
            assert met == sorted(set(met))
            assert set(crowd.staying) <= set(met)

    asyncio.run(walk())
