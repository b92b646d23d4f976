"""What every storage promises of entities that are kept for each tenant: a test class to inherit from.

    class TestInvoicesOfTenants(TenancyContract):
        examples = EntityExamples(name="invoices", ...)

The fixture `service` must be there: the service on each storage in turn. What clients may rely on over HTTP is in
`foundation.testing.tenant_routes_contract`.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, ClassVar, Final

import pytest

from foundation.kernel.access.principal import Principal, PrincipalKind, acting_as
from foundation.kernel.access.tenancy import NoTenant
from foundation.kernel.bulk_loading import Loaded, Numbered
from foundation.testing.clocks import NOON
from foundation.testing.entity_contract import LATER
from foundation.testing.examples import EntityExamples, ServiceOnStorage

ONE: Final = Principal(PrincipalKind.TOKEN, "one", tenant="acme")
OTHER: Final = Principal(PrincipalKind.TOKEN, "other", tenant="globex")
OF_NO_TENANT: Final = Principal(PrincipalKind.TOKEN, "one")
_SEVERAL: Final = 5


class TenancyContract:
    """Two tenants never see each other: in reads, lists, counts, exports, changes, unique values and imports."""

    pytestmark: ClassVar[Any] = pytest.mark.anyio
    examples: ClassVar[EntityExamples[Any, Any, Any]]

    @pytest.fixture(autouse=True)
    async def prepared(self, service: ServiceOnStorage) -> None:
        """Store what the examples refer to, for each tenant."""
        for principal in (ONE, OTHER):
            with acting_as(principal):
                await self.examples.prepare(service)

    async def test_lists_counts_and_exports_have_the_rows_of_the_tenant(self, service: ServiceOnStorage) -> None:
        mine, others = await self._stored(service, ONE, _SEVERAL), await self._stored(service, OTHER, 2)
        for principal, expected in ((ONE, mine), (OTHER, others), (OF_NO_TENANT, [])):
            with acting_as(principal):
                assert await self._listed(service) == expected
                assert await self._exported(service) == expected
                assert await self._queries(service).count(self.examples.everything) == len(expected)

    async def test_a_filter_admits_rows_of_the_tenant_only(self, service: ServiceOnStorage) -> None:
        mine = await self._stored(service, ONE, _SEVERAL)
        await self._stored(service, OTHER, _SEVERAL)
        for where, admits in self.examples.filters:
            expected = list(filter(admits, mine))
            with acting_as(ONE):
                page = await self._queries(service).list(where, self.examples.orders[0], 100, None)
                found = await self._queries(service).find(where)
            assert sorted(page.items) == expected, where
            assert found == (expected[0] if expected else None), where

    async def test_pages_stay_within_the_tenant_wherever_they_begin(self, service: ServiceOnStorage) -> None:
        stored = [(await self._stored(service, principal, 1, first=number))[0] for number, principal in _alternating()]
        for sort in self.examples.orders:
            with acting_as(ONE):
                first = await self._queries(service).list(self.examples.everything, sort, 1, None)
            with acting_as(OTHER):
                page = await self._queries(service).list(self.examples.everything, sort, 100, first.next)
            assert set(page.items) <= set(stored[1::2]), sort

    async def test_what_another_tenant_has_is_not_found(self, service: ServiceOnStorage) -> None:
        [mine] = await self._stored(service, ONE, 1)
        for principal in (OTHER, OF_NO_TENANT):
            with acting_as(principal):
                with pytest.raises(self.examples.not_found):
                    await self._queries(service).get(self._id(mine))
                async with service.unit_of_work() as uow:
                    with pytest.raises(self.examples.not_found):
                        await self._of(uow).get(self._id(mine))

    async def test_a_change_and_a_removal_affect_only_the_row_of_the_tenant(self, service: ServiceOnStorage) -> None:
        [mine], [others] = await self._stored(service, ONE, 1), await self._stored(service, OTHER, 1)
        with acting_as(OTHER):
            async with service.unit_of_work() as uow:
                self.examples.change(await self._of(uow).get(self._id(others)), 1, LATER)
                await uow.commit()
            [changed] = await self._listed(service)
            assert changed != others
            async with service.unit_of_work() as uow:
                await self._of(uow).remove(await self._of(uow).get(self._id(others)))
                await uow.commit()
            assert await self._listed(service) == []
        with acting_as(ONE):
            assert await self._listed(service) == [mine]

    async def test_an_entity_that_was_loaded_for_another_tenant_is_not_written(self, service: ServiceOnStorage) -> None:
        [mine] = await self._stored(service, ONE, 1)
        with acting_as(ONE):
            async with service.unit_of_work() as uow:
                loaded = await self._of(uow).get(self._id(mine))
        with acting_as(OTHER):
            async with service.unit_of_work() as uow:
                with pytest.raises(self.examples.not_found):
                    await self._of(uow).get(loaded.id)
                self.examples.change(loaded, 1, LATER)
                await uow.commit()
        with acting_as(ONE):
            assert await self._listed(service) == [mine]

    async def test_what_must_be_unique_is_so_within_a_tenant(self, service: ServiceOnStorage) -> None:
        await self._stored(service, ONE, 2)
        with acting_as(OTHER):
            async with service.unit_of_work() as uow:
                await self._of(uow).add(self._make(0))
                await self._of(uow).add_all([self._make(1), self._make(2)])
                await uow.commit()
            assert len(await self._listed(service)) == 3
            if self.examples.taken is not None:
                async with service.unit_of_work() as uow:
                    with pytest.raises(self.examples.taken):
                        await self._of(uow).add(self._make(0))

    async def test_no_two_tenants_share_an_id(self, service: ServiceOnStorage) -> None:
        stored = [(await self._stored(service, principal, 1, first=number))[0] for number, principal in _alternating()]
        assert len({view.id for view in stored}) == len(stored)

    async def test_a_load_adds_what_is_free_within_the_tenant(self, service: ServiceOnStorage) -> None:
        if not self.examples.loads_in_bulk:
            return
        mine = await self._stored(service, ONE, 2)
        await self._stored(service, OTHER, 1)
        numbers = (1, 0, 2, 1) if self.examples.taken else (1, 2)
        with acting_as(OTHER):
            async with service.unit_of_work() as uow:
                loaded = await self._of(uow).load(_batches([self.examples.new(one) for one in numbers]), LATER, 100)
                await uow.commit()
            assert loaded == (Loaded(2, 2, (2, 4)) if self.examples.taken else Loaded(2, 0, ()))
            assert len(await self._listed(service)) == 3
        with acting_as(ONE):
            assert await self._listed(service) == mine

    async def test_a_principal_without_a_tenant_may_add_nothing(self, service: ServiceOnStorage) -> None:
        with acting_as(OF_NO_TENANT):
            async with service.unit_of_work() as uow:
                repository = self._of(uow)
                with pytest.raises(NoTenant):
                    await repository.add(self._make(0))
                with pytest.raises(NoTenant):
                    await repository.add_all([self._make(0)])
                if self.examples.loads_in_bulk:
                    with pytest.raises(NoTenant):
                        await repository.load(_batches([self.examples.new(0)]), LATER, 100)

    async def test_a_unit_of_work_adds_for_the_tenant_that_it_was_opened_for(self, service: ServiceOnStorage) -> None:
        with acting_as(ONE):
            async with service.unit_of_work() as uow:
                await self._of(uow).add(self._make(0))
                with acting_as(OTHER), pytest.raises(ValueError, match="the principal changed"):
                    await self._of(uow).add(self._make(1))

    async def test_many_tenants_at_once_see_their_own_rows(self, service: ServiceOnStorage) -> None:
        """The connections of a pool serve one tenant after the other."""

        async def works(tenant: str) -> list[Any]:
            with acting_as(Principal(PrincipalKind.TOKEN, tenant, tenant=tenant)):
                async with service.unit_of_work() as uow:
                    await self._of(uow).add(entity := self._make(0))
                    await uow.commit()
                for _ in range(5):
                    assert await self._listed(service) == [self.examples.view(entity)]
                    assert await self._exported(service) == [self.examples.view(entity)]
                return [self.examples.view(entity)]

        tenants = [f"tenant{number}" for number in range(20)]
        for tenant in tenants:
            with acting_as(Principal(PrincipalKind.TOKEN, tenant, tenant=tenant)):
                await self.examples.prepare(service)
        stored = await asyncio.gather(*map(works, tenants))
        assert len({view.id for [view] in stored}) == len(tenants)

    # What the promises above are written with

    def _of(self, uow: Any) -> Any:
        return getattr(uow, self.examples.name)

    def _make(self, number: int) -> Any:
        return self.examples.make(self.examples.new(number), NOON)

    def _queries(self, service: ServiceOnStorage) -> Any:
        return self.examples.queries(service)

    def _id(self, view: Any) -> Any:
        return self.examples.id(view.id)

    async def _stored(
        self, service: ServiceOnStorage, principal: Principal, count: int, *, first: int = 0
    ) -> list[Any]:
        """The views of so many entities, which the principal has added."""
        with acting_as(principal):
            async with service.unit_of_work() as uow:
                entities = [self._make(number) for number in range(first, first + count)]
                await self._of(uow).add_all(entities)
                await uow.commit()
        return [self.examples.view(entity) for entity in entities]

    async def _listed(self, service: ServiceOnStorage) -> list[Any]:
        page = await self._queries(service).list(self.examples.everything, self.examples.orders[0], 100, None)
        return sorted(page.items)

    async def _exported(self, service: ServiceOnStorage) -> list[Any]:
        return [view async for batch in self._queries(service).iterate_all() for view in batch]


def _alternating() -> list[tuple[int, Principal]]:
    """Numbers, and the tenant that adds the entity of each: one after the other."""
    return [(number, OTHER if number % 2 else ONE) for number in range(2 * _SEVERAL)]


async def _batches(records: Sequence[Any]) -> AsyncIterator[Sequence[Numbered[Any]]]:
    yield [Numbered(line, record) for line, record in enumerate(records, 1)]
