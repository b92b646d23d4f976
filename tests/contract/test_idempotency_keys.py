"""What every storage promises of idempotency keys: a wish is carried out once, and its answer is kept with it."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import delete, func, select, text

from adapters.sqlalchemy.tables import idempotency_keys
from application.users.create_user import CreateUser
from application.users.create_users import CreateUsers
from application.users.ports import UserFilter
from application.users.update_user import UpdateUser
from contract.interruptions import BreakingProxy
from contract.storages import Service, ada, open_service, pool_of
from domain.users.email_address import EmailAddress
from domain.users.errors import EmailAddressesTaken, EmailAlreadyTaken
from domain.users.user import NewUser, UserChanges
from domain.users.user_id import UserId
from domain.users.user_name import UserName
from foundation.kernel.errors import CommitOutcomeUnknown, IdempotencyKeyInUse, IdempotencyKeyReused, WriteConflict
from foundation.kernel.idempotency import KEPT_FOR
from foundation.kernel.idempotency_keys import IdempotencyKey, RecordedAnswer
from foundation.sqlalchemy.errors import StatementRefused
from foundation.testing.clocks import MICROSECOND, NOON, FixedClock
from plain_sql import connected

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

pytestmark = pytest.mark.anyio

KEY = IdempotencyKey("anonymous", "POST /users", "5f0c2b7d")
ANSWER = RecordedAnswer("f" * 64, '["Łucja 李"]', NOON, NOON + KEPT_FOR)
CREATE = CreateUser(NewUser(EmailAddress("ada@example.com"), UserName("Ada Lovelace")), KEY)
MANY = tuple(NewUser(EmailAddress(f"a{number}@example.com"), UserName("Ada")) for number in range(3))


async def record(service: Service, answer: RecordedAnswer = ANSWER, key: IdempotencyKey = KEY) -> None:
    async with service.unit_of_work() as uow:
        assert await uow.idempotency_keys.claim(key, answer.created_at) is None
        await uow.idempotency_keys.record(key, answer)
        await uow.commit()


async def recorded(service: Service, key: IdempotencyKey = KEY, after: timedelta = timedelta(0)) -> object:
    async with service.unit_of_work() as uow:
        return await uow.idempotency_keys.claim(key, NOON + after)


class TestAnswers:
    async def test_are_kept_exactly(self, service: Service) -> None:
        await record(service)
        assert await recorded(service) == ANSWER

    async def test_of_any_length_are_kept(self, service: Service) -> None:
        longest = RecordedAnswer("f" * 64, "李" * 100_000, NOON, NOON + KEPT_FOR)
        key = IdempotencyKey("p" * 255, "o" * 255, "~" * 255)
        await record(service, longest, key)
        assert await recorded(service, key) == longest

    @pytest.mark.parametrize("part", ["principal", "operation", "value"])
    async def test_belong_to_one_principal_one_operation_and_one_key(self, service: Service, part: str) -> None:
        await record(service)
        other = replace(KEY, **{part: "other"})
        assert await recorded(service, other) is None

    async def test_belong_to_keys_that_differ_in_case(self, service: Service) -> None:
        await record(service)
        assert await recorded(service, replace(KEY, value=KEY.value.upper())) is None

    async def test_are_forgotten_from_the_moment_they_expire(self, service: Service) -> None:
        await record(service)
        assert await recorded(service, after=KEPT_FOR - MICROSECOND) == ANSWER
        assert await recorded(service, after=KEPT_FOR) is None

    async def test_that_have_expired_are_replaced(self, service: Service) -> None:
        await record(service)
        later = NOON + KEPT_FOR
        answer = RecordedAnswer("0" * 64, "[]", later, later + KEPT_FOR)
        await record(service, answer)
        assert await recorded(service, after=KEPT_FOR) == answer

    async def test_that_have_not_expired_are_not_replaced(self, service: Service) -> None:
        await record(service)
        async with service.unit_of_work() as uow:
            with pytest.raises(WriteConflict):
                await uow.idempotency_keys.record(KEY, replace(ANSWER, content="other"))
        assert await recorded(service) == ANSWER

    async def test_that_were_not_committed_are_gone(self, service: Service) -> None:
        async with service.unit_of_work() as uow:
            await uow.idempotency_keys.claim(KEY, NOON)
            await uow.idempotency_keys.record(KEY, ANSWER)
            assert await uow.idempotency_keys.claim(KEY, NOON) == ANSWER
        assert await recorded(service) is None


class TestForgetting:
    async def test_takes_the_longest_expired_first_and_no_more_than_it_is_told_to(self, service: Service) -> None:
        for number in range(5):
            answer = replace(ANSWER, expires_at=NOON + number * MICROSECOND)
            await record(service, answer, replace(KEY, value=f"key{number}"))
        for forgotten in (2, 1, 0):
            async with service.unit_of_work() as uow:
                assert await uow.idempotency_keys.forget_expired(NOON + 2 * MICROSECOND, 2) == forgotten
                await uow.commit()
        kept = [await recorded(service, replace(KEY, value=f"key{number}")) for number in range(5)]
        assert [answer is not None for answer in kept] == [False, False, False, True, True]

    async def test_without_a_commit_forgets_nothing(self, service: Service) -> None:
        await record(service)
        async with service.unit_of_work() as uow:
            assert await uow.idempotency_keys.forget_expired(NOON + KEPT_FOR, 10) == 1
        assert await recorded(service) == ANSWER

    async def test_keeps_an_answer_that_has_replaced_an_expired_one(self, service: Service) -> None:
        await record(service)
        later = NOON + KEPT_FOR
        answer = RecordedAnswer("0" * 64, "[]", later, later + KEPT_FOR)

        async def replace_it() -> None:
            await record(service, answer)

        async with service.unit_of_work() as uow:
            await uow.idempotency_keys.forget_expired(later, 10)
            replacing = asyncio.create_task(replace_it())
            await asyncio.sleep(0.05)
            await uow.commit()
        await replacing
        assert await recorded(service, after=KEPT_FOR) == answer

    async def test_all_of_them_takes_as_many_units_of_work_as_it_needs(self, storage_url: str) -> None:
        clock = FixedClock()
        async with open_service(storage_url, clock) as service:
            async with service.unit_of_work() as uow:
                for number in range(501):
                    await uow.idempotency_keys.record(replace(KEY, value=f"key{number}"), ANSWER)
                await uow.commit()
            clock.moment += KEPT_FOR - MICROSECOND
            assert await service.forget_expired_keys() == 0
            clock.moment += MICROSECOND
            assert await service.forget_expired_keys() == 501
            assert await service.forget_expired_keys() == 0


class TestClaims:
    async def test_are_refused_or_wait_while_another_unit_of_work_has_the_key(self, service: Service) -> None:
        async def claim_too() -> object:
            try:
                return await recorded(service)
            except IdempotencyKeyInUse as in_use:
                return type(in_use)

        async with service.unit_of_work() as uow:
            assert await uow.idempotency_keys.claim(KEY, NOON) is None
            other = asyncio.create_task(claim_too())
            await asyncio.sleep(0.05)
            await uow.idempotency_keys.record(KEY, ANSWER)
            await uow.commit()
        assert await other in (IdempotencyKeyInUse, ANSWER)

    async def test_of_other_keys_are_free(self, service: Service) -> None:
        created = await asyncio.gather(
            *(
                service.create(
                    CreateUser(NewUser(EmailAddress(f"a{n}@example.com"), UserName("A")), replace(KEY, value=f"k{n}"))
                )
                for n in range(20)
            )
        )
        assert not any(outcome.replayed for outcome in created)

    @pytest.mark.parametrize("ends", ["without a commit", "with an exception", "by cancellation"])
    async def test_end_with_their_unit_of_work(self, service: Service, ends: str) -> None:
        claimed = asyncio.Event()

        async def claim() -> None:
            async with service.unit_of_work() as uow:
                await uow.idempotency_keys.claim(KEY, NOON)
                await uow.idempotency_keys.record(KEY, ANSWER)
                claimed.set()
                if ends == "with an exception":
                    raise ZeroDivisionError
                if ends == "by cancellation":
                    await asyncio.Event().wait()

        task = asyncio.create_task(claim())
        await claimed.wait()
        if ends == "by cancellation":
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await recorded(service) is None
        await record(service)

    async def test_end_when_the_commit_fails(self, service: Service) -> None:
        await service.add(ada())
        await service.add(ada(email="other@example.com"))
        async with service.unit_of_work() as uow:
            await uow.idempotency_keys.claim(KEY, NOON)
            await uow.idempotency_keys.record(KEY, ANSWER)
            (await uow.users.get(UserId(2))).change_email(EmailAddress("ada@example.com"), at=NOON)
            with pytest.raises(EmailAlreadyTaken):
                await uow.commit()
        assert await recorded(service) is None


class TestCreating:
    async def test_twice_with_one_key_makes_one_user_and_one_answer(self, service: Service) -> None:
        first, second = await service.create(CREATE), await service.create(CREATE)
        assert (first.replayed, second.replayed) == (False, True)
        assert second.value == first.value
        assert await service.queries.count(UserFilter()) == 1

    async def test_again_answers_as_the_first_time_although_the_user_has_changed(self, service: Service) -> None:
        first = await service.create(CREATE)
        await service.update(UpdateUser(UserId(first.value.id), UserChanges(name=UserName("Countess"))))
        assert (await service.create(CREATE)).value == first.value

    async def test_a_batch_twice_with_one_key_makes_it_once(self, service: Service) -> None:
        first, second = [await service.create_all(CreateUsers(MANY, KEY)) for _ in range(2)]
        assert (first.replayed, second.replayed) == (False, True)
        assert second.value == first.value
        assert [user.email for user in first.value] == [new.email.value for new in MANY]
        assert await service.queries.count(UserFilter()) == 3

    async def test_somebody_else_with_the_same_key_is_refused(self, service: Service) -> None:
        await service.create(CREATE)
        with pytest.raises(IdempotencyKeyReused):
            await service.create(replace(CREATE, user=CREATE.user._replace(name=UserName("Ada King"))))
        with pytest.raises(IdempotencyKeyReused):
            await service.create_all(CreateUsers(MANY, KEY))
        assert await service.queries.count(UserFilter()) == 1

    async def test_after_a_day_is_a_new_wish(self, storage_url: str) -> None:
        clock = FixedClock()
        async with open_service(storage_url, clock) as service:
            await service.create(CREATE)
            clock.moment += KEPT_FOR
            with pytest.raises(EmailAlreadyTaken):
                await service.create(CREATE)
            assert not (
                await service.create(replace(CREATE, user=CREATE.user._replace(email=EmailAddress("new@example.com"))))
            ).replayed

    async def test_that_failed_leaves_its_key_free(self, service: Service) -> None:
        await service.add(ada())
        with pytest.raises(EmailAlreadyTaken):
            await service.create(CREATE)
        with pytest.raises(EmailAddressesTaken):
            await service.create_all(CreateUsers((*MANY, CREATE.user), KEY))
        assert not (await service.create_all(CreateUsers(MANY, KEY))).replayed

    @pytest.mark.parametrize("wish", ["one", "batch"])
    async def test_twenty_times_at_once_makes_one_and_the_others_hear_of_it_or_that_it_is_under_way(
        self, service: Service, wish: str
    ) -> None:
        calls: dict[str, Callable[[], Awaitable[object]]] = {
            "one": lambda: service.create(CREATE),
            "batch": lambda: service.create_all(CreateUsers(MANY, KEY)),
        }
        found = await asyncio.gather(*(calls[wish]() for _ in range(20)), return_exceptions=True)
        answers = [one for one in found if not isinstance(one, IdempotencyKeyInUse)]
        assert len({repr(getattr(one, "value", one)) for one in answers}) == 1
        assert sorted(getattr(one, "replayed", None) or False for one in answers) == [False] + [True] * (
            len(answers) - 1
        )
        assert await service.queries.count(UserFilter()) == (1 if wish == "one" else 3)


def rows(url: str) -> int:
    with connected(url) as connection:
        return int(connection.execute(select(func.count()).select_from(idempotency_keys)).scalar_one())


class TestTheRow:
    async def test_is_not_there_when_the_write_is_not(self, server_url: str) -> None:
        # A deferred constraint is the way to make COMMIT itself fail.
        with connected(server_url) as connection:
            connection.execute(text("CREATE TABLE witness (id integer UNIQUE DEFERRABLE INITIALLY DEFERRED)"))
            connection.execute(text("INSERT INTO witness VALUES (1)"))
            connection.execute(
                text(
                    "CREATE FUNCTION betray() RETURNS trigger LANGUAGE plpgsql AS"
                    " $$BEGIN INSERT INTO witness VALUES (1); RETURN NEW; END$$"
                )
            )
            connection.execute(
                text("CREATE TRIGGER betray AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION betray()")
            )
        try:
            async with open_service(server_url) as service:
                with pytest.raises(StatementRefused, match="23505"):
                    await service.create(CREATE)
                assert await service.queries.count(UserFilter()) == rows(server_url) == 0
                assert pool_of(service).checkedout() == 0
        finally:
            with connected(server_url) as connection:
                connection.execute(text("DROP TABLE witness"))
                connection.execute(text("DROP FUNCTION betray CASCADE"))

    @pytest.mark.parametrize("delivers", [True, False], ids=["received", "not received"])
    async def test_makes_a_second_try_converge_after_an_unknown_outcome(
        self, server_url: str, *, delivers: bool
    ) -> None:
        proxy = BreakingProxy(delivers=delivers)
        async with proxy.to(server_url) as url, open_service(url) as service:
            with pytest.raises(CommitOutcomeUnknown):
                await service.create(CREATE)
        assert rows(server_url) == int(delivers)
        async with open_service(server_url) as service:
            assert (await service.create(CREATE)).replayed is delivers
            assert await service.queries.count(UserFilter()) == rows(server_url) == 1

    async def test_that_was_written_without_a_claim_is_a_conflict_and_then_found(self, server_url: str) -> None:
        async with open_service(server_url, FixedClock()) as service:
            first = await service.create(CREATE)
            with connected(server_url) as connection:
                row = dict(connection.execute(select(idempotency_keys)).mappings().one())
                connection.execute(delete(idempotency_keys))
            async with service.unit_of_work() as uow:
                assert await uow.idempotency_keys.claim(KEY, NOON) is None
                with connected(server_url) as connection:
                    connection.execute(idempotency_keys.insert(), row)
                with pytest.raises(WriteConflict):
                    await uow.idempotency_keys.record(KEY, ANSWER)
            assert (await service.create(CREATE)).value == first.value
