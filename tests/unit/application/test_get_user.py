"""Reading one user."""

import pytest

from application.users.create_user import CreateUser
from application.users.get_user import GetUser
from domain.users.email_address import EmailAddress
from domain.users.errors import UserNotFound
from domain.users.user import NewUser
from domain.users.user_id import UserId
from domain.users.user_name import UserName
from in_memory import InMemoryService

pytestmark = pytest.mark.anyio


async def test_a_user_is_read_as_it_was_written() -> None:
    service = InMemoryService()
    created = (
        await service.create(CreateUser(NewUser(EmailAddress("ada@example.com"), UserName("Ada Lovelace"))))
    ).value
    assert await service.get(GetUser(UserId(created.id))) == created


async def test_a_user_who_does_not_exist_is_not_found() -> None:
    with pytest.raises(UserNotFound) as missing:
        await InMemoryService().get(GetUser(UserId(7)))
    assert missing.value.user_id == UserId(7)
