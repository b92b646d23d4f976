"""What every storage promises of several users who are added at once."""

import asyncio

import pytest

from application.users.ports import UserView
from contract.storages import Service, ada
from domain.users.email_address import EmailAddress
from domain.users.errors import EmailAddressesTaken
from domain.users.user import User
from domain.users.user_id import UserId
from foundation.kernel.errors import WriteConflict
from foundation.testing.clocks import NOON

pytestmark = pytest.mark.anyio


async def all_users(service: Service) -> list[UserView]:
    return [user async for page in service.queries.iterate_all() for user in page]


async def addresses(service: Service) -> list[str]:
    return [user.email.removesuffix("@example.com") for user in await all_users(service)]


class TestAddingAll:
    @staticmethod
    def users(*names: str) -> list[User]:
        return [ada(email=f"{name}@example.com") for name in names]

    async def test_gives_ids_in_the_order_of_the_users(self, service: Service) -> None:
        users = self.users(*(f"user{99 - number}" for number in range(100)))
        async with service.unit_of_work() as uow:
            await uow.users.add_all(users)
            await uow.commit()
        assert [user.id.value for user in users] == list(range(1, 101))
        assert await all_users(service) == [UserView.of(user) for user in users]

    async def test_names_every_address_that_is_taken_and_stores_nobody(self, service: Service) -> None:
        await service.add(ada())
        async with service.unit_of_work() as uow:
            with pytest.raises(EmailAddressesTaken) as refused:
                await uow.users.add_all(self.users("a", "ada", "b", "a", "a", "ada"))
            assert refused.value.positions == (1, 3, 4, 5)
            await uow.commit()
        assert await addresses(service) == ["ada"]

    async def test_sees_what_the_same_unit_of_work_has_done(self, service: Service) -> None:
        await service.add(ada())
        async with service.unit_of_work() as uow:
            (await uow.users.get(UserId(1))).change_email(EmailAddress("moved@example.com"), at=NOON)
            await uow.users.add(ada(email="new@example.com"))
            with pytest.raises(EmailAddressesTaken) as refused:
                await uow.users.add_all(self.users("new", "moved", "ada"))
            assert refused.value.positions == (0, 1)
            await uow.users.add_all(self.users("ada"))
            await uow.commit()
        assert sorted(await addresses(service)) == ["ada", "moved", "new"]

    async def test_that_loses_a_race_is_a_conflict_which_a_new_look_can_name(self, service: Service) -> None:
        first_has_committed = asyncio.Event()

        async def add_too() -> None:
            async with service.unit_of_work() as uow:
                await uow.users.add_all(self.users("b", "c"))
                await first_has_committed.wait()
                await uow.commit()

        async with service.unit_of_work() as uow:
            await uow.users.add_all(self.users("a", "b"))
            task = asyncio.create_task(add_too())
            await asyncio.sleep(0.05)
            await uow.commit()
        first_has_committed.set()
        with pytest.raises((WriteConflict, EmailAddressesTaken)):
            await task
        assert await addresses(service) == ["a", "b"]
        async with service.unit_of_work() as uow:
            with pytest.raises(EmailAddressesTaken) as refused:
                await uow.users.add_all(self.users("b", "c"))
        assert refused.value.positions == (0,)
