"""Creating several users together."""

import pytest

from application.users.create_user import CreateUser
from application.users.create_users import MAX_BATCH_SIZE, BatchSizeOutOfRange, CreateUsers
from application.users.get_user import GetUser
from domain.users.email_address import EmailAddress
from domain.users.errors import EmailAddressesTaken
from domain.users.user import NewUser
from domain.users.user_id import UserId
from domain.users.user_name import UserName
from foundation.kernel.errors import WriteConflict
from foundation.kernel.retry import ATTEMPTS
from foundation.testing.clocks import NOON
from in_memory import InMemoryService

pytestmark = pytest.mark.anyio

NAME = UserName("Ada Lovelace")


def users(*addresses: str) -> tuple[NewUser, ...]:
    return tuple(NewUser(EmailAddress(f"{address}@example.com"), NAME) for address in addresses)


async def test_the_created_users_are_returned_as_stored_in_the_order_given() -> None:
    service = InMemoryService()
    created = (await service.create_all(CreateUsers(users("b", "a")))).value
    assert [(user.id, user.email) for user in created] == [(1, "b@example.com"), (2, "a@example.com")]
    assert all(user.created_at == user.updated_at == NOON for user in created)
    assert [await service.get(GetUser(UserId(number))) for number in (1, 2)] == list(created)


async def test_one_taken_address_keeps_all_of_them_out_and_every_taken_one_is_named() -> None:
    service = InMemoryService()
    await service.create(CreateUser(NewUser(EmailAddress("b@example.com"), NAME)))
    with pytest.raises(EmailAddressesTaken) as refused:
        await service.create_all(CreateUsers(users("a", "b", "a", "c")))
    assert refused.value.positions == (1, 2)
    assert len(service.stored) == 1


async def test_an_address_that_a_rival_takes_before_the_commit_is_named_by_the_next_try() -> None:
    service = InMemoryService()
    rival = InMemoryService(rival_of=service)
    service.rivals = [lambda: rival.create(CreateUser(NewUser(EmailAddress("b@example.com"), NAME)))]
    with pytest.raises(EmailAddressesTaken) as refused:
        await service.create_all(CreateUsers(users("a", "b")))
    assert refused.value.positions == (1,)
    assert len(service.units_of_work) == 2
    assert len(service.stored) == 1


async def test_the_last_conflict_is_reported() -> None:
    async def conflict() -> None:
        raise WriteConflict

    service = InMemoryService()
    service.rivals = [conflict] * ATTEMPTS
    with pytest.raises(WriteConflict):
        await service.create_all(CreateUsers(users("a")))
    assert not service.stored


@pytest.mark.parametrize("length", [0, MAX_BATCH_SIZE + 1])
def test_a_batch_that_is_empty_or_too_long_is_refused(length: int) -> None:
    with pytest.raises(BatchSizeOutOfRange, match="from 1 to 100"):
        CreateUsers(users(*(f"a{number}" for number in range(length))))


@pytest.mark.parametrize("length", [1, MAX_BATCH_SIZE])
async def test_the_shortest_and_the_longest_batch_are_created(length: int) -> None:
    created = await InMemoryService().create_all(CreateUsers(users(*(f"a{number}" for number in range(length)))))
    assert len(created.value) == length
