"""Each change has an entry in the audit trail, in the same transaction, on every storage."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from application.users.create_user import CreateUser
from application.users.delete_user import DeleteUser
from application.users.import_users import ImportUsers
from application.users.update_user import UpdateUser
from contract.storages import Service, ada, open_service
from domain.users.email_address import EmailAddress
from domain.users.errors import EmailAlreadyTaken
from domain.users.user import NewUser, UserChanges
from domain.users.user_id import UserId
from domain.users.user_name import UserName
from foundation.kernel.access.principal import Principal, PrincipalKind, acting_as
from foundation.kernel.audit_trail import AuditEntry, AuditFilter, AuditQueries, AuditSort
from foundation.kernel.bulk_import import ImportReport, OnConflict
from foundation.kernel.bulk_loading import Numbered
from foundation.kernel.idempotency_keys import IdempotencyKey
from foundation.testing.clocks import FixedClock
from plain_sql import connected

pytestmark = pytest.mark.anyio

KEY_7 = Principal(PrincipalKind.API_KEY, "7")


@pytest.fixture
async def audited(storage_url: str) -> AsyncIterator[Service]:
    """The service on each storage, with an audit trail."""
    async with open_service(storage_url, audit_trail=True) as service:
        yield service


def new(number: int = 1) -> NewUser:
    return NewUser(EmailAddress(f"user{number}@example.com"), UserName(f"User {number}"))


def trail_of(service: Service) -> AuditQueries:
    queries: AuditQueries = service.container.audit_trail()
    return queries


async def entries(service: Service, where: AuditFilter | None = None) -> list[AuditEntry]:
    return list((await trail_of(service).list(where or AuditFilter(), AuditSort.ID, 100, None)).items)


async def acts(service: Service) -> list[tuple[str, int | None, int]]:
    return [(one.action, one.entity_id, one.entities) for one in await entries(service)]


async def batches(*users: NewUser) -> AsyncIterator[Sequence[Numbered[NewUser]]]:
    yield [Numbered(line, user) for line, user in enumerate(users, 1)]


async def test_each_change_has_an_entry(audited: Service) -> None:
    with acting_as(KEY_7, "request-1"):
        user = (await audited.create(CreateUser(new()))).value
        await audited.update(UpdateUser(UserId(user.id), UserChanges(name=UserName("Changed"))))
        await audited.delete(DeleteUser(UserId(user.id)))
    assert await acts(audited) == [("create", user.id, 1), ("update", user.id, 1), ("delete", user.id, 1)]
    for entry in await entries(audited):
        assert (entry.principal, entry.request_id, entry.entity) == ("api-key:7", "request-1", "users")


async def test_an_entry_has_no_value_of_the_row(audited: Service) -> None:
    await audited.create(CreateUser(new()))
    [entry] = await entries(audited)
    assert "user1" not in repr(entry)
    assert "User 1" not in repr(entry)


async def test_what_changes_nothing_has_no_entry(audited: Service) -> None:
    user = (await audited.create(CreateUser(new()))).value
    await audited.update(UpdateUser(UserId(user.id), UserChanges(name=UserName("User 1"))))
    assert await acts(audited) == [("create", user.id, 1)]


async def test_what_is_undone_has_no_entry(audited: Service) -> None:
    async with audited.unit_of_work() as uow:
        await uow.users.add(ada())
    await audited.create(CreateUser(new()))
    with pytest.raises(EmailAlreadyTaken):
        await audited.create(CreateUser(new()))
    assert len(await entries(audited)) == 1


async def test_several_that_are_added_together_have_an_entry_each(audited: Service) -> None:
    async with audited.unit_of_work() as uow:
        users = [ada(email=f"ada{number}@example.com") for number in range(3)]
        await uow.users.add_all(users)
        await uow.commit()
    assert await acts(audited) == [("create", user.id.value, 1) for user in users]


async def test_an_import_has_one_entry_of_the_time_of_its_rows(audited: Service) -> None:
    report: ImportReport[Any] = await audited.import_all(ImportUsers(batches(new(1), new(2), new(1)), OnConflict.SKIP))
    assert report.imported == 2
    [entry] = await entries(audited)
    assert (entry.action, entry.entity_id, entry.entities) == ("import", None, 2)
    users = [user async for batch in audited.queries.iterate_all() for user in batch]
    assert [user.created_at for user in users] == [entry.created_at] * 2


async def test_an_import_that_adds_nothing_has_no_entry(audited: Service) -> None:
    await audited.create(CreateUser(new()))
    await audited.import_all(ImportUsers(batches(new()), OnConflict.SKIP))
    assert len(await entries(audited)) == 1


async def test_a_replayed_answer_has_no_entry(audited: Service) -> None:
    for _ in range(2):
        await audited.create(CreateUser(new(), IdempotencyKey("anonymous", "POST", "1")))
    assert len(await entries(audited)) == 1


async def test_entries_are_found_by_each_condition(audited: Service) -> None:
    with acting_as(KEY_7, "request-1"):
        first = (await audited.create(CreateUser(new(1)))).value
    # SQLite's clock counts milliseconds.
    await asyncio.sleep(0.002)
    with acting_as(Principal(PrincipalKind.OPERATOR)):
        second = (await audited.create(CreateUser(new(2)))).value
    one, other = await entries(audited)
    for where, found in (
        (AuditFilter(principal="api-key:7"), [one]),
        (AuditFilter(principal="operator"), [other]),
        (AuditFilter(entity="users"), [one, other]),
        (AuditFilter(entity="other"), []),
        (AuditFilter(entity_id=first.id), [one]),
        (AuditFilter(entity_id=second.id), [other]),
        (AuditFilter(request_id="request-1"), [one]),
        (AuditFilter(created_after=one.created_at), [other]),
        (AuditFilter(created_before=other.created_at), [one]),
    ):
        assert await entries(audited, where) == found, where


async def test_without_the_setting_there_is_no_entry(service: Service) -> None:
    await service.create(CreateUser(new()))
    assert await entries(service) == []


async def test_old_entries_are_forgotten(storage_url: str) -> None:
    clock = FixedClock()
    async with open_service(storage_url, clock, audit_trail=True, audit_trail_retention=30) as service:
        await service.import_all(ImportUsers(batches(new(1))))  # its entry has the time of the clock
        forget = service.container.forget_audit_entries()
        clock.moment += timedelta(days=30)
        assert await forget() == 0
        clock.moment += timedelta(microseconds=1)
        assert await forget() == 1
        assert await entries(service) == []


async def test_the_database_refuses_to_change_an_entry(sql_url: str) -> None:
    async with open_service(sql_url, audit_trail=True) as service:
        await service.create(CreateUser(new()))
        before = await entries(service)
        with pytest.raises(DBAPIError, match="the rows of audit_trail are never changed"), connected(sql_url) as found:
            found.execute(text("UPDATE audit_trail SET principal = 'operator'"))
        assert await entries(service) == before


async def test_of_a_deleted_user_nothing_personal_is_left(sql_url: str) -> None:
    """Neither in recorded answers, as soon as their keys have expired, nor in the audit trail."""
    clock = FixedClock()
    async with open_service(sql_url, clock, audit_trail=True) as service:
        key = IdempotencyKey("anonymous", "POST", "1")
        user = (await service.create(CreateUser(new(), key))).value
        await service.update(UpdateUser(UserId(user.id), UserChanges(email=EmailAddress("moved@example.com"))))
        await service.delete(DeleteUser(UserId(user.id)))
        clock.moment += timedelta(hours=24)
        await service.forget_expired_keys()
        with connected(sql_url) as found:
            tables = ("api_keys", "audit_trail", "idempotency_keys", "users")
            everything = repr([found.execute(text(f"SELECT * FROM {name}")).all() for name in tables])  # noqa: S608 -- names above
        assert "delete" in everything
        assert not [trace for trace in ("user1", "moved", "User 1") if trace in everything]
