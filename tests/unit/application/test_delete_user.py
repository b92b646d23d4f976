"""Deleting users."""

from itertools import count

import pytest

from application.users.create_user import CreateUser
from application.users.delete_user import DeleteUser
from application.users.get_user import GetUser
from application.users.update_user import UpdateUser
from domain.users.email_address import EmailAddress
from domain.users.errors import UserNotFound
from domain.users.user import NewUser, UserChanges
from domain.users.user_id import UserId
from domain.users.user_name import UserName
from foundation.kernel.errors import PreconditionFailed, WriteConflict
from foundation.kernel.retry import ATTEMPTS
from foundation.testing.clocks import MICROSECOND, NOON
from in_memory import InMemoryService

pytestmark = pytest.mark.anyio

ADA = UserId(1)
CREATE_ADA = CreateUser(NewUser(EmailAddress("ada@example.com"), UserName("Ada Lovelace")))


@pytest.fixture
async def service() -> InMemoryService:
    """Ada, created at noon."""
    service = InMemoryService()
    await service.create(CREATE_ADA)
    service.units_of_work.clear()
    return service


async def test_a_deleted_user_is_gone_and_the_address_is_free(service: InMemoryService) -> None:
    await service.delete(DeleteUser(ADA))
    with pytest.raises(UserNotFound):
        await service.get(GetUser(ADA))
    assert (await service.create(CREATE_ADA)).value.id == 2


async def test_the_second_deletion_finds_nobody(service: InMemoryService) -> None:
    await service.delete(DeleteUser(ADA))
    with pytest.raises(UserNotFound):
        await service.delete(DeleteUser(ADA))


async def test_an_expected_version_is_deleted(service: InMemoryService) -> None:
    await service.delete(DeleteUser(ADA, expected={NOON}))
    assert not service.stored


async def test_a_version_that_is_not_expected_is_left_alone(service: InMemoryService) -> None:
    with pytest.raises(PreconditionFailed):
        await service.delete(DeleteUser(ADA, expected={NOON + MICROSECOND}))
    assert (await service.get(GetUser(ADA))).id == 1


async def test_a_user_whom_a_rival_changes_before_the_commit_is_deleted_as_the_rival_left_it(
    service: InMemoryService,
) -> None:
    rival = InMemoryService(rival_of=service)
    service.rivals = [lambda: rival.update(UpdateUser(ADA, UserChanges(name=UserName("Rival"))))]
    await service.delete(DeleteUser(ADA))
    assert not service.stored
    assert len(service.units_of_work) == 2


async def test_the_last_conflict_is_reported_and_nobody_is_deleted(service: InMemoryService) -> None:
    rival = InMemoryService(rival_of=service)
    names = (f"Rival {number}" for number in count(1))
    service.rivals = [lambda: rival.update(UpdateUser(ADA, UserChanges(name=UserName(next(names)))))] * ATTEMPTS
    with pytest.raises(WriteConflict):
        await service.delete(DeleteUser(ADA))
    assert (await service.get(GetUser(ADA))).name == f"Rival {ATTEMPTS}"
    assert len(service.units_of_work) == ATTEMPTS
