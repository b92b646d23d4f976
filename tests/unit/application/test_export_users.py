"""Exporting users. That every storage reads all users alike is a matter for the contract tests."""

import pytest

from application.users.create_users import CreateUsers
from application.users.ports import UserView
from domain.users.email_address import EmailAddress
from domain.users.user import NewUser
from domain.users.user_name import UserName
from in_memory import InMemoryService

pytestmark = pytest.mark.anyio


async def exported(service: InMemoryService) -> list[UserView]:
    return [user async for page in await service.export_all() for user in page]


async def test_nobody_is_exported_as_nothing() -> None:
    assert await exported(InMemoryService()) == []


async def test_all_users_are_exported_by_id() -> None:
    service = InMemoryService()
    created: list[UserView] = []
    for start in range(0, 1100, 100):
        batch = (NewUser(EmailAddress(f"a{number}@example.com"), UserName("A")) for number in range(start, start + 100))
        created += (await service.create_all(CreateUsers(tuple(batch)))).value
    assert await exported(service) == created
