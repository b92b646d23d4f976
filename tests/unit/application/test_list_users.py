"""Listing users. That every storage sorts, filters and continues alike is the matter of the contract tests."""

import pytest

from application.users.create_user import CreateUser
from application.users.list_users import ListUsers
from application.users.ports import UserFilter, UserSort
from domain.users.email_address import EmailAddress
from domain.users.user import NewUser
from domain.users.user_name import UserName
from foundation.kernel.pagination import LimitOutOfRange, Position
from foundation.testing.clocks import MICROSECOND, NOON, SteppingClock
from in_memory import InMemoryService

pytestmark = pytest.mark.anyio


async def five_users() -> InMemoryService:
    service = InMemoryService(SteppingClock())
    for number in range(1, 6):
        await service.create(CreateUser(NewUser(EmailAddress(f"user{number}@example.com"), UserName(f"User {number}"))))
    return service


async def test_nobody_is_an_empty_last_page() -> None:
    page = await InMemoryService().list(ListUsers())
    assert page.items == ()
    assert page.next is None


async def test_a_list_without_conditions_holds_all_users_by_id() -> None:
    page = await (await five_users()).list(ListUsers())
    assert [user.id for user in page.items] == [1, 2, 3, 4, 5]
    assert page.next is None


async def test_a_page_says_where_the_next_one_starts() -> None:
    service = await five_users()
    first = await service.list(ListUsers(limit=2, sort=UserSort.CREATED_AT_DESCENDING))
    assert [user.id for user in first.items] == [5, 4]
    assert first.next == Position(NOON + 3 * MICROSECOND, 4)
    second = await service.list(ListUsers(limit=3, sort=UserSort.CREATED_AT_DESCENDING, after=first.next))
    assert [user.id for user in second.items] == [3, 2, 1]
    assert second.next is None


async def test_a_filter_admits_who_meets_all_of_it() -> None:
    service = await five_users()
    where = UserFilter(created_after=NOON, created_before=NOON + 3 * MICROSECOND)
    assert [user.id for user in (await service.list(ListUsers(where))).items] == [2, 3]


@pytest.mark.parametrize("limit", [1, 50, 100])
def test_a_page_holds_from_1_to_100_users(limit: int) -> None:
    assert ListUsers(limit=limit).limit == limit


@pytest.mark.parametrize("limit", [0, -1, 101, 10**12])
def test_a_page_of_any_other_length_is_refused(limit: int) -> None:
    with pytest.raises(LimitOutOfRange, match="from 1 to 100"):
        ListUsers(limit=limit)


def test_a_sort_knows_its_field_and_its_direction() -> None:
    assert {(sort.value, sort.field, sort.descending) for sort in UserSort} == {
        ("id", "id", False),
        ("-id", "id", True),
        ("created_at", "created_at", False),
        ("-created_at", "created_at", True),
        ("updated_at", "updated_at", False),
        ("-updated_at", "updated_at", True),
    }


async def test_a_page_says_how_many_there_are_in_all_when_it_is_asked_to() -> None:
    service = await five_users()
    where = UserFilter(created_after=NOON + MICROSECOND)
    assert (await service.list(ListUsers(where, limit=2, count=True))).total == 3
    assert (await service.list(ListUsers(limit=2, count=True))).total == 5
    assert (await service.list(ListUsers(limit=2))).total is None
