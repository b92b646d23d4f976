"""Doing once what is asked for twice. That every storage keeps keys alike is the matter of the contract tests."""

import hashlib
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

import pytest

from application.users.create_user import CreateUser
from application.users.create_users import CreateUsers
from application.users.ports import UserView
from domain.users.email_address import EmailAddress
from domain.users.errors import EmailAlreadyTaken
from domain.users.user import NewUser
from domain.users.user_name import UserName
from foundation.kernel.errors import IdempotencyKeyInUse, IdempotencyKeyReused
from foundation.kernel.idempotency import KEPT_FOR
from foundation.kernel.idempotency_keys import IdempotencyKey, RecordedAnswer
from foundation.kernel.views import read_views, write_views
from foundation.testing.clocks import MICROSECOND, NOON, FixedClock
from in_memory import InMemoryService

pytestmark = pytest.mark.anyio

KEY = IdempotencyKey("anonymous", "POST /users", "5f0c2b7d")
ADA = CreateUser(NewUser(EmailAddress("ada@example.com"), UserName("Ada Lovelace")), KEY)
BATCH = CreateUsers(
    (NewUser(EmailAddress("a@example.com"), UserName("A")), NewUser(EmailAddress("b@example.com"), UserName("B"))),
    replace(KEY, operation="POST /users/batch"),
)


def addressed(email: str) -> CreateUser:
    return replace(ADA, user=ADA.user._replace(email=EmailAddress(email)))


async def test_the_second_call_is_answered_like_the_first_and_says_so() -> None:
    clock = FixedClock()
    service = InMemoryService(clock)
    for first in (await service.create(ADA), await service.create_all(BATCH)):
        assert not first.replayed
    clock.moment += timedelta(hours=1)
    one, several = await service.create(ADA), await service.create_all(BATCH)
    assert one.replayed
    assert one.value == UserView(1, "ada@example.com", "Ada Lovelace", NOON, NOON)
    assert several.replayed
    assert [user.id for user in several.value] == [2, 3]
    assert len(service.stored) == 3


async def test_a_request_is_compared_by_its_values_and_not_by_its_spelling() -> None:
    service = InMemoryService()
    await service.create(ADA)
    again = CreateUser(NewUser(EmailAddress(" ADA@Example.com "), UserName(" Ada Lovelace")), KEY)
    assert (await service.create(again)).replayed


@pytest.mark.parametrize(
    "other",
    [
        replace(ADA, user=ADA.user._replace(name=UserName("Ada King"))),
        addressed("other@example.com"),
    ],
    ids=["other name", "other address"],
)
async def test_the_key_of_another_request_is_refused(other: CreateUser) -> None:
    service = InMemoryService()
    await service.create(ADA)
    with pytest.raises(IdempotencyKeyReused):
        await service.create(other)
    assert len(service.stored) == 1


async def test_users_in_another_order_are_another_request() -> None:
    service = InMemoryService()
    await service.create_all(BATCH)
    with pytest.raises(IdempotencyKeyReused):
        await service.create_all(replace(BATCH, users=BATCH.users[::-1]))


@pytest.mark.parametrize("part", ["principal", "operation", "value"])
async def test_the_same_key_of_somebody_else_or_for_something_else_is_another_one(part: str) -> None:
    service = InMemoryService()
    await service.create(ADA)
    other = replace(
        ADA, user=ADA.user._replace(email=EmailAddress("other@example.com")), key=replace(KEY, **{part: "other"})
    )
    assert not (await service.create(other)).replayed


async def test_without_a_key_nothing_is_recorded() -> None:
    service = InMemoryService()
    await service.create(replace(ADA, key=None))
    assert service.store.answers == {}
    with pytest.raises(EmailAlreadyTaken):
        await service.create(replace(ADA, key=None))


async def test_what_failed_is_not_recorded() -> None:
    service = InMemoryService()
    await service.create(replace(ADA, key=None))
    with pytest.raises(EmailAlreadyTaken):
        await service.create(ADA)
    assert service.store.answers == {}
    assert not (await service.create(addressed("other@example.com"))).replayed


async def test_a_key_is_in_use_until_the_call_ends() -> None:
    service = InMemoryService()
    rival = InMemoryService(rival_of=service)
    refused: list[Exception] = []

    async def ask_too() -> None:
        try:
            await rival.create(ADA)
        except IdempotencyKeyInUse as error:
            refused.append(error)

    service.rivals = [ask_too]
    assert not (await service.create(ADA)).replayed
    assert len(refused) == 1
    assert (await rival.create(ADA)).replayed


async def test_a_day_later_the_key_is_free() -> None:
    clock = FixedClock()
    service = InMemoryService(clock)
    await service.create(ADA)
    clock.moment += KEPT_FOR - MICROSECOND
    assert (await service.create(ADA)).replayed
    clock.moment += MICROSECOND
    with pytest.raises(EmailAlreadyTaken):
        await service.create(ADA)


async def test_expired_keys_are_forgotten_and_the_others_kept() -> None:
    clock = FixedClock()
    service = InMemoryService(clock)
    await service.create(ADA)
    clock.moment += timedelta(hours=1)
    await service.create_all(BATCH)
    assert await service.forget_expired_keys() == 0
    clock.moment = NOON + KEPT_FOR
    assert await service.forget_expired_keys() == 1
    assert set(service.store.answers) == {BATCH.key}


async def test_many_expired_keys_are_forgotten_some_at_a_time() -> None:
    clock = FixedClock()
    service = InMemoryService(clock)
    for number in range(1000):
        key = replace(KEY, value=str(number))
        await service.create(
            replace(ADA, user=ADA.user._replace(email=EmailAddress(f"a{number}@example.com")), key=key)
        )
    service.units_of_work.clear()
    clock.moment += KEPT_FOR
    assert await service.forget_expired_keys() == 1000
    assert service.store.answers == {}
    # The third finds none.
    assert len(service.units_of_work) == 3


def test_recorded_users_are_read_as_they_were_written() -> None:
    users = (UserView(1, "a@example.com", "Łucja 李", NOON, NOON + MICROSECOND), UserView(2, "b@c.de", '"', NOON, NOON))
    assert tuple(read_views(UserView, write_views(users))) == users


def test_users_that_were_recorded_by_the_first_release_are_read() -> None:
    text = '[[1,"user@example.com","John Doe","2025-12-16T12:00:00+00:00","2025-12-16T12:00:00.000001+00:00"]]'
    assert read_views(UserView, text) == [UserView(1, "user@example.com", "John Doe", NOON, NOON + MICROSECOND)]


class LaterView(NamedTuple):
    """A view of a later release."""

    id: int
    email: str
    released: date | None
    price: Decimal
    grade: str = "new"


def test_a_view_is_read_where_another_release_wrote_it() -> None:
    text = '[{"id": 1, "email": "user@example.com", "name": "John Doe", "price": "1.50"}]'
    assert read_views(LaterView, text) == [LaterView(1, "user@example.com", None, Decimal("1.50"), "new")]


def test_values_without_a_type_of_json_are_read_as_they_were_written() -> None:
    views = [LaterView(1, "a@example.com", date(2025, 12, 16), Decimal("0.10"), "b")]
    assert read_views(LaterView, write_views(views)) == views


@dataclass(frozen=True)
class LaterCreateUser:
    """The command of a release that has a field more."""

    user: "LaterNewUser"
    key: IdempotencyKey | None = None


class LaterNewUser(NamedTuple):
    """Has a phone number that may be absent."""

    email: EmailAddress
    name: UserName
    phone: str | None = None


async def test_a_key_that_was_recorded_before_a_field_was_added_is_replayed_after() -> None:
    service = InMemoryService()
    first = await service.create(ADA)
    later = await service.create(LaterCreateUser(LaterNewUser(ADA.user.email, ADA.user.name), KEY))  # type: ignore[arg-type]
    assert (later.replayed, later.value) == (True, first.value)
    with pytest.raises(IdempotencyKeyReused):
        await service.create(LaterCreateUser(LaterNewUser(ADA.user.email, ADA.user.name, "+1 555"), KEY))  # type: ignore[arg-type]


async def test_a_key_that_version_0_1_0_recorded_is_replayed() -> None:
    service = InMemoryService()
    fingerprint = hashlib.sha256(b'["ada@example.com", "Ada Lovelace"]').hexdigest()
    text = '[[1,"ada@example.com","Ada Lovelace","2025-12-16T12:00:00+00:00","2025-12-16T12:00:00+00:00"]]'
    service.store.answers[KEY] = RecordedAnswer(fingerprint, text, NOON, NOON + KEPT_FOR)
    replayed = await service.create(ADA)
    assert (replayed.replayed, replayed.value) == (True, UserView(1, "ada@example.com", "Ada Lovelace", NOON, NOON))
