"""What every storage promises when several writers meet. No test minds whether a storage locks or detects conflicts."""

import asyncio
from collections.abc import Awaitable, Iterable
from datetime import timedelta

import pytest

from application.users.create_user import CreateUser
from application.users.delete_user import DeleteUser
from application.users.get_user import GetUser
from application.users.ports import UserFilter, UserSort, UserView
from application.users.update_user import UpdateUser
from contract.storages import Service, ada
from domain.users.email_address import EmailAddress
from domain.users.errors import EmailAlreadyTaken, UserNotFound
from domain.users.user import NewUser, UserChanges
from domain.users.user_id import UserId
from domain.users.user_name import UserName
from foundation.kernel.errors import PreconditionFailed, WriteConflict
from foundation.testing.clocks import MICROSECOND, NOON

pytestmark = pytest.mark.anyio

ADA = UserId(1)
# Long enough for the second writer to load the user, or to stand in line for it.
MEANWHILE = 0.05


async def outcomes(calls: Iterable[Awaitable[UserView]]) -> tuple[list[UserView], list[BaseException]]:
    """What concurrent calls returned, and what they raised."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    return (
        [result for result in results if not isinstance(result, BaseException)],
        [result for result in results if isinstance(result, BaseException)],
    )


async def create(service: Service, command: CreateUser) -> UserView:
    return (await service.create(command)).value


async def current(service: Service) -> UserView:
    return await service.get(GetUser(ADA))


class SecondWriter:
    """Loads Ada, lets the first writer commit, and then does what it came for.

    `saw` is what it loaded: Ada before the first writer's change, or, where the storage made it wait, after.
    """

    def __init__(self, service: Service, *, removes: bool = False) -> None:
        self.saw: UserView | None = None
        self.first_has_committed = asyncio.Event()
        self._service = service
        self._removes = removes

    async def work(self) -> None:
        async with self._service.unit_of_work() as uow:
            user = await uow.users.get(ADA)
            self.saw = UserView.of(user)
            await self.first_has_committed.wait()
            if self._removes:
                await uow.users.remove(user)
            else:
                user.change_email(EmailAddress("second@example.com"), at=NOON + timedelta(hours=2))
            await uow.commit()


class TestTwoWhoLoadOneUser:
    async def test_and_change_it_never_lose_the_first_change(self, service: Service) -> None:
        await service.add(ada())
        second = SecondWriter(service)
        async with service.unit_of_work() as uow:
            user = await uow.users.get(ADA)
            task = asyncio.create_task(second.work())
            await asyncio.sleep(MEANWHILE)
            user.rename(UserName("First"), at=NOON + timedelta(hours=1))
            await uow.commit()
        second.first_has_committed.set()
        after_first = UserView(1, "ada@example.com", "First", NOON, NOON + timedelta(hours=1))
        try:
            await task
        except WriteConflict:
            assert await current(service) == after_first
        else:
            assert second.saw == after_first
            assert await current(service) == UserView(1, "second@example.com", "First", NOON, NOON + timedelta(hours=2))

    async def test_and_change_it_at_one_moment_never_lose_the_first_change(self, service: Service) -> None:
        # The clock cannot tell these changes apart; the version must.
        await service.add(ada())
        second = SecondWriter(service)
        async with service.unit_of_work() as uow:
            user = await uow.users.get(ADA)
            task = asyncio.create_task(second.work())
            await asyncio.sleep(MEANWHILE)
            user.rename(UserName("First"), at=NOON)
            user.rename(UserName("Ada Lovelace"), at=NOON)
            await uow.commit()
        second.first_has_committed.set()
        try:
            await task
        except WriteConflict:
            assert (await current(service)).email == "ada@example.com"
        else:
            assert second.saw is not None
            assert second.saw.updated_at == NOON + 2 * MICROSECOND

    async def test_and_remove_and_change_it_do_not_bring_it_back(self, service: Service) -> None:
        await service.add(ada())
        second = SecondWriter(service)
        async with service.unit_of_work() as uow:
            user = await uow.users.get(ADA)
            task = asyncio.create_task(second.work())
            await asyncio.sleep(MEANWHILE)
            await uow.users.remove(user)
            await uow.commit()
        second.first_has_committed.set()
        with pytest.raises((WriteConflict, UserNotFound)):
            await task
        with pytest.raises(UserNotFound):
            await current(service)

    async def test_and_change_and_remove_it_never_remove_what_they_did_not_see(self, service: Service) -> None:
        await service.add(ada())
        second = SecondWriter(service, removes=True)
        async with service.unit_of_work() as uow:
            user = await uow.users.get(ADA)
            task = asyncio.create_task(second.work())
            await asyncio.sleep(MEANWHILE)
            user.rename(UserName("First"), at=NOON)
            await uow.commit()
        second.first_has_committed.set()
        try:
            await task
        except WriteConflict:
            assert (await current(service)).name == "First"
        else:
            assert second.saw is not None
            assert second.saw.name == "First"

    async def test_and_both_remove_it_remove_it_once(self, service: Service) -> None:
        await service.add(ada())
        second = SecondWriter(service, removes=True)
        async with service.unit_of_work() as uow:
            user = await uow.users.get(ADA)
            task = asyncio.create_task(second.work())
            await asyncio.sleep(MEANWHILE)
            await uow.users.remove(user)
            await uow.commit()
        second.first_has_committed.set()
        with pytest.raises((WriteConflict, UserNotFound)):
            await task

    async def test_of_whom_the_first_commits_nothing_do_not_disturb_each_other(self, service: Service) -> None:
        await service.add(ada())
        second = SecondWriter(service)
        async with service.unit_of_work() as uow:
            user = await uow.users.get(ADA)
            task = asyncio.create_task(second.work())
            await asyncio.sleep(MEANWHILE)
            user.rename(UserName("First"), at=NOON)
        second.first_has_committed.set()
        await task
        assert await current(service) == UserView(
            1, "second@example.com", "Ada Lovelace", NOON, NOON + timedelta(hours=2)
        )


async def test_of_two_units_of_work_that_add_one_address_one_commits(service: Service) -> None:
    first_has_committed = asyncio.Event()

    async def add_too() -> None:
        async with service.unit_of_work() as uow:
            await uow.users.add(ada(name="Second"))
            await first_has_committed.wait()
            await uow.commit()

    async with service.unit_of_work() as uow:
        await uow.users.add(ada(name="First"))
        task = asyncio.create_task(add_too())
        await asyncio.sleep(MEANWHILE)
        await uow.commit()
    first_has_committed.set()
    with pytest.raises(EmailAlreadyTaken):
        await task
    assert (await current(service)).name == "First"


class TestFiftyAtOnce:
    async def test_creating_one_address_make_one_user(self, service: Service) -> None:
        command = CreateUser(NewUser(EmailAddress("ada@example.com"), UserName("Ada Lovelace")))
        created, refused = await outcomes(create(service, command) for _ in range(50))
        assert [type(error) for error in refused] == [EmailAlreadyTaken] * 49
        assert created == [await service.get(GetUser(UserId(created[0].id)))]

    async def test_creating_fifty_addresses_make_fifty_users(self, service: Service) -> None:
        commands = [
            CreateUser(NewUser(EmailAddress(f"a{number}@example.com"), UserName("Ada"))) for number in range(50)
        ]
        created, refused = await outcomes(create(service, command) for command in commands)
        assert refused == []
        page = await service.queries.list(UserFilter(), UserSort.ID, 100, None)
        assert sorted(created, key=lambda user: user.id) == list(page.items)
        assert len(page.items) == 50

    async def test_renaming_one_user_all_succeed_one_after_the_other(self, service: Service) -> None:
        await service.add(ada())
        commands = [UpdateUser(ADA, UserChanges(name=UserName(f"Ada {number}"))) for number in range(50)]
        renamed, refused = await outcomes(map(service.update, commands))
        assert refused == []
        assert {user.name for user in renamed} == {f"Ada {number}" for number in range(50)}
        assert len({user.updated_at for user in renamed}) == 50
        assert max(renamed, key=lambda user: user.updated_at) == await current(service)

    async def test_deleting_one_user_delete_it_once(self, service: Service) -> None:
        await service.add(ada())
        results = await asyncio.gather(*(service.delete(DeleteUser(ADA)) for _ in range(50)), return_exceptions=True)
        assert results.count(None) == 1
        assert sum(isinstance(result, UserNotFound) for result in results) == 49

    async def test_taking_one_free_address_make_one_owner(self, service: Service) -> None:
        users = [await service.add(ada(email=f"a{number}@example.com")) for number in range(10)]
        wanted = EmailAddress("wanted@example.com")
        commands = [UpdateUser(UserId(user.id), UserChanges(email=wanted)) for user in users for _ in range(5)]
        await outcomes(map(service.update, commands))
        page = await service.queries.list(UserFilter(), UserSort.ID, 100, None)
        assert [user.email for user in page.items].count(wanted.value) == 1


async def test_twenty_who_read_and_then_update_what_they_read_lose_no_update(service: Service) -> None:
    await service.add(ada(name="0"))
    failures = 0

    async def increment() -> None:
        nonlocal failures
        while True:
            seen = await current(service)
            name = UserName(str(int(seen.name) + 1))
            try:
                await service.update(UpdateUser(ADA, UserChanges(name=name), expected={seen.updated_at}))
            except PreconditionFailed:
                failures += 1
            else:
                return

    await asyncio.gather(*(increment() for _ in range(20)))
    assert (await current(service)).name == "20"
    assert failures > 0  # they did meet


async def test_two_who_update_one_version_make_one_success_and_one_failed_precondition(service: Service) -> None:
    seen = await service.add(ada())
    commands = [
        UpdateUser(ADA, UserChanges(name=UserName(name)), expected={seen.updated_at}) for name in ("One", "Two")
    ]
    renamed, refused = await outcomes(map(service.update, commands))
    assert [type(error) for error in refused] == [PreconditionFailed]
    assert renamed == [await current(service)]
