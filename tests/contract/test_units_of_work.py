"""What every storage promises of units of work and of the users in them, one at a time."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest

from application.users.ports import UserFilter, UserSort, UserView
from contract.storages import Service, ada, open_service
from domain.users.email_address import EmailAddress
from domain.users.errors import EmailAlreadyTaken, UserNotFound
from domain.users.user_id import UserId
from domain.users.user_name import UserName
from foundation.kernel.integer_id import MAX_ID
from foundation.testing.clocks import MICROSECOND, NOON

pytestmark = pytest.mark.anyio

ADDRESS = EmailAddress("ada@example.com")
OTHER_ADDRESS = EmailAddress("countess@example.com")


async def all_users(service: Service) -> list[UserView]:
    page = await service.queries.list(UserFilter(), UserSort.ID, 100, None)
    return list(page.items)


class TestAdding:
    async def test_gives_ids_from_one_up(self, service: Service) -> None:
        async with service.unit_of_work() as uow:
            users = [ada(email=f"ada{number}@example.com") for number in range(3)]
            for user in users:
                await uow.users.add(user)
            await uow.commit()
        assert [user.id for user in users] == [UserId(1), UserId(2), UserId(3)]
        assert (await service.add(ada())).id == 4

    async def test_stores_exactly_what_was_given(self, service: Service) -> None:
        created, updated = NOON + MICROSECOND, NOON + timedelta(days=1, microseconds=999_999)
        user = ada(email="o'hara+%_{}@example.com", name="Żółć 李 👩\u200d👧 'quoted' %s \\", created_at=created)
        user.updated_at = updated
        stored = await service.add(user)
        assert await service.queries.get(UserId(stored.id)) == stored
        async with service.unit_of_work() as uow:
            loaded = await uow.users.get(UserId(stored.id))
        assert (loaded.id, loaded.email, loaded.name) == (user.id, user.email, user.name)
        assert (loaded.created_at, loaded.updated_at) == (created, updated)
        assert loaded.created_at.utcoffset() == loaded.updated_at.utcoffset() == timedelta(0)
        assert loaded == user

    async def test_stores_the_longest_values(self, service: Service) -> None:
        stored = await service.add(
            ada(email=f"{'x' * 64}@{'d' * 63}.{'d' * 63}.{'d' * 57}.com", name="\U0001f600" * 200)
        )
        assert await service.queries.get(UserId(stored.id)) == stored

    @pytest.mark.parametrize("moment", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
    async def test_stores_the_ends_of_the_calendar(self, service: Service, moment: datetime) -> None:
        stored = await service.add(ada(created_at=moment))
        assert await service.queries.get(UserId(stored.id)) == stored

    async def test_stores_a_time_of_another_zone_as_the_same_moment(self, service: Service) -> None:
        stored = await service.add(ada(created_at=NOON.astimezone(timezone(timedelta(hours=5, minutes=45)))))
        assert (await service.queries.get(UserId(stored.id))).created_at == NOON

    async def test_refuses_an_address_that_somebody_has(self, service: Service) -> None:
        await service.add(ada())
        with pytest.raises(EmailAlreadyTaken) as refused:
            await service.add(ada(name="Impostor"))
        assert refused.value.email == ADDRESS
        assert [user.name for user in await all_users(service)] == ["Ada Lovelace"]

    async def test_refuses_an_address_that_was_added_in_the_same_unit_of_work(self, service: Service) -> None:
        async with service.unit_of_work() as uow:
            await uow.users.add(ada())
            with pytest.raises(EmailAlreadyTaken):
                await uow.users.add(ada(name="Impostor"))
        assert await all_users(service) == []


class TestIds:
    async def test_are_not_reused_after_the_newest_user_was_deleted(self, service: Service) -> None:
        await service.add(ada())
        await remove(service, UserId(1))
        assert (await service.add(ada())).id == 2

    async def test_are_not_reused_by_a_new_process_either(self, sql_url: str) -> None:
        async with open_service(sql_url) as service:
            await service.add(ada())
            await remove(service, UserId(1))
        async with open_service(sql_url) as service:
            assert (await service.add(ada())).id == 2

    async def test_of_users_who_were_never_committed_may_be_missing_but_never_double(self, service: Service) -> None:
        async with service.unit_of_work() as uow:
            await uow.users.add(ada())
        first = await service.add(ada())
        second = await service.add(ada(email="countess@example.com"))
        assert 1 <= first.id < second.id


class TestLoading:
    async def test_finds_nobody_by_an_id_that_was_not_given(self, service: Service) -> None:
        await service.add(ada())
        async with service.unit_of_work() as uow:
            for number in (2, MAX_ID):
                with pytest.raises(UserNotFound) as missing:
                    await uow.users.get(UserId(number))
                assert missing.value.user_id == UserId(number)
            assert (await uow.users.get(UserId(1))).email == ADDRESS

    async def test_twice_yields_one_and_the_same_entity(self, service: Service) -> None:
        await service.add(ada())
        async with service.unit_of_work() as uow:
            assert await uow.users.get(UserId(1)) is await uow.users.get(UserId(1))

    async def test_yields_an_entity_that_can_do_all_that_a_new_one_can(self, service: Service) -> None:
        # `__init__` does not run on loading, so an attribute that it alone sets would be missing here.
        new = ada()
        await service.add(new)
        async with service.unit_of_work() as uow:
            loaded = await uow.users.get(UserId(1))
        mapped = {name for name in vars(new) if not name.startswith("_sa_")}
        assert mapped == {"id", "email", "name", "created_at", "updated_at"}
        assert {name: getattr(loaded, name) for name in mapped} == {name: getattr(new, name) for name in mapped}
        loaded.rename(UserName("Countess"), at=NOON)
        loaded.change_email(OTHER_ADDRESS, at=NOON)
        assert loaded.updated_at == NOON + 2 * MICROSECOND
        assert len({loaded, new}) == 1


class TestChanging:
    async def test_is_stored_by_the_commit(self, service: Service) -> None:
        await service.add(ada())
        async with service.unit_of_work() as uow:
            user = await uow.users.get(UserId(1))
            user.rename(UserName("Countess"), at=NOON + MICROSECOND)
            user.change_email(OTHER_ADDRESS, at=NOON + MICROSECOND)
            await uow.commit()
        assert await all_users(service) == [
            UserView(1, "countess@example.com", "Countess", NOON, NOON + 2 * MICROSECOND)
        ]

    async def test_of_an_added_user_in_the_same_unit_of_work_is_stored(self, service: Service) -> None:
        async with service.unit_of_work() as uow:
            user = ada()
            await uow.users.add(user)
            user.rename(UserName("Countess"), at=NOON)
            await uow.commit()
        assert await all_users(service) == [UserView(1, "ada@example.com", "Countess", NOON, NOON + MICROSECOND)]

    async def test_to_an_address_that_somebody_has_is_refused_by_the_commit(self, service: Service) -> None:
        await service.add(ada())
        await service.add(ada(email="countess@example.com"))
        before = await all_users(service)
        async with service.unit_of_work() as uow:
            user = await uow.users.get(UserId(1))
            user.rename(UserName("Lost With The Rest"), at=NOON)
            user.change_email(OTHER_ADDRESS, at=NOON)
            with pytest.raises(EmailAlreadyTaken):
                await uow.commit()
        assert await all_users(service) == before

    async def test_of_an_entity_after_the_unit_of_work_reaches_nobody(self, service: Service) -> None:
        user = ada()
        await service.add(user)
        user.rename(UserName("Ghost"), at=NOON)
        async with service.unit_of_work() as uow:
            loaded = await uow.users.get(UserId(1))
            assert loaded.name == UserName("Ada Lovelace")
            await uow.commit()
        assert [user.name for user in await all_users(service)] == ["Ada Lovelace"]


class TestRemoving:
    async def test_forgets_the_user(self, service: Service) -> None:
        await service.add(ada())
        await remove(service, UserId(1))
        assert await all_users(service) == []
        with pytest.raises(UserNotFound):
            await service.queries.get(UserId(1))

    async def test_hides_the_user_in_the_same_unit_of_work(self, service: Service) -> None:
        await service.add(ada())
        async with service.unit_of_work() as uow:
            await uow.users.remove(await uow.users.get(UserId(1)))
            with pytest.raises(UserNotFound):
                await uow.users.get(UserId(1))

    async def test_frees_the_address_in_the_same_unit_of_work(self, service: Service) -> None:
        await service.add(ada())
        async with service.unit_of_work() as uow:
            await uow.users.remove(await uow.users.get(UserId(1)))
            await uow.users.add(ada(name="Heir"))
            await uow.commit()
        assert [(user.id, user.name) for user in await all_users(service)] == [(2, "Heir")]

    async def test_frees_the_address_for_the_next_unit_of_work(self, service: Service) -> None:
        await service.add(ada())
        await service.add(ada(email="countess@example.com"))
        await remove(service, UserId(1))
        async with service.unit_of_work() as uow:
            (await uow.users.get(UserId(2))).change_email(ADDRESS, at=NOON)
            await uow.commit()
        assert [(user.id, user.email) for user in await all_users(service)] == [(2, "ada@example.com")]

    async def test_of_a_user_who_was_changed_first_forgets_the_user(self, service: Service) -> None:
        await service.add(ada())
        async with service.unit_of_work() as uow:
            user = await uow.users.get(UserId(1))
            user.rename(UserName("Countess"), at=NOON)
            await uow.users.remove(user)
            await uow.commit()
        assert await all_users(service) == []

    async def test_of_a_user_who_was_added_first_stores_nobody(self, service: Service) -> None:
        async with service.unit_of_work() as uow:
            user = ada()
            await uow.users.add(user)
            await uow.users.remove(user)
            await uow.commit()
        assert await all_users(service) == []


class TestLeaving:
    """Everything that a unit of work does at once, and then does not commit."""

    @pytest.fixture(autouse=True)
    async def two_users(self, service: Service) -> list[UserView]:
        return [await service.add(ada()), await service.add(ada(email="countess@example.com"))]

    @staticmethod
    async def work(service: Service, then: "asyncio.Future[None] | Exception | None") -> None:
        async with service.unit_of_work() as uow:
            (await uow.users.get(UserId(1))).rename(UserName("Ghost"), at=NOON)
            await uow.users.remove(await uow.users.get(UserId(2)))
            await uow.users.add(ada(email="ghost@example.com"))
            if isinstance(then, Exception):
                raise then
            if then is not None:
                await then

    async def test_without_a_commit_leaves_nothing(self, service: Service, two_users: list[UserView]) -> None:
        await self.work(service, None)
        assert await all_users(service) == two_users

    async def test_with_an_exception_leaves_nothing(self, service: Service, two_users: list[UserView]) -> None:
        with pytest.raises(ZeroDivisionError):
            await self.work(service, ZeroDivisionError())
        assert await all_users(service) == two_users

    async def test_by_cancellation_leaves_nothing(self, service: Service, two_users: list[UserView]) -> None:
        task = asyncio.create_task(self.work(service, asyncio.get_running_loop().create_future()))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await all_users(service) == two_users

    async def test_after_the_commit_undoes_only_what_came_later(self, service: Service) -> None:
        async with service.unit_of_work() as uow:
            (await uow.users.get(UserId(1))).rename(UserName("Kept"), at=NOON)
            await uow.commit()
            (await uow.users.get(UserId(1))).rename(UserName("Ghost"), at=NOON)
        assert [user.name for user in await all_users(service)] == ["Kept", "Ada Lovelace"]

    async def test_leaves_nothing_locked(self, service: Service) -> None:
        await self.work(service, None)
        await asyncio.wait_for(remove(service, UserId(1)), 1)
        assert (await service.add(ada(email="ghost@example.com"))).name == "Ada Lovelace"


async def test_readers_see_only_what_is_committed(service: Service) -> None:
    await service.add(ada())
    before = await all_users(service)
    async with service.unit_of_work() as uow:
        (await uow.users.get(UserId(1))).rename(UserName("Countess"), at=NOON)
        await uow.users.add(ada(email="new@example.com"))
        assert await all_users(service) == before
        with pytest.raises(UserNotFound):
            await service.queries.get(UserId(2))
        await uow.commit()
    assert [user.name for user in await all_users(service)] == ["Countess", "Ada Lovelace"]


async def test_a_unit_of_work_without_work_may_be_committed(service: Service) -> None:
    async with service.unit_of_work() as uow:
        await uow.commit()
    assert await all_users(service) == []


async def remove(service: Service, user_id: UserId) -> None:
    async with service.unit_of_work() as uow:
        await uow.users.remove(await uow.users.get(user_id))
        await uow.commit()
