"""Two storages are given the same commands at the same times, and must give the same answers.

The in-memory storage is the reference. What it promises by itself is in the other tests of the contract; here the
others are held to it, with whatever Hypothesis comes up with.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from application.users.create_user import CreateUser
from application.users.create_users import CreateUsers
from application.users.delete_user import DeleteUser
from application.users.get_user import GetUser
from application.users.list_users import ListUsers
from application.users.ports import UserFilter, UserSort, UserView
from application.users.update_user import UpdateUser
from contract.sources import batches
from contract.storages import SQL_STORAGES, Service, Storages, open_service
from domain.users.email_address import EmailAddress
from domain.users.errors import EmailAddressesTaken
from domain.users.user import NewUser, UserChanges
from domain.users.user_id import UserId
from domain.users.user_name import UserName
from foundation.kernel.bulk_loading import Loaded, Numbered
from foundation.kernel.errors import ApplicationError, DomainError
from foundation.kernel.idempotency import KEPT_FOR, Outcome
from foundation.kernel.idempotency_keys import IdempotencyKey
from foundation.kernel.integer_id import MAX_ID
from foundation.kernel.pagination import Page, Position
from foundation.kernel.unset import UNSET, Unset
from foundation.testing.clocks import MICROSECOND, NOON, FixedClock

REFERENCE = "memory"

# Few of each, so that they collide.
EMAILS = [EmailAddress(f"{name}@example.com") for name in ("a", "b", "c", "d")]
NAMES = [UserName(name) for name in ("Ada", "Łucja 李")]
NUMBERS = st.integers(1, 4)
LIMITS = st.integers(1, 4)
# A clock that mostly moves on, but also stands still and steps back.
STEPS = st.sampled_from([MICROSECOND, timedelta(seconds=1), timedelta(0), -MICROSECOND, timedelta(seconds=-1)])
# A moment: none, NEVER, or one of the newest in the answers, counted from the end.
MOMENTS = st.sampled_from([None, None, None, 0, 1, 1, 2, 3])
NEVER = datetime(2000, 1, 1, tzinfo=UTC)

# Few keys, and little time between two wishes, so that most meet the answer of the one before.
KEYS = st.sampled_from([None, *(IdempotencyKey("anonymous", "POST /users", value) for value in "kl")])
# A day goes by now and then, and keys expire.
LONG_STEPS = st.one_of(STEPS, st.just(KEPT_FOR))

Reply = Outcome[UserView] | Outcome[tuple[UserView, ...]] | Loaded | UserView | Page[UserView] | int | None
Answer = Reply | Sequence[UserView] | type[Exception] | tuple[object, ...]


class Side:
    """One of the two storages. A user is known here by a number, the first who was created by 1.

    The storages need not agree on ids, because a creation that failed may use one up: only on their order.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self._ids: list[int] = []

    def user_id(self, number: int) -> UserId:
        """The id of a user; one that nobody has when nobody has the number."""
        return UserId(self._ids[number - 1] if number <= len(self._ids) else MAX_ID - number)

    def position(self, after: Position | None, sort: UserSort) -> Position | None:
        """A position with an id in the place of a number."""
        if after is None:
            return None
        user_id = self.user_id(after.id).value
        return Position(user_id if sort.field == "id" else after.key, user_id)

    async def answer(self, call: Callable[["Side"], Awaitable[Reply]]) -> Answer:
        """What the storage answers, with numbers in the places of ids; an error is answered by its type and facts."""
        try:
            result = await call(self)
        except EmailAddressesTaken as error:
            return type(error), error.positions
        except (DomainError, ApplicationError) as error:
            return type(error)
        if isinstance(result, Outcome):
            return result.replayed, self._comparable(result.value)
        return self._comparable(result)

    async def load(self, users: Sequence[Numbered[NewUser]], at: datetime, reported: int) -> Loaded:
        """Load users, two at a time."""
        pairs = batches(*(users[start : start + 2] for start in range(0, len(users), 2)))
        async with self.service.unit_of_work() as uow:
            loaded = await uow.users.load(pairs, at, reported)
            await uow.commit()
        return loaded

    async def all_users(self) -> Page[UserView]:
        """Everybody, as one page, so that their numbers are compared."""
        return Page(tuple([user async for page in self.service.queries.iterate_all() for user in page]), None)

    def _comparable(self, result: Reply | tuple[UserView, ...]) -> Answer:
        if isinstance(result, UserView):
            return self._numbered(result)
        if isinstance(result, tuple):
            return tuple(map(self._numbered, cast("tuple[UserView, ...]", result)))
        if isinstance(result, Page):
            items = tuple(self._numbered(user) for user in result.items)
            return Page(items, self._numbered_position(result.next), result.total)
        return result

    def _numbered(self, user: UserView) -> UserView:
        return user._replace(id=self._number(user.id))

    def _numbered_position(self, position: Position | None) -> Position | None:
        if position is None:
            return None
        number = self._number(position.id)
        return Position(number if position.key == position.id else position.key, number)

    def _number(self, user_id: int) -> int:
        if user_id not in self._ids:
            assert user_id > max(self._ids, default=0), "an id was given to somebody who came later"
            self._ids.append(user_id)
        return self._ids.index(user_id) + 1


class Agreement(RuleBasedStateMachine):
    """Drives the reference and the storage called `other`, and compares every answer or kind of error."""

    storages: Storages
    other: str

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.Runner()
        self._open = AsyncExitStack()
        self._clock = FixedClock(NOON)
        self._sides = [self._loop.run(self._opened(name)) for name in (REFERENCE, self.other)]
        self._moments: list[datetime] = [NOON]
        self._positions: list[tuple[UserSort, Position]] = []

    async def _opened(self, name: str) -> Side:
        service = open_service(self.storages.fresh(name), self._clock, database_pool_size=1)
        return Side(await self._open.enter_async_context(service))

    def teardown(self) -> None:
        """Close what was opened."""
        self._loop.run(self._open.aclose())
        self._loop.close()

    def _ask(self, call: Callable[[Side], Awaitable[Reply]]) -> Answer:
        """The answer on which both agree."""
        expected, found = [self._loop.run(side.answer(call)) for side in self._sides]
        assert found == expected, f"{self.other} answers {found}, {REFERENCE} answers {expected}"
        user = found if isinstance(found, UserView) or not isinstance(found, tuple) else found[-1]
        if isinstance(user, UserView):
            self._moments += {user.created_at, user.updated_at}
        return found

    def _expected(self, which: int | None) -> frozenset[datetime] | None:
        """A precondition: none, one that nobody meets, or a version that some user has or had."""
        moment = self._moment(which)
        return None if moment is None else frozenset({moment})

    def _moment(self, which: int | None) -> datetime | None:
        if which is None:
            return None
        return self._moments[-which:][0] if which else NEVER

    @initialize(steps=st.tuples(STEPS, STEPS, STEPS))
    def begin_with_three_users(self, steps: tuple[timedelta, ...]) -> None:
        for step, email in zip(steps, EMAILS, strict=False):
            self.create(step, email, NAMES[0], None)

    @rule(step=LONG_STEPS, email=st.sampled_from(EMAILS), name=st.sampled_from(NAMES), key=KEYS)
    def create(self, step: timedelta, email: EmailAddress, name: UserName, key: IdempotencyKey | None) -> None:
        self._clock.moment += step
        self._ask(lambda side: side.service.create(CreateUser(NewUser(email, name), key)))

    @rule(step=STEPS, emails=st.lists(st.sampled_from(EMAILS), min_size=1, max_size=3), key=KEYS)
    def create_several(self, step: timedelta, emails: list[EmailAddress], key: IdempotencyKey | None) -> None:
        self._clock.moment += step
        users = tuple(NewUser(email, NAMES[1]) for email in emails)
        self._ask(lambda side: side.service.create_all(CreateUsers(users, key)))

    @rule(step=STEPS, emails=st.lists(st.sampled_from(EMAILS), max_size=5), reported=st.integers(0, 3))
    def load(self, step: timedelta, emails: list[EmailAddress], reported: int) -> None:
        self._clock.moment += step
        users = [Numbered(line, NewUser(email, NAMES[0])) for line, email in enumerate(emails, 7)]
        self._ask(lambda side: side.load(users, self._clock.moment, reported))
        # The loader tells no ids, and a list may show the last one first.
        self.read_all()

    @rule()
    def forget_expired_keys(self) -> None:
        self._ask(lambda side: side.service.forget_expired_keys())

    @rule()
    def read_all(self) -> None:
        self._ask(lambda side: side.all_users())

    @rule(email=st.sampled_from([None, *EMAILS]), later_than=MOMENTS, earlier_than=MOMENTS)
    def count(self, email: EmailAddress | None, later_than: int | None, earlier_than: int | None) -> None:
        where = UserFilter(email, self._moment(later_than), self._moment(earlier_than))
        self._ask(lambda side: side.service.list(ListUsers(where, limit=1, count=True)))

    @rule(
        step=STEPS,
        number=NUMBERS,
        email=st.sampled_from([UNSET, *EMAILS]),
        name=st.sampled_from([UNSET, *NAMES]),
        which=MOMENTS,
    )
    def update(
        self, step: timedelta, number: int, email: EmailAddress | Unset, name: UserName | Unset, which: int | None
    ) -> None:
        self._clock.moment += step
        expected = self._expected(which)
        self._ask(
            lambda side: side.service.update(
                UpdateUser(side.user_id(number), UserChanges(email=email, name=name), expected=expected)
            )
        )

    @rule(number=NUMBERS, which=MOMENTS)
    def delete(self, number: int, which: int | None) -> None:
        expected = self._expected(which)
        self._ask(lambda side: side.service.delete(DeleteUser(side.user_id(number), expected)))

    @rule(number=NUMBERS)
    def get(self, number: int) -> None:
        self._ask(lambda side: side.service.get(GetUser(side.user_id(number))))

    @rule(sort=st.sampled_from(UserSort), limit=LIMITS)
    def list_all(self, sort: UserSort, limit: int) -> None:
        after = self._list(UserFilter(), sort, limit, None)
        while after is not None:
            after = self._list(UserFilter(), sort, limit, after)

    @rule(email=st.sampled_from([None, None, *EMAILS]), later_than=MOMENTS, earlier_than=MOMENTS)
    def list_some(self, email: EmailAddress | None, later_than: int | None, earlier_than: int | None) -> None:
        where = UserFilter(email, self._moment(later_than), self._moment(earlier_than))
        self._list(where, UserSort.UPDATED_AT_DESCENDING, 100, None)

    @precondition(lambda self: self._positions)
    @rule(later_than=MOMENTS, which=st.integers(1, 5), limit=LIMITS)
    def list_behind_an_old_position(self, later_than: int | None, which: int, limit: int) -> None:
        sort, after = self._positions[-which:][0]
        self._list(UserFilter(created_after=self._moment(later_than)), sort, limit, after)

    def _list(self, where: UserFilter, sort: UserSort, limit: int, after: Position | None) -> Position | None:
        page = self._ask(lambda side: side.service.list(ListUsers(where, sort, limit, side.position(after, sort))))
        assert isinstance(page, Page)
        if page.next is not None:
            self._positions.append((sort, page.next))
        return page.next


@pytest.mark.parametrize("other", SQL_STORAGES)
def test_every_storage_answers_like_the_reference(other: str, storages: Storages) -> None:
    machine = type("AgreementOn", (Agreement,), {"storages": storages, "other": other})
    run_state_machine_as_test(machine, settings=settings(max_examples=30, stateful_step_count=30))
