"""Creating users."""

import pytest

from application.users.create_user import CreateUser
from application.users.get_user import GetUser
from domain.users.email_address import EmailAddress
from domain.users.errors import EmailAlreadyTaken
from domain.users.user import NewUser
from domain.users.user_id import UserId
from domain.users.user_name import UserName
from foundation.kernel.errors import WriteConflict
from foundation.kernel.retry import ATTEMPTS
from foundation.testing.clocks import NOON
from in_memory import InMemoryService

pytestmark = pytest.mark.anyio

ADA = CreateUser(NewUser(EmailAddress("ada@example.com"), UserName("Ada Lovelace")))
NAMESAKE = CreateUser(NewUser(EmailAddress("other@example.com"), UserName("Ada Lovelace")))


async def test_a_created_user_is_returned_as_stored() -> None:
    service = InMemoryService()
    created = (await service.create(ADA)).value
    assert (created.id, created.email, created.name) == (1, "ada@example.com", "Ada Lovelace")
    assert created.created_at == created.updated_at == NOON
    assert await service.get(GetUser(UserId(1))) == created


async def test_two_users_may_have_one_name() -> None:
    service = InMemoryService()
    assert (await service.create(ADA)).value.id == 1
    assert (await service.create(NAMESAKE)).value.id == 2


async def test_two_users_may_not_have_one_address() -> None:
    service = InMemoryService()
    await service.create(ADA)
    with pytest.raises(EmailAlreadyTaken) as refused:
        await service.create(CreateUser(NewUser(EmailAddress("ADA@example.com"), UserName("Impostor"))))
    assert refused.value.email == EmailAddress("ada@example.com")
    assert len(service.stored) == 1


async def test_an_address_that_a_rival_takes_before_the_commit_is_taken() -> None:
    service = InMemoryService()
    rival = InMemoryService(rival_of=service)
    service.rivals = [lambda: rival.create(ADA)]
    with pytest.raises(EmailAlreadyTaken):
        await service.create(ADA)
    assert len(service.stored) == 1


async def test_a_conflict_is_tried_again_in_a_new_unit_of_work() -> None:
    service = InMemoryService()
    service.rivals = [conflict, conflict]
    assert (await service.create(ADA)).value.email == "ada@example.com"
    assert len(service.units_of_work) == 3
    assert len(service.stored) == 1


async def test_the_last_conflict_is_reported() -> None:
    service = InMemoryService()
    service.rivals = [conflict] * ATTEMPTS
    with pytest.raises(WriteConflict):
        await service.create(ADA)
    assert len(service.units_of_work) == ATTEMPTS
    assert not service.stored


async def conflict() -> None:
    raise WriteConflict
