"""What every storage promises of every entity: a test class to inherit from.

    class TestInvoices(EntityContract):
        examples = EntityExamples(name="invoices", ...)

The fixture `service` must be there: the service on each storage in turn.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, ClassVar, Final

import pytest

from foundation.kernel.access.policy import EVERY_ROW, NO_ROW, Restriction
from foundation.kernel.access.principal import ANONYMOUS, Principal, acting_as
from foundation.kernel.bulk_loading import Loaded, Numbered
from foundation.kernel.errors import IdempotencyKeyInUse, IdempotencyKeyReused, PreconditionFailed
from foundation.kernel.idempotency import Outcome
from foundation.kernel.idempotency_keys import IdempotencyKey
from foundation.kernel.retry import retry_on_conflict
from foundation.kernel.versions import check_version
from foundation.testing.examples import EntityExamples, ServiceOnStorage

NOON: Final = datetime(2025, 12, 16, 12, tzinfo=UTC)
LATER: Final = NOON + timedelta(hours=1)
_KEY: Final = IdempotencyKey("anonymous", "POST", "8e03978e-40d5-43dd")
_SEVERAL: Final = 7


class EntityContract:
    """The promises of repositories, queries, pages, restrictions, concurrency, idempotency and bulk loading."""

    pytestmark: ClassVar[Any] = pytest.mark.anyio
    examples: ClassVar[EntityExamples[Any, Any, Any]]
    principal: ClassVar[Principal] = ANONYMOUS
    """For whom the storage works; an entity that is kept for each tenant needs one that has a tenant."""

    @pytest.fixture(autouse=True)
    async def prepared(self, service: ServiceOnStorage) -> AsyncIterator[None]:
        """Store what the examples refer to."""
        with acting_as(self.principal):
            await self.examples.prepare(service)
            yield

    # Adding

    async def test_ids_ascend_in_the_order_of_adding(self, service: ServiceOnStorage) -> None:
        stored = await self._stored(service, _SEVERAL)
        ids = [view.id for view in stored]
        assert ids == sorted(set(ids))

    async def test_an_entity_is_read_as_it_was_added(self, service: ServiceOnStorage) -> None:
        [stored] = await self._stored(service, 1)
        assert await self._read(service, stored.id) == stored

    async def test_an_id_is_never_given_again(self, service: ServiceOnStorage) -> None:
        *_, last = await self._stored(service, 3)
        await self._remove(service, last.id)
        [next_one] = await self._stored(service, 1, first=3)
        assert next_one.id > last.id

    async def test_several_are_added_in_their_order(self, service: ServiceOnStorage) -> None:
        async with service.unit_of_work() as uow:
            entities = [self._make(number) for number in range(_SEVERAL)]
            await self._of(uow).add_all(entities)
            await uow.commit()
        ids = [entity.id for entity in entities]
        assert ids == sorted(ids)
        assert await self._all(service) == [self.examples.view(entity) for entity in entities]

    async def test_what_was_added_is_the_same_object_when_it_is_asked_for(self, service: ServiceOnStorage) -> None:
        async with service.unit_of_work() as uow:
            one, *several = [self._make(number) for number in range(3)]
            await self._of(uow).add(one)
            await self._of(uow).add_all(several)
            for entity in (one, *several):
                assert await self._of(uow).get(entity.id) is entity

    async def test_a_unique_value_is_refused_the_second_time(self, service: ServiceOnStorage) -> None:
        if self.examples.taken is None:
            return
        before = await self._stored(service, 1)
        async with service.unit_of_work() as uow:
            with pytest.raises(self.examples.taken):
                await self._of(uow).add(self._make(0))
        assert await self._all(service) == before

    async def test_of_several_those_that_are_taken_are_named_and_none_is_stored(
        self, service: ServiceOnStorage
    ) -> None:
        if self.examples.taken is None:
            return
        before = await self._stored(service, 1)
        async with service.unit_of_work() as uow:
            with pytest.raises(self.examples.taken) as refused:
                await self._of(uow).add_all([self._make(number) for number in (1, 0, 2, 1)])
        # An error for several entities names positions; without one, it is the error of the first of them.
        assert getattr(refused.value, "positions", (1, 3)) == (1, 3)
        assert await self._all(service) == before

    # Getting, changing and removing

    async def test_what_is_not_there_is_not_found(self, service: ServiceOnStorage) -> None:
        [stored] = await self._stored(service, 1)
        await self._remove(service, stored.id)
        with pytest.raises(self.examples.not_found):
            await self._read(service, stored.id)
        async with service.unit_of_work() as uow:
            with pytest.raises(self.examples.not_found):
                await self._of(uow).get(self._id(stored.id))

    async def test_an_entity_is_one_object_in_a_unit_of_work(self, service: ServiceOnStorage) -> None:
        [stored] = await self._stored(service, 1)
        async with service.unit_of_work() as uow:
            first, second = [await self._of(uow).get(self._id(stored.id)) for _ in range(2)]
            assert first is second

    async def test_a_change_is_stored_by_the_commit_with_a_later_version(self, service: ServiceOnStorage) -> None:
        [stored] = await self._stored(service, 1)
        changed = await self._change(service, stored.id, 1)
        assert await self._read(service, stored.id) == changed != stored
        assert changed.updated_at > stored.updated_at

    async def test_what_is_not_committed_is_undone(self, service: ServiceOnStorage) -> None:
        before = await self._stored(service, 1)
        async with service.unit_of_work() as uow:
            await self._of(uow).add(self._make(1))
            self.examples.change(await self._of(uow).get(self._id(before[0].id)), 1, LATER)
        assert await self._all(service) == before

    async def test_an_entity_that_was_not_changed_keeps_its_version(self, service: ServiceOnStorage) -> None:
        [stored] = await self._stored(service, 1)
        async with service.unit_of_work() as uow:
            await self._of(uow).get(self._id(stored.id))
            await uow.commit()
        assert await self._read(service, stored.id) == stored

    async def test_the_unique_value_of_one_that_was_removed_is_free(self, service: ServiceOnStorage) -> None:
        [stored] = await self._stored(service, 1)
        async with service.unit_of_work() as uow:
            await self._of(uow).remove(await self._of(uow).get(self._id(stored.id)))
            await self._of(uow).add(heir := self._make(0))
            await uow.commit()
        assert await self._all(service) == [self.examples.view(heir)]

    # Concurrency

    async def test_of_two_who_change_one_version_one_succeeds(self, service: ServiceOnStorage) -> None:
        [seen] = await self._stored(service, 1)
        ended = await _together(
            lambda number: retry_on_conflict(lambda: self._change(service, seen.id, number, expected=seen.updated_at)),
            2,
        )
        assert sorted(isinstance(end, PreconditionFailed) for end in ended) == [False, True]

    async def test_no_change_is_lost(self, service: ServiceOnStorage) -> None:
        [stored] = await self._stored(service, 1)
        ended = await _together(lambda number: retry_on_conflict(lambda: self._change(service, stored.id, number)), 3)
        versions = [stored.updated_at, *sorted(view.updated_at for view in ended)]
        assert versions == sorted(set(versions))

    async def test_of_several_who_want_one_unique_value_one_gets_it(self, service: ServiceOnStorage) -> None:
        if self.examples.taken is None:
            return
        ended = await _together(lambda _: self._created(service), 5)
        assert sum(isinstance(end, tuple) for end in ended) == 1
        assert sum(isinstance(end, self.examples.taken) for end in ended) == 4
        assert len(await self._all(service)) == 1

    # Queries and pages

    async def test_lists_are_sorted_with_the_id_as_tie_break(self, service: ServiceOnStorage) -> None:
        stored = await self._stored(service, _SEVERAL)
        for sort in self.examples.orders:
            page = await self._queries(service).list(self.examples.everything, sort, 100, None)
            assert list(page.items) == sorted(stored, key=attrgetter(sort.field, "id"), reverse=sort.descending), sort
            assert page.next is None

    async def test_pages_of_every_length_cover_a_list_exactly_once(self, service: ServiceOnStorage) -> None:
        stored = await self._stored(service, _SEVERAL)
        for sort in self.examples.orders:
            whole = sorted(stored, key=attrgetter(sort.field, "id"), reverse=sort.descending)
            for limit in range(1, _SEVERAL + 2):
                assert await self._walked(service, sort, limit) == whole, (sort, limit)

    async def test_a_filter_admits_what_meets_its_conditions(self, service: ServiceOnStorage) -> None:
        stored = await self._stored(service, _SEVERAL)
        queries = self._queries(service)
        for where, admits in self.examples.filters:
            expected = list(filter(admits, stored))
            page = await queries.list(where, self.examples.orders[0], 100, None)
            assert sorted(page.items) == sorted(expected), where
            assert await queries.count(where) == len(expected), where
        assert await queries.count(self.examples.everything) == _SEVERAL

    async def test_iterating_returns_each_one_by_id(self, service: ServiceOnStorage) -> None:
        assert await self._iterated(service) == []
        stored = await self._stored(service, _SEVERAL)
        assert await self._iterated(service) == stored

    # Restrictions

    async def test_a_restriction_admits_those_with_its_values_and_no_others(self, service: ServiceOnStorage) -> None:
        stored = await self._stored(service, _SEVERAL)
        queries = self._queries(service)
        for within in _restrictions(stored):
            expected = _admitted(within, stored)
            page = await queries.list(self.examples.everything, self.examples.orders[0], 100, None, within)
            assert sorted(page.items) == expected, within
            assert await queries.count(self.examples.everything, within) == len(expected), within
            assert await self._iterated(service, within) == expected, within
            assert await self._found(queries, stored[-3:], within) == _admitted(within, stored[-3:]), within

    async def test_pages_of_every_length_cover_a_restricted_list_exactly_once(self, service: ServiceOnStorage) -> None:
        stored = await self._stored(service, _SEVERAL)
        for within in ({"created_at": NOON}, {"id": stored[2].id}, NO_ROW):
            for sort in self.examples.orders:
                whole = sorted(_admitted(within, stored), key=attrgetter(sort.field, "id"), reverse=sort.descending)
                for limit in (1, 2, _SEVERAL - 1, _SEVERAL, _SEVERAL + 1):
                    assert await self._walked(service, sort, limit, within) == whole, (within, sort, limit)

    async def test_a_filter_and_a_restriction_admit_what_meets_both(self, service: ServiceOnStorage) -> None:
        stored = await self._stored(service, _SEVERAL)
        queries = self._queries(service)
        for where, admits in self.examples.filters:
            for within in ({"id": stored[3].id}, NO_ROW):
                expected = list(filter(admits, _admitted(within, stored)))
                page = await queries.list(where, self.examples.orders[0], 100, None, within)
                assert list(page.items) == expected, (where, within)
                assert await queries.count(where, within) == len(expected), (where, within)

    async def test_a_unit_of_work_loads_what_the_restriction_admits(self, service: ServiceOnStorage) -> None:
        stored = await self._stored(service, 3)
        for within in _restrictions(stored):
            async with service.unit_of_work() as uow:
                found = await self._found(self._of(uow), stored, within)
            assert list(map(self.examples.view, found)) == _admitted(within, stored), within

    async def test_what_a_unit_of_work_has_loaded_is_restricted_all_the_same(self, service: ServiceOnStorage) -> None:
        stored = await self._stored(service, 3)
        async with service.unit_of_work() as uow:
            loaded = [await self._of(uow).get(self._id(view.id)) for view in stored]
            for within in _restrictions(stored):
                found = await self._found(self._of(uow), stored, within)
                expected = [one for one, view in zip(loaded, stored, strict=True) if _admitted(within, [view])]
                # By identity, as the entity must be the one that was loaded.
                assert list(map(id, found)) == list(map(id, expected)), within

    async def test_what_a_restriction_does_not_admit_can_be_loaded_without_it(self, service: ServiceOnStorage) -> None:
        [stored] = await self._stored(service, 1)
        async with service.unit_of_work() as uow:
            with pytest.raises(self.examples.not_found):
                await self._of(uow).get(self._id(stored.id), NO_ROW)
            self.examples.change(await self._of(uow).get(self._id(stored.id)), 1, LATER)
            await uow.commit()
        assert await self._read(service, stored.id) != stored

    # Idempotency

    async def test_a_creation_with_a_key_is_carried_out_once(self, service: ServiceOnStorage) -> None:
        create = self.examples.create
        if create is None:
            return
        first, second = [await create(service, self.examples.new(0), _KEY) for _ in range(2)]
        assert (first.replayed, second.replayed) == (False, True)
        assert second.value == first.value
        assert await self._all(service) == [first.value]

    async def test_a_key_of_another_request_is_refused(self, service: ServiceOnStorage) -> None:
        create = self.examples.create
        if create is None:
            return
        await create(service, self.examples.new(0), _KEY)
        with pytest.raises(IdempotencyKeyReused):
            await create(service, self.examples.new(1), _KEY)
        assert len(await self._all(service)) == 1

    async def test_one_key_many_times_at_once_creates_one(self, service: ServiceOnStorage) -> None:
        create = self.examples.create
        if create is None:
            return
        ended = await _together(lambda _: create(service, self.examples.new(0), _KEY), 10)
        assert all(isinstance(end, Outcome | IdempotencyKeyInUse) for end in ended), ended
        assert sum(isinstance(end, Outcome) and not end.replayed for end in ended) == 1
        assert len(await self._all(service)) == 1

    # Bulk loading

    async def test_a_load_adds_what_is_free_and_names_the_other_lines(self, service: ServiceOnStorage) -> None:
        if not self.examples.loads_in_bulk:
            return
        await self._stored(service, 1)
        numbers = (1, 0, 2, 1) if self.examples.taken else (1, 2)
        async with service.unit_of_work() as uow:
            loaded = await self._of(uow).load(_batches(list(map(self.examples.new, numbers))), LATER, 100)
            await uow.commit()
        assert loaded == (Loaded(2, 2, (2, 4)) if self.examples.taken else Loaded(2, 0, ()))
        assert len(await self._all(service)) == 3

    # What the promises above are written with

    def _of(self, uow: Any) -> Any:
        return getattr(uow, self.examples.name)

    def _make(self, number: int) -> Any:
        return self.examples.make(self.examples.new(number), NOON)

    def _queries(self, service: ServiceOnStorage) -> Any:
        return self.examples.queries(service)

    def _id(self, value: int) -> Any:
        return self.examples.id(value)

    async def _stored(self, service: ServiceOnStorage, count: int, *, first: int = 0) -> list[Any]:
        """The views of so many entities, each stored in a unit of work of its own."""
        stored = []
        for number in range(first, first + count):
            async with service.unit_of_work() as uow:
                await self._of(uow).add(entity := self._make(number))
                await uow.commit()
            stored.append(self.examples.view(entity))
        return stored

    async def _read(self, service: ServiceOnStorage, value: int) -> Any:
        return await self._queries(service).get(self._id(value))

    async def _change(
        self, service: ServiceOnStorage, value: int, number: int, *, expected: datetime | None = None
    ) -> Any:
        async with service.unit_of_work() as uow:
            entity = await self._of(uow).get(self._id(value))
            check_version(entity.updated_at, None if expected is None else {expected})
            self.examples.change(entity, number, LATER)
            await uow.commit()
            return self.examples.view(entity)

    async def _remove(self, service: ServiceOnStorage, value: int) -> None:
        async with service.unit_of_work() as uow:
            await self._of(uow).remove(await self._of(uow).get(self._id(value)))
            await uow.commit()

    async def _all(self, service: ServiceOnStorage) -> list[Any]:
        page = await self._queries(service).list(self.examples.everything, self.examples.orders[0], 100, None)
        return sorted(page.items)

    async def _iterated(self, service: ServiceOnStorage, within: Restriction = EVERY_ROW) -> list[Any]:
        return [view async for batch in self._queries(service).iterate_all(within) for view in batch]

    async def _walked(
        self, service: ServiceOnStorage, sort: Any, limit: int, within: Restriction = EVERY_ROW
    ) -> list[Any]:
        """What all pages of a list have, one after the other."""
        found, after = [], None
        while True:
            page = await self._queries(service).list(self.examples.everything, sort, limit, after, within)
            found += page.items
            if (after := page.next) is None:
                return found

    async def _found(self, place: Any, stored: Sequence[Any], within: Restriction) -> list[Any]:
        """Those of `stored` that `place`, a repository or the read side, has within the restriction."""
        found = []
        for view in stored:
            with suppress(self.examples.not_found):
                found.append(await place.get(self._id(view.id), within))
        return found

    async def _created(self, service: ServiceOnStorage) -> Any:
        """The view of the first example, created by the use case if it is known."""
        if self.examples.create is None:
            [view] = await self._stored(service, 1)
            return view
        return (await self.examples.create(service, self.examples.new(0), None)).value


def _restrictions(stored: Sequence[Any]) -> list[Restriction]:
    """Restrictions by each attribute, as the last but one of `stored` has it, by two of them, and those to nothing."""
    one, other = stored[-2], stored[-1]
    values = one._asdict()
    single: list[Restriction] = [{name: value} for name, value in values.items()]
    pairs: list[Restriction] = [{"created_at": NOON, "id": one.id}, {"created_at": LATER, "id": one.id}]
    contradictory: Restriction = {"id": one.id, "updated_at": other.updated_at + timedelta(microseconds=1)}
    return [EVERY_ROW, *single, *pairs, contradictory, NO_ROW, {"created_at": None, "id": one.id}]


def _admitted(within: Restriction, stored: Sequence[Any]) -> list[Any]:
    return [
        view
        for view in stored
        if all(value is not None and getattr(view, name) == value for name, value in within.items())
    ]


async def _together(call: Callable[[int], Awaitable[Any]], times: int) -> list[Any]:
    """How so many calls at once ended: their results and errors."""
    return await asyncio.gather(*(call(number) for number in range(1, times + 1)), return_exceptions=True)


async def _batches(records: Sequence[Any]) -> AsyncIterator[Sequence[Numbered[Any]]]:
    yield [Numbered(line, record) for line, record in enumerate(records, 1)]
