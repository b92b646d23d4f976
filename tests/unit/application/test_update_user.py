"""Changing users."""

from datetime import datetime, timedelta
from itertools import count

import pytest

from application.users.create_user import CreateUser
from application.users.delete_user import DeleteUser
from application.users.get_user import GetUser
from application.users.ports import UserView
from application.users.update_user import UpdateUser
from domain.users.email_address import EmailAddress
from domain.users.errors import EmailAlreadyTaken, UserNotFound
from domain.users.user import NewUser, UserChanges
from domain.users.user_id import UserId
from domain.users.user_name import UserName
from foundation.kernel.errors import PreconditionFailed, WriteConflict
from foundation.kernel.retry import ATTEMPTS
from foundation.testing.clocks import MICROSECOND, NOON, FixedClock
from in_memory import InMemoryService

pytestmark = pytest.mark.anyio

ADA = UserId(1)
LATER = NOON + timedelta(hours=1)
GRACE_HOPPER = UserName("Grace Hopper")
NEW_ADDRESS = EmailAddress("new@example.com")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
async def service(clock: FixedClock) -> InMemoryService:
    """Ada, created at noon; it is one o'clock now."""
    service = InMemoryService(clock)
    await service.create(CreateUser(NewUser(EmailAddress("ada@example.com"), UserName("Ada Lovelace"))))
    service.units_of_work.clear()
    clock.moment = LATER
    return service


@pytest.fixture
def rival(service: InMemoryService) -> InMemoryService:
    """Somebody else who changes the same users."""
    return InMemoryService(rival_of=service)


async def test_what_the_command_names_changes_and_the_rest_stays(service: InMemoryService) -> None:
    renamed = await service.update(UpdateUser(ADA, UserChanges(name=GRACE_HOPPER)))
    assert renamed == UserView(1, "ada@example.com", "Grace Hopper", NOON, LATER)
    moved = await service.update(UpdateUser(ADA, UserChanges(email=NEW_ADDRESS)))
    assert moved == UserView(1, "new@example.com", "Grace Hopper", NOON, LATER + MICROSECOND)
    assert await service.get(GetUser(ADA)) == moved


async def test_changing_address_and_name_together_is_one_change(service: InMemoryService) -> None:
    changed = await service.update(UpdateUser(ADA, UserChanges(email=NEW_ADDRESS, name=GRACE_HOPPER)))
    assert (changed.email, changed.name) == ("new@example.com", "Grace Hopper")
    assert await service.get(GetUser(ADA)) == changed


@pytest.mark.parametrize(
    "command",
    [
        UpdateUser(ADA, UserChanges()),
        UpdateUser(ADA, UserChanges(name=UserName(" Ada Lovelace "))),
        UpdateUser(ADA, UserChanges(email=EmailAddress("ADA@example.com"), name=UserName("Ada Lovelace"))),
    ],
)
async def test_a_change_to_what_the_user_already_is_writes_nothing(
    service: InMemoryService, command: UpdateUser
) -> None:
    before = service.stored[ADA.value]
    assert await service.update(command) == before
    assert service.stored[ADA.value] is before  # any write would have put another snapshot here


@pytest.mark.parametrize("moment", [NOON, NOON - timedelta(days=1)])
async def test_versions_grow_although_the_clock_stands_still_or_steps_back(
    service: InMemoryService, clock: FixedClock, moment: datetime
) -> None:
    clock.moment = moment
    for number in range(1, 4):
        changed = await service.update(UpdateUser(ADA, UserChanges(name=UserName(f"Ada {number}"))))
        assert changed.updated_at == NOON + number * MICROSECOND


async def test_an_expected_version_lets_the_change_through(service: InMemoryService) -> None:
    expected = {NOON - MICROSECOND, NOON}
    changed = await service.update(UpdateUser(ADA, UserChanges(name=GRACE_HOPPER), expected=expected))
    assert changed.name == "Grace Hopper"


@pytest.mark.parametrize("expected", [frozenset[datetime](), {NOON - MICROSECOND, NOON + MICROSECOND}])
async def test_a_version_that_is_not_expected_is_left_alone(
    service: InMemoryService, expected: frozenset[datetime]
) -> None:
    with pytest.raises(PreconditionFailed):
        await service.update(UpdateUser(ADA, UserChanges(name=GRACE_HOPPER), expected=expected))
    assert (await service.get(GetUser(ADA))).name == "Ada Lovelace"
    assert len(service.units_of_work) == 1


async def test_a_precondition_is_checked_also_for_a_change_to_nothing(service: InMemoryService) -> None:
    with pytest.raises(PreconditionFailed):
        await service.update(UpdateUser(ADA, UserChanges(), expected={LATER}))


async def test_an_address_of_another_user_is_refused(service: InMemoryService) -> None:
    await service.create(CreateUser(NewUser(NEW_ADDRESS, GRACE_HOPPER)))
    with pytest.raises(EmailAlreadyTaken):
        await service.update(UpdateUser(ADA, UserChanges(email=NEW_ADDRESS)))
    assert (await service.get(GetUser(ADA))).email == "ada@example.com"


async def test_a_user_who_does_not_exist_is_not_found(service: InMemoryService) -> None:
    with pytest.raises(UserNotFound):
        await service.update(UpdateUser(UserId(2), UserChanges(name=GRACE_HOPPER)))


async def test_after_a_conflict_the_change_is_applied_to_what_the_rival_left(
    service: InMemoryService, rival: InMemoryService
) -> None:
    service.rivals = [lambda: rival.update(UpdateUser(ADA, UserChanges(name=UserName("Rival"))))]
    changed = await service.update(UpdateUser(ADA, UserChanges(email=NEW_ADDRESS)))
    assert (changed.email, changed.name) == ("new@example.com", "Rival")
    assert len(service.units_of_work) == 2


async def test_after_a_conflict_the_precondition_is_checked_again(
    service: InMemoryService, rival: InMemoryService
) -> None:
    service.rivals = [lambda: rival.update(UpdateUser(ADA, UserChanges(name=UserName("Rival"))))]
    with pytest.raises(PreconditionFailed):
        await service.update(UpdateUser(ADA, UserChanges(name=GRACE_HOPPER), expected={NOON}))
    assert (await service.get(GetUser(ADA))).name == "Rival"


async def test_a_user_whom_a_rival_deletes_before_the_commit_is_not_found(
    service: InMemoryService, rival: InMemoryService
) -> None:
    service.rivals = [lambda: rival.delete(DeleteUser(ADA))]
    with pytest.raises(UserNotFound):
        await service.update(UpdateUser(ADA, UserChanges(name=GRACE_HOPPER)))


async def test_the_last_conflict_is_reported_and_nothing_is_written(
    service: InMemoryService, rival: InMemoryService
) -> None:
    names = (f"Rival {number}" for number in count(1))
    service.rivals = [lambda: rival.update(UpdateUser(ADA, UserChanges(name=UserName(next(names)))))] * ATTEMPTS
    with pytest.raises(WriteConflict):
        await service.update(UpdateUser(ADA, UserChanges(name=GRACE_HOPPER)))
    assert (await service.get(GetUser(ADA))).name == f"Rival {ATTEMPTS}"
    assert len(service.units_of_work) == ATTEMPTS


async def test_a_change_to_nothing_meets_no_conflict(service: InMemoryService, rival: InMemoryService) -> None:
    service.rivals = [lambda: rival.update(UpdateUser(ADA, UserChanges(name=UserName("Rival"))))]
    assert (await service.update(UpdateUser(ADA, UserChanges(name=UserName("Ada Lovelace"))))).name == "Ada Lovelace"
    assert len(service.units_of_work) == 1
