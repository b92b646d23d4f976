"""What every storage promises of lists: their order, their filters, and that pages cover them exactly."""

from datetime import UTC, datetime, timedelta
from operator import attrgetter

import pytest

from application.users.ports import UserFilter, UserSort, UserView
from contract.storages import Service, ada
from domain.users.email_address import EmailAddress
from domain.users.user_id import UserId
from foundation.kernel.pagination import Page, Position
from foundation.testing.clocks import MICROSECOND, NOON

pytestmark = pytest.mark.anyio

EVERYBODY = UserFilter()
NOBODY = EmailAddress("nobody@example.com")
TIMES = [NOON, NOON + MICROSECOND, NOON + timedelta(seconds=1)]


@pytest.fixture
async def users(service: Service) -> list[UserView]:
    """Nine users: three who were created at each of three times, and as many updates that tie in another way."""
    async with service.unit_of_work() as uow:
        added = [
            ada(
                email=f"user{number}@example.com",
                created_at=TIMES[number % 3],
                updated_at=TIMES[2] + (number * 5 % 4) * MICROSECOND,
            )
            for number in range(9)
        ]
        for user in added:
            await uow.users.add(user)
        await uow.commit()
    return [UserView.of(user) for user in added]


def in_order(users: list[UserView], sort: UserSort) -> list[UserView]:
    return sorted(users, key=attrgetter(sort.field, "id"), reverse=sort.descending)


async def pages(
    service: Service, limit: int, sort: UserSort = UserSort.ID, where: UserFilter = EVERYBODY
) -> list[Page[UserView]]:
    """The pages of a list, each continuing where the one before said."""
    found = [await service.queries.list(where, sort, limit, None)]
    while (after := found[-1].next) is not None:
        found.append(await service.queries.list(where, sort, limit, after))
    return found


async def listed(service: Service, where: UserFilter) -> list[int]:
    """The ids of whom the filter admits."""
    [page] = await pages(service, 100, where=where)
    return [user.id for user in page.items]


@pytest.mark.parametrize("sort", UserSort)
async def test_a_list_is_sorted_with_the_id_as_tie_break(
    service: Service, users: list[UserView], sort: UserSort
) -> None:
    [page] = await pages(service, 100, sort)
    assert list(page.items) == in_order(users, sort)
    assert page.next is None


@pytest.mark.parametrize("sort", UserSort)
async def test_pages_of_every_length_cover_a_list_exactly_once(
    service: Service, users: list[UserView], sort: UserSort
) -> None:
    for limit in range(1, len(users) + 2):
        found = await pages(service, limit, sort)
        assert [user for page in found for user in page.items] == in_order(users, sort)
        assert all(len(page.items) == limit for page in found[:-1])
        assert found[-1].items


@pytest.mark.parametrize("sort", UserSort)
async def test_a_page_says_its_last_key_and_id(service: Service, users: list[UserView], sort: UserSort) -> None:
    page = await service.queries.list(EVERYBODY, sort, 4, None)
    last = in_order(users, sort)[3]
    assert page.next == Position(getattr(last, sort.field), last.id)


@pytest.mark.parametrize("sort", UserSort)
async def test_a_list_goes_on_although_the_last_user_of_a_page_was_deleted(
    service: Service, users: list[UserView], sort: UserSort
) -> None:
    page = await service.queries.list(EVERYBODY, sort, 4, None)
    async with service.unit_of_work() as uow:
        await uow.users.remove(await uow.users.get(UserId(page.items[-1].id)))
        await uow.commit()
    rest = await service.queries.list(EVERYBODY, sort, 100, page.next)
    assert list(rest.items) == in_order(users, sort)[4:]


async def test_a_list_goes_on_with_whoever_came_meanwhile(service: Service, users: list[UserView]) -> None:
    page = await service.queries.list(EVERYBODY, UserSort.ID, 8, None)
    newcomer = await service.add(ada(email="new@example.com"))
    rest = await service.queries.list(EVERYBODY, UserSort.ID, 100, page.next)
    assert list(rest.items) == [users[8], newcomer]


async def test_positions_tell_microseconds_apart(service: Service) -> None:
    for number, moment in enumerate([NOON + n * MICROSECOND for n in (3, 1, 2, 0, 999_999)]):
        await service.add(ada(email=f"user{number}@example.com", created_at=moment))
    found = await pages(service, 1, UserSort.CREATED_AT)
    assert [user.id for page in found for user in page.items] == [4, 2, 3, 1, 5]


@pytest.mark.usefixtures("users")
class TestFilters:
    async def test_by_address_admit_the_one_who_has_it(self, service: Service) -> None:
        assert await listed(service, UserFilter(email=EmailAddress("USER3@example.com"))) == [4]
        assert await listed(service, UserFilter(email=NOBODY)) == []

    @pytest.mark.parametrize(
        ("after", "ids"),
        [
            (NOON - MICROSECOND, [1, 2, 3, 4, 5, 6, 7, 8, 9]),
            (NOON, [2, 3, 5, 6, 8, 9]),
            (NOON + MICROSECOND, [3, 6, 9]),
            (NOON + timedelta(seconds=1), []),
        ],
    )
    async def test_by_time_admit_who_was_created_later_and_not_at_it(
        self, service: Service, after: datetime, ids: list[int]
    ) -> None:
        assert await listed(service, UserFilter(created_after=after)) == ids

    @pytest.mark.parametrize(
        ("before", "ids"),
        [
            (NOON, []),
            (NOON + MICROSECOND, [1, 4, 7]),
            (NOON + timedelta(seconds=1), [1, 2, 4, 5, 7, 8]),
            (NOON + timedelta(seconds=1, microseconds=1), [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ],
    )
    async def test_by_time_admit_who_was_created_earlier_and_not_at_it(
        self, service: Service, before: datetime, ids: list[int]
    ) -> None:
        assert await listed(service, UserFilter(created_before=before)) == ids

    async def test_together_admit_who_meets_all_of_them(self, service: Service) -> None:
        between = UserFilter(created_after=NOON, created_before=NOON + timedelta(seconds=1))
        assert await listed(service, between) == [2, 5, 8]
        address = EmailAddress("user4@example.com")
        assert await listed(service, UserFilter(address, NOON, NOON + timedelta(seconds=1))) == [5]
        assert await listed(service, UserFilter(address, NOON + MICROSECOND)) == []
        assert await listed(service, UserFilter(address, created_before=NOON + MICROSECOND)) == []

    async def test_are_kept_from_page_to_page(self, service: Service) -> None:
        where = UserFilter(created_after=NOON)
        found = await pages(service, 2, UserSort.CREATED_AT_DESCENDING, where)
        assert [[user.id for user in page.items] for page in found] == [[9, 6], [3, 8], [5, 2]]

    async def test_by_a_time_at_the_ends_of_the_calendar_are_no_trouble(self, service: Service) -> None:
        first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
        assert len(await listed(service, UserFilter(created_after=first, created_before=last))) == 9


async def test_nobody_is_an_empty_last_page(service: Service) -> None:
    for sort in UserSort:
        assert await service.queries.list(EVERYBODY, sort, 1, None) == Page((), None)


async def test_views_are_the_same_plain_values_on_every_storage(service: Service) -> None:
    await service.add(ada(created_at=NOON, updated_at=NOON + MICROSECOND))
    [page] = await pages(service, 100)
    for view in (page.items[0], await service.queries.get(UserId(1))):
        assert view == UserView(1, "ada@example.com", "Ada Lovelace", NOON, NOON + MICROSECOND)
        assert [type(getattr(view, name)) for name in UserView._fields] == [int, str, str, datetime, datetime]
        assert repr(view) == repr(UserView(1, "ada@example.com", "Ada Lovelace", NOON, NOON + MICROSECOND))
