"""Which users a principal sees and changes, under each of the policies."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

import pytest

from application.users.create_user import CreateUser
from application.users.create_users import CreateUsers
from application.users.delete_user import DeleteUser
from application.users.get_user import GetUser
from application.users.import_users import ImportUsers
from application.users.list_users import ListUsers
from application.users.policies import ADMINISTRATION, OwnUsersOnly
from application.users.update_user import UpdateUser
from domain.users.email_address import EmailAddress
from domain.users.errors import UserNotFound
from domain.users.user import NewUser, UserChanges
from domain.users.user_id import UserId
from domain.users.user_name import UserName
from foundation.kernel.access.policy import EVERY_ROW, NO_ROW, Forbidden
from foundation.kernel.access.principal import ANONYMOUS, OPERATOR, Principal, PrincipalKind, acting_as
from foundation.kernel.access.row_access import RowAccess
from foundation.kernel.bulk_loading import Numbered
from foundation.kernel.errors import PreconditionFailed
from foundation.kernel.idempotency_keys import IdempotencyKey
from in_memory import InMemoryService

pytestmark = pytest.mark.anyio

ALL = (1, 2, 3)


def owner(text: str | None, *scopes: str) -> Principal:
    return Principal(PrincipalKind.API_KEY, "7", frozenset({"users:read", "users:write", *scopes}), owner=text)


def new(number: int) -> NewUser:
    return NewUser(EmailAddress(f"user{number}@example.com"), UserName(f"User {number}"))


@dataclass
class Rejected:
    """A line that is not valid."""

    line: int


async def lines(*users: NewUser) -> AsyncIterator[Sequence[Numbered[NewUser] | Rejected]]:
    yield [Numbered(line, user) for line, user in enumerate(users, 1)]


@pytest.fixture
async def service() -> InMemoryService:
    """Three users, each of whom sees no other."""
    service = InMemoryService(access=RowAccess(OwnUsersOnly()))
    with acting_as(OPERATOR):
        await service.create_all(CreateUsers(tuple(map(new, ALL))))
    return service


async def visible(service: InMemoryService) -> dict[str, list[int]]:
    """The ids that the present principal sees, by each of the ways to read."""
    read = []
    for number in range(1, 6):
        try:
            read.append((await service.get(GetUser(UserId(number)))).id)
        except UserNotFound:
            continue
    page = await service.list(ListUsers(count=True))
    exported = [user.id async for batch in await service.export_all() for user in batch]
    assert page.total == len(page.items)
    return {"read": read, "listed": [user.id for user in page.items], "exported": exported}


def everywhere(ids: Iterable[int]) -> dict[str, list[int]]:
    return {key: list(ids) for key in ("read", "listed", "exported")}


@pytest.mark.parametrize(
    ("principal", "ids"),
    [
        (owner("1"), (1,)),
        (owner("3"), (3,)),
        (owner("4"), ()),
        (owner(None), ()),
        (owner("2", ADMINISTRATION), ALL),
        (owner(None, ADMINISTRATION), ALL),
        (OPERATOR, ALL),
        (ANONYMOUS, ()),
    ],
)
async def test_users_see_themselves_and_administrators_see_all(
    service: InMemoryService, principal: Principal, ids: tuple[int, ...]
) -> None:
    with acting_as(principal):
        assert await visible(service) == everywhere(ids)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "0", "00", "01", "001", "007", "+1", "-1", " 1", "1 ", "1\n", "1.0", "1e0", "0x1", "1_0",
        "\uff11", "\u0661", "\xb9", "\u2160", "one", "1,2", "1;2",
        "2147483648", "4294967297", "9999999999", "10000000000", "9" * 300, "None", "*", "%",
        "1' OR '1'='1", "user1@example.com",
    ],
)  # fmt: skip
async def test_an_owner_that_is_not_the_spelling_of_an_id_sees_no_users(service: InMemoryService, text: str) -> None:
    assert OwnUsersOnly().readable(owner(text)) == OwnUsersOnly().changeable(owner(text)) == NO_ROW
    with acting_as(owner(text)):
        assert await visible(service) == everywhere(())


def test_an_owner_may_have_every_id() -> None:
    for number in (1, 9, 10, 1234567890, 2147483647):
        assert OwnUsersOnly().readable(owner(str(number))) == {"id": UserId(number)}
    assert OwnUsersOnly().readable(owner("2147483648")) == NO_ROW
    assert OwnUsersOnly().readable(owner("2147483648", ADMINISTRATION)) == EVERY_ROW


async def test_users_change_and_delete_themselves(service: InMemoryService) -> None:
    with acting_as(owner("2")):
        changed = await service.update(UpdateUser(UserId(2), UserChanges(name=UserName("Second"))))
        assert (await service.get(GetUser(UserId(2)))).name == changed.name == "Second"
        await service.delete(DeleteUser(UserId(2)))
        assert await visible(service) == everywhere(())
    assert set(service.stored) == {1, 3}


CHANGES: list[Callable[[InMemoryService], Awaitable[object]]] = [
    lambda service: service.update(UpdateUser(UserId(1), UserChanges(name=UserName("Mine now")))),
    lambda service: service.update(UpdateUser(UserId(1), UserChanges())),
    # A precondition on a row that is hidden does not reveal its version.
    lambda service: service.update(UpdateUser(UserId(1), UserChanges(), expected=())),
    lambda service: service.delete(DeleteUser(UserId(1))),
    lambda service: service.delete(DeleteUser(UserId(1), expected=())),
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("principal", [owner("2"), owner("9"), owner(None), owner("01"), ANONYMOUS])
async def test_another_user_is_not_found_whatever_is_to_be_done(
    service: InMemoryService, principal: Principal, change: Callable[[InMemoryService], Awaitable[object]]
) -> None:
    before = dict(service.stored)
    with acting_as(principal), pytest.raises(UserNotFound):
        await change(service)
    assert service.stored == before


async def test_administrators_change_and_delete_all_users(service: InMemoryService) -> None:
    rename, nothing, changed_since, delete, deleted_since = CHANGES
    with acting_as(owner("2", ADMINISTRATION)):
        await rename(service)
        await nothing(service)
        assert service.stored[1].name == "Mine now"
        for change in (changed_since, deleted_since):
            with pytest.raises(PreconditionFailed):
                await change(service)
        await delete(service)
    assert set(service.stored) == {2, 3}


@pytest.mark.parametrize("principal", [owner("1"), owner("4"), owner(None), ANONYMOUS])
async def test_only_administrators_create_and_import(service: InMemoryService, principal: Principal) -> None:
    attempts: list[Callable[[], Awaitable[object]]] = [
        lambda: service.create(CreateUser(new(4))),
        lambda: service.create(CreateUser(new(4), IdempotencyKey(principal.name, "POST /users", "key"))),
        lambda: service.create_all(CreateUsers((new(4), new(5)))),
        lambda: service.import_all(ImportUsers(lines(new(4)))),
        # Whether an address is taken stays unknown.
        lambda: service.create(CreateUser(new(1))),
        lambda: service.import_all(ImportUsers(lines(new(1)))),
    ]
    for attempt in attempts:
        with acting_as(principal), pytest.raises(Forbidden) as forbidden:
            await attempt()
        assert forbidden.value.scope == ADMINISTRATION
    assert set(service.stored) == set(ALL)


@pytest.mark.parametrize("principal", [owner("1", ADMINISTRATION), owner(None, ADMINISTRATION), OPERATOR])
async def test_administrators_and_operators_create_and_import(service: InMemoryService, principal: Principal) -> None:
    with acting_as(principal):
        await service.create(CreateUser(new(4)))
        await service.create_all(CreateUsers((new(5), new(6))))
        report = await service.import_all(ImportUsers(lines(new(7))))
    assert report.imported == 1
    assert set(service.stored) == {*ALL, 4, 5, 6, 7}


async def test_without_rules_about_rows_every_principal_sees_changes_and_creates(service: InMemoryService) -> None:
    unrestricted = InMemoryService(rival_of=service)
    with acting_as(ANONYMOUS):
        assert await visible(unrestricted) == everywhere(ALL)
        await unrestricted.delete(DeleteUser(UserId(1)))
        await unrestricted.create(CreateUser(new(4)))
    assert set(service.stored) == {2, 3, 4}
