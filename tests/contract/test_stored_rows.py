"""Rows as other writers left them: plain SQL knows no rule of the domain."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from application.users.delete_user import DeleteUser
from application.users.get_user import GetUser
from application.users.ports import UserFilter, UserSort
from application.users.update_user import UpdateUser
from contract.storages import ada, open_service
from domain.users.email_address import EmailAddress
from domain.users.errors import EmailAlreadyTaken
from domain.users.user import UserChanges
from domain.users.user_id import UserId
from domain.users.user_name import UserName
from foundation.kernel.errors import InvalidValue
from plain_sql import connected

pytestmark = pytest.mark.anyio

ADA = UserId(1)
BAD_ADDRESS = "Ada <ADA@localhost>"
BAD_NAME = " \u202eAda\n"


@pytest.fixture
def broken_url(sql_url: str) -> str:
    """A database with a row that the domain would refuse."""
    for rule, value in ((EmailAddress, BAD_ADDRESS), (UserName, BAD_NAME)):
        with pytest.raises(InvalidValue):
            rule(value)
    with connected(sql_url) as connection:
        statement = text("INSERT INTO users (email, name) VALUES (:email, :name)")
        connection.execute(statement, {"email": BAD_ADDRESS, "name": BAD_NAME})
    return sql_url


async def test_a_row_that_breaks_todays_rules_is_shown_as_it_is(broken_url: str) -> None:
    async with open_service(broken_url) as service:
        user = await service.get(GetUser(ADA))
        page = await service.queries.list(UserFilter(), UserSort.CREATED_AT, 1, None)
    assert (user.email, user.name) == (BAD_ADDRESS, BAD_NAME)
    assert list(page.items) == [user]


async def test_a_row_that_breaks_todays_rules_can_be_corrected_one_field_at_a_time(broken_url: str) -> None:
    async with open_service(broken_url) as service:
        before = await service.get(GetUser(ADA))
        renamed = await service.update(UpdateUser(ADA, UserChanges(name=UserName("Ada")), expected={before.updated_at}))
        assert (renamed.email, renamed.name) == (BAD_ADDRESS, "Ada")
        corrected = await service.update(UpdateUser(ADA, UserChanges(email=EmailAddress("ada@example.com"))))
        assert corrected == await service.get(GetUser(ADA))
    assert before.created_at == corrected.created_at
    assert before.updated_at < renamed.updated_at < corrected.updated_at


async def test_a_row_that_breaks_todays_rules_can_be_deleted(broken_url: str) -> None:
    async with open_service(broken_url) as service:
        await service.delete(DeleteUser(ADA))
        assert (await service.queries.list(UserFilter(), UserSort.ID, 1, None)).items == ()


async def test_the_times_that_the_database_fills_in_are_read_in_utc(broken_url: str) -> None:
    async with open_service(broken_url) as service:
        user = await service.get(GetUser(ADA))
    assert user.created_at == user.updated_at
    assert user.created_at.utcoffset() == timedelta(0)


async def test_a_version_that_plain_sql_moved_on_is_not_overwritten(broken_url: str) -> None:
    async with open_service(broken_url) as service:
        before = await service.get(GetUser(ADA))
        with connected(broken_url) as connection:
            connection.execute(text("UPDATE users SET name = 'SQL'"))
        after = await service.get(GetUser(ADA))
        assert after.updated_at > before.updated_at
        renamed = await service.update(UpdateUser(ADA, UserChanges(name=UserName("Ada")), expected={after.updated_at}))
        assert renamed.updated_at > after.updated_at


async def test_an_address_that_plain_sql_took_is_taken(broken_url: str) -> None:
    async with open_service(broken_url) as service:
        with connected(broken_url) as connection:
            connection.execute(text("INSERT INTO users (email, name) VALUES ('sql@example.com', 'SQL')"))
        with pytest.raises(EmailAlreadyTaken):
            await service.update(UpdateUser(ADA, UserChanges(email=EmailAddress("sql@example.com"))))


async def test_ids_that_plain_sql_was_given_are_not_given_again(broken_url: str) -> None:
    async with open_service(broken_url) as service:
        with connected(broken_url) as connection:
            connection.execute(text("DELETE FROM users"))
        assert (await service.add(ada())).id == 2
