"""What the service says when its database cannot, or cannot in time, and that it recovers by itself."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, make_url, text

from application.users.create_user import CreateUser
from application.users.create_users import CreateUsers
from application.users.get_user import GetUser
from application.users.import_users import ImportUsers
from application.users.list_users import ListUsers
from application.users.ports import UserView
from application.users.update_user import UpdateUser
from contract.interruptions import BreakingProxy, terminate_sessions
from contract.sources import many
from contract.storages import Service, ada, open_service, pool_of
from domain.users.email_address import EmailAddress
from domain.users.user import NewUser, UserChanges
from domain.users.user_id import UserId
from domain.users.user_name import UserName
from foundation.kernel.errors import (
    CommitOutcomeUnknown,
    DeadlineExceeded,
    MigrationsPending,
    StorageUnavailable,
)
from foundation.kernel.idempotency_keys import IdempotencyKey
from foundation.sqlalchemy.errors import StatementRefused
from foundation.testing.clocks import NOON
from plain_sql import connected

pytestmark = pytest.mark.anyio

ADA = UserId(1)
LOCK_TIMEOUT = 0.2

CREATE = CreateUser(NewUser(EmailAddress("new@example.com"), UserName("New")))
RENAME = UpdateUser(ADA, UserChanges(name=UserName("Countess")))

KEY = IdempotencyKey("anonymous", "POST /users", "5f0c2b7d")


async def export(service: Service) -> list[UserView]:
    return [user async for page in await service.export_all() for user in page]


CALLS: dict[str, Callable[[Service], Awaitable[object]]] = {
    "create": lambda service: service.create(CREATE),
    "create once": lambda service: service.create(replace(CREATE, key=KEY)),
    "create several": lambda service: service.create_all(CreateUsers((CREATE.user,))),
    "import": lambda service: service.import_all(ImportUsers(many(range(3)))),
    "export": export,
    "count": lambda service: service.list(ListUsers(count=True)),
    "get": lambda service: service.get(GetUser(ADA)),
    "list": lambda service: service.list(ListUsers()),
    "update": lambda service: service.update(RENAME),
}
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


def locking(url: str) -> AbstractContextManager[Connection]:
    """Another session, which keeps what it locks until it is left."""
    return connected(url)


class TestLocks:
    async def test_of_a_row_that_are_kept_too_long_exceed_the_deadline(self, server_url: str) -> None:
        async with open_service(server_url, database_lock_timeout=LOCK_TIMEOUT) as service:
            await service.add(ada())
            with locking(server_url) as other:
                other.execute(text("SELECT * FROM users FOR UPDATE"))
                began = time.monotonic()
                with pytest.raises(DeadlineExceeded):
                    await service.update(RENAME)
                assert LOCK_TIMEOUT <= time.monotonic() - began < LOCK_TIMEOUT + 1
                assert pool_of(service).checkedout() == 0
                # Who only reads does not wait.
                assert (await service.get(GetUser(ADA))).name == "Ada Lovelace"
            assert (await service.update(RENAME)).name == "Countess"

    async def test_of_an_address_that_are_kept_too_long_exceed_the_deadline(self, server_url: str) -> None:
        async with open_service(server_url, database_lock_timeout=LOCK_TIMEOUT) as service:
            with locking(server_url) as other:
                other.execute(text("INSERT INTO users (email, name) VALUES ('new@example.com', 'Other')"))
                with pytest.raises(DeadlineExceeded):
                    await service.create(CREATE)
                other.rollback()
            assert (await service.create(CREATE)).value.name == "New"

    async def test_of_a_file_that_are_kept_too_long_exceed_the_deadline(self, sqlite_url: str) -> None:
        async with open_service(sqlite_url, database_lock_timeout=LOCK_TIMEOUT) as service:
            await service.add(ada())
            with locking(sqlite_url) as other:
                other.execute(text("UPDATE users SET name = 'Other'"))
                for write in (service.update(RENAME), service.create(CREATE)):
                    began = time.monotonic()
                    with pytest.raises(DeadlineExceeded):
                        await write
                    assert LOCK_TIMEOUT <= time.monotonic() - began < LOCK_TIMEOUT + 1
                assert pool_of(service).checkedout() == 0
                assert (await service.get(GetUser(ADA))).name == "Ada Lovelace"
                other.rollback()
            assert (await service.update(RENAME)).name == "Countess"

    async def test_that_are_released_in_time_go_unnoticed(self, sql_url: str) -> None:
        async with open_service(sql_url) as service:
            await service.add(ada())
            with locking(sql_url) as other:
                other.execute(text("UPDATE users SET name = 'Other'"))
                update = asyncio.create_task(service.update(RENAME))
                await asyncio.sleep(0.1)
                assert not update.done()
            assert (await update).name == "Countess"

    async def test_in_which_two_wait_for_each_other_are_a_conflict_for_one_of_them(self, server_url: str) -> None:
        async with open_service(server_url, database_lock_timeout=10) as service:
            await service.add(ada())
            await service.add(ada(email="other@example.com"))
            both_hold_one = asyncio.Barrier(2)

            async def take_both(one: UserId, other: UserId) -> None:
                async with service.unit_of_work() as uow:
                    await uow.users.get(one)
                    await both_hold_one.wait()
                    await uow.users.get(other)
                    await uow.commit()

            found = await asyncio.gather(
                take_both(UserId(1), UserId(2)), take_both(UserId(2), UserId(1)), return_exceptions=True
            )
            assert sorted(type(outcome).__name__ for outcome in found) == ["NoneType", "WriteConflict"]


async def test_a_statement_that_takes_too_long_exceeds_the_deadline(server_url: str) -> None:
    async with open_service(server_url, database_statement_timeout=0.2, database_bulk_timeout=0.2) as service:
        with locking(server_url) as other:
            other.execute(text("LOCK TABLE users IN ACCESS EXCLUSIVE MODE"))
            for call in CALLS.values():
                with pytest.raises(DeadlineExceeded):
                    await call(service)
            assert pool_of(service).checkedout() == 0


async def test_a_unit_of_work_that_does_nothing_for_too_long_is_ended_and_writes_nothing(server_url: str) -> None:
    async with open_service(server_url, database_idle_timeout=0.3) as service:
        async with service.unit_of_work() as uow:
            await uow.users.add(ada())
            await asyncio.sleep(0.6)
            with pytest.raises(DeadlineExceeded):
                await uow.commit()
        assert pool_of(service).checkedout() == 0
        assert (await service.list(ListUsers())).items == ()


class TestLostConnections:
    @every_call
    async def test_in_the_pool_go_unnoticed(
        self, server_url: str, call: Callable[[Service], Awaitable[object]]
    ) -> None:
        async with open_service(server_url) as service:
            await service.add(ada())
            assert terminate_sessions(server_url) > 0
            assert await call(service)

    async def test_before_a_change_is_sent_write_nothing(self, server_url: str) -> None:
        async with open_service(server_url) as service:
            await service.add(ada())
            async with service.unit_of_work() as uow:
                (await uow.users.get(ADA)).rename(UserName("Countess"), at=NOON)
                terminate_sessions(server_url)
                # The UPDATE finds the connection broken, so COMMIT was not sent: the outcome is known.
                with pytest.raises(StorageUnavailable):
                    await uow.commit()
            assert (await service.get(GetUser(ADA))).name == "Ada Lovelace"

    async def test_before_the_commit_leave_its_outcome_unknown(self, server_url: str) -> None:
        async with open_service(server_url) as service:
            async with service.unit_of_work() as uow:
                await uow.users.add(ada())
                terminate_sessions(server_url)
                # Nobody can tell a COMMIT that was not received from an answer that was not.
                with pytest.raises(CommitOutcomeUnknown):
                    await uow.commit()
            assert (await service.add(ada())).email == "ada@example.com"

    @pytest.mark.parametrize("delivers", [True, False], ids=["received", "not received"])
    async def test_during_the_commit_leave_its_outcome_unknown(self, server_url: str, *, delivers: bool) -> None:
        proxy = BreakingProxy(delivers=delivers)
        async with proxy.to(server_url) as url, open_service(url) as service:
            with pytest.raises(CommitOutcomeUnknown):
                await service.create(CREATE)
            assert proxy.breaks == 1  # and it was not tried again
            assert pool_of(service).checkedout() == 0
            # It truly was unknown: the same error, and the user is there or not.
            users = (await service.list(ListUsers())).items
            assert [user.email for user in users] == (["new@example.com"] if delivers else [])


class TestServersThatCannotBeUsed:
    @every_call
    async def test_for_nobody_listens_are_unavailable(
        self, unreachable_url: str, call: Callable[[Service], Awaitable[object]]
    ) -> None:
        async with open_service(unreachable_url) as service:
            began = time.monotonic()
            with pytest.raises(StorageUnavailable) as error:
                await call(service)
            assert time.monotonic() - began < 3
            assert "secret" not in str(error.value)

    @every_call
    @pytest.mark.parametrize(
        "wrong",
        [{"password": "wrong"}, {"username": "nobody"}, {"database": "nothing"}, {"host": "nowhere.invalid"}],
        ids=lambda wrong: next(iter(wrong)),
    )
    async def test_as_the_url_says_are_unavailable(
        self, server_url: str, wrong: dict[str, str], call: Callable[[Service], Awaitable[object]]
    ) -> None:
        url = make_url(server_url).set(**wrong).render_as_string(hide_password=False)  # type: ignore[arg-type]
        async with open_service(url) as service:
            with pytest.raises(StorageUnavailable) as error:
                await call(service)
            assert not isinstance(error.value, MigrationsPending)
            assert pool_of(service).checkedout() == 0

    @every_call
    async def test_before_their_migrations_say_that_these_are_pending(
        self, unmigrated_url: str, call: Callable[[Service], Awaitable[object]]
    ) -> None:
        async with open_service(unmigrated_url) as service:
            with pytest.raises(MigrationsPending):
                await call(service)
            assert pool_of(service).checkedout() == 0

    async def test_before_a_migration_that_adds_a_column_say_that_it_is_pending(self, unmigrated_url: str) -> None:
        with connected(unmigrated_url) as connection:
            connection.execute(text("CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(255))"))
        async with open_service(unmigrated_url) as service:
            for call in CALLS.values():
                with pytest.raises(MigrationsPending):
                    await call(service)


async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    file = tmp_path / "service.db"
    file.write_bytes(b"no database at all, but long enough to be one. " * 100)
    async with open_service(f"sqlite+aiosqlite:///{file}") as service:
        for call in CALLS.values():
            with pytest.raises(StorageUnavailable):
                await call(service)


async def test_a_row_that_does_not_fit_is_a_defect_and_no_failure_of_the_storage(server_url: str) -> None:
    async with open_service(server_url) as service:
        user = ada()
        user.name = UserName.trusted("n" * 201)
        with pytest.raises(StatementRefused) as error:
            await service.add(user)
        assert "nnn" not in str(error.value)
        assert pool_of(service).checkedout() == 0
